"""docs/reference is what the models say, and its generator notices when it is not."""

import subprocess
import sys
from pathlib import Path

import pytest

from events import upcast
from events.base import BY_TYPE
from events.commands import BY_NAME
from events.personal import personal_fields
from scripts import reference

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made() -> dict[Path, bytes]:
    return reference.documents()


def test_the_committed_reference_is_current() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.reference", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_pages_have_every_type_and_field(made: dict[Path, bytes]) -> None:
    events, commands = (made[Path(name)].decode() for name in ("events.md", "commands.md"))
    for event in BY_TYPE.values():
        section = events.partition(f"### {event.name}\n")[2].partition("\n### ")[0]
        assert f"`{event.wire_type()}` on `symbi.evt." in section
        assert all(f"| `{name}` |" in section for name in event.model_fields)
        assert section.count("**Personal**") == len(personal_fields(event))
        assert event.asserts_nothing == ("a reading" in section)
    for command in BY_NAME.values():
        section = commands.partition(f"### {command.name}\n")[2].partition("\n### ")[0]
        assert all(f"| `{name}` |" in section for name in command.model_fields)


def test_making_it_again_changes_nothing(made: dict[Path, bytes]) -> None:
    assert reference.documents() == made


def test_every_link_within_a_page_has_its_heading(made: dict[Path, bytes]) -> None:
    import re

    for name in ("events.md", "commands.md"):
        page = made[Path(name)].decode()
        headings = {heading.lower() for heading in re.findall(r"^#+ (.+)$", page, re.MULTILINE)}
        assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= headings


def test_what_is_stale_missing_or_left_over_is_named(
    made: dict[Path, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference.write(made, tmp_path)
    assert list(reference.stale(made, tmp_path)) == []
    events = tmp_path / "schemas" / "events"
    (tmp_path / "events.md").write_text("old")
    (events / "symbi.agent.spawned.v1.json").unlink()
    (events / "symbi.agent.forgotten.v1.json").write_text("{}")
    (events / "symbi.agent.older.v1.json").write_text("{}")
    monkeypatch.setitem(upcast.UPCASTS, "symbi.agent.older.v1", ("symbi.agent.spawned.v1", dict))
    assert list(reference.stale(made, tmp_path)) == [
        "stale: events.md",
        "missing: schemas/events/symbi.agent.spawned.v1.json",
        "left over: schemas/events/symbi.agent.forgotten.v1.json",
    ]
    reference.write(made, tmp_path)
    assert list(reference.stale(made, tmp_path)) == []
    assert (events / "symbi.agent.older.v1.json").exists()


def test_a_stale_reference_ends_with_1(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(reference, "REFERENCE", tmp_path)
    assert reference.main(["--check"]) == 1
    assert reference.main([]) == 0
    assert reference.main(["--check"]) == 0
