"""A bundle for auditors: files with names, in a directory or an archive."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from ..errors import Corrupt, Unavailable


class NotABundle(Corrupt):
    """{place} is no bundle: {reason}."""


class BundleUnavailable(Unavailable):
    """The bundle {place} cannot be used: {reason}."""


class BundleFileMissing(Corrupt):
    """The bundle lacks {name}."""


class BundleReader(Protocol):
    """A bundle that is there. It is safe to read one that a stranger made, and can go to another process.

    Every method raises `BundleUnavailable` when it cannot be read.
    """

    def names(self, below: str = "") -> Iterator[str]:
        """The names of its files that begin with *below*, in the order of their octets."""
        ...

    def read(self, name: str, *, limit: int) -> bytes:
        """A whole file.

        Raises:
            BundleFileMissing: there is none.
            NotABundle: it has more than *limit* bytes.
        """
        ...

    def lines(self, name: str, *, limit: int) -> Iterator[bytes]:
        """A file line by line, each with its newline; the last one may lack it.

        Raises:
            BundleFileMissing: there is none.
            NotABundle: a line has more than *limit* bytes.
        """
        ...


class BundleWriter(Protocol):
    """A bundle in the making; nobody sees it before it is finished.

    Every method raises `BundleUnavailable` when it cannot be written.
    """

    def put(self, name: str, content: bytes) -> None:
        """Add a file; a name is given once."""
        ...

    def put_lines(self, name: str, lines: Iterable[bytes]) -> None:
        """Add a file that need not fit into memory; a name is given once."""
        ...

    def finish(self) -> None:
        """Make it durable, and let it be seen under its name."""
        ...

    def discard(self) -> None:
        """Leave nothing of it; after `finish` this does nothing."""
        ...
