"""The parts of a page that tests take out and use, each named by a comment above its fence."""

import re
from pathlib import Path

_NAMED = re.compile(r"<!-- (?:snippet|example): (\S+) -->\n```\w*\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def snippets(page: Path) -> dict[str, str]:
    """Name → text, for every fence under `<!-- snippet: name -->` or `<!-- example: name -->`."""
    found = _NAMED.findall(page.read_text())
    named = dict(found)
    assert len(named) == len(found), f"{page} names one of {sorted(named)} twice"
    return named
