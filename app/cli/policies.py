"""Bundles of policies as files."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Invalid
from .requests import read_file

if TYPE_CHECKING:
    from app.dsl.source import Source
    from app.policy.bundle.bundle import Bundle
    from app.policy.bundle.problems import Problem
    from app.policy.review.comparing import Difference

    from .output import Output


class NoPolicies(Invalid):
    """There is no policy in {folder}: no file there ends in {suffixes}."""


class NotText(Invalid):
    """{path} is not UTF-8."""


class NoCases(Invalid):
    """There is no file of cases in {where}: none ends in .test.yaml."""


def sources(given: Iterable[Path]) -> "list[Source]":
    """The files of a bundle; a directory stands for those below it, without files of cases.

    Raises:
        NoPolicies, NotText, Invalid: there are none, or one cannot be read.
    """
    from app.policy.bundle.compiling import SUFFIXES

    found: list[Source] = []
    for path in given:
        below = [path] if not path.is_dir() else [one for one in _files(path) if one.name.endswith(SUFFIXES)]
        if not below:
            raise NoPolicies(folder=path, suffixes=", ".join(SUFFIXES))
        found += [_source(one) for one in below if not _holds_cases(one)]
    return found


def cases(given: Iterable[Path]) -> "list[Source]":
    """The files of cases among those given, and below directories. Raises as `sources`, and `NoCases`."""
    paths = list(given)
    found = [
        _source(one)
        for path in paths
        for one in (_files(path) if path.is_dir() else [path])
        if _holds_cases(one)
    ]
    if not found:
        raise NoCases(where=", ".join(map(str, paths)))
    return found


def compiled(given: Sequence[Path], mapped: Mapping[str, str] | None = None) -> "Bundle":
    """The bundle that the files make; its name is the directory's where no manifest gives one.

    Raises:
        BundleInvalid, NoPolicies, NotText, Invalid: it is none.
    """
    from app.policy.bundle.compiling import compile_bundle

    files = [path for path in given if not _holds_cases(path)]
    return compile_bundle(sources(files), name=_name(files), mapped=mapped)


def tell(out: "Output", problems: "Iterable[Problem]") -> None:
    """Each problem for people, at its place."""
    from rich.text import Text

    for problem in problems:
        style = "red" if problem.severity == "error" else "yellow"
        line = Text(f"{problem.place}: ", style="bold")
        line.append(f"{problem.severity}: ", style=style)
        line.append(problem.message)
        out.show(line)


def as_document(problem: "Problem") -> dict[str, Any]:
    """A problem as a JSON object."""
    return {
        "file": problem.place.file,
        "line": problem.place.line,
        "column": problem.place.column,
        "severity": problem.severity,
        "message": problem.message,
    }


def tell_difference(out: "Output", found: "Difference") -> None:
    """What is different between two bundles, for people."""
    from rich.text import Text

    for mark, style, policies in (("+", "green", found.added), ("-", "red", found.removed)):
        for policy in policies:
            out.show(Text(f"{mark} {policy.id}  ({policy.place})", style=style))
    for changed in found.changed:
        out.show(Text(f"~ {changed.id}: {', '.join(changed.what)}", style="yellow"))
        for line in changed.lines():
            out.show(Text(f"    {line}", style={"+": "green", "-": "red"}.get(line[:1], "dim")))
    for text in found.other:
        out.item(text)


def _files(folder: Path) -> list[Path]:
    return sorted(one for one in folder.rglob("*") if one.is_file() and not one.name.startswith("."))


def _holds_cases(path: Path) -> bool:
    return path.name.endswith((".test.yaml", ".test.yml"))


def _source(path: Path) -> "Source":
    from app.dsl.source import Source

    try:
        return Source(str(path), read_file(path).decode())
    except UnicodeDecodeError:
        raise NotText(path=path) from None


def _name(given: Sequence[Path]) -> str:
    first = given[0].resolve() if given else Path("bundle")
    name = first.name if first.is_dir() else first.stem
    kept = "".join(one if one.isascii() and (one.isalnum() or one in "_.-") else "-" for one in name)
    return kept[:64] if kept[:1].isalnum() else f"b{kept}"[:64]
