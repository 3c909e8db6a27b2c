"""What a projection is: some tables, and how a batch of the log changes them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

Item = TypeVar("Item")


class Projection(ABC, Generic[Item]):
    """One view of the log, which can be thrown away and rebuilt to the same bytes.

    Everything in its rows comes from the log: no clock, no randomness, no other table.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    """Counts up whenever the same log would give other rows; what an older one wrote must be rebuilt."""
    tables: ClassVar[tuple[Table, ...]]
    reads: ClassVar[type[object]]
    """`Fact` for verified events, `Bad` for those that did not verify."""

    @abstractmethod
    def subject(self, item: Item) -> str:
        """Inside whose history the order of *item* matters: `agent/a1`."""

    @abstractmethod
    async def apply(self, connection: AsyncConnection, items: Sequence[Item]) -> None:
        """Write what *items*, in the order of the log, change. The caller's transaction is open.

        However the log is cut into batches, the rows are the same.
        """
