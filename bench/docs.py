"""Writes the numbers of the last run into docs/benchmarks.md, so that they cannot drift."""

from pathlib import Path

from . import groups
from .harness import HEADINGS, Results, cells

PAGE = Path("docs/benchmarks.md")


def write(page: Path = PAGE) -> Path:
    """Replace what stands between the marks of each group that has results."""
    text = page.read_text()
    for group in groups.GROUPS:
        try:
            text = placed(text, Results.read(group))
        except FileNotFoundError:
            continue
    page.write_text(text)
    return page


def placed(text: str, found: Results) -> str:
    """*text* with the table of *found* between `<!-- bench GROUP -->` and `<!-- end -->`."""
    begin, end = f"<!-- bench {found.group} -->\n", "<!-- end -->"
    before, mark, rest = text.partition(begin)
    _, closing, after = rest.partition(end)
    if not mark or not closing:
        raise ValueError(f"there is no {begin.strip()} … {end} to write between")
    return f"{before}{mark}{markdown(found)}{closing}{after}"


def markdown(found: Results) -> str:
    """The table of the results, and where they come from."""
    lines = [_line(HEADINGS), _line(["---", "---:", "---:", "---", "---"])]
    lines += [_line(cells(one)) for one in found.rows]
    return "\n".join([*lines, "", f"Measured {found.at}: {found.machine_line}.", ""])


def _line(values: list[str] | tuple[str, ...]) -> str:
    return "| " + " | ".join(values) + " |"
