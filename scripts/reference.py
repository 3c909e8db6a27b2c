"""Write docs/reference from the registries: `python -m scripts.reference`; `--check` fails where stale."""

import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
from pydantic import BaseModel

from app.policy.schema.render import render
from events import codec, upcast  # noqa: F401 - importing the codec registers every event
from events.agent_config import AgentConfig
from events.base import BY_TYPE
from events.commands import BY_NAME, Answer, Request
from events.envelope import Envelope

from .reference_pages import commands_page, events_page
from .schemas import schema

REFERENCE = Path(__file__).parent.parent / "docs" / "reference"
AROUND: dict[str, type[BaseModel]] = {
    "envelope": Envelope,
    "request": Request,
    "answer": Answer,
    "agent-config": AgentConfig,
}


def documents() -> dict[Path, bytes]:
    """Every generated file below docs/reference, and what it must hold."""
    made = {Path("events.md"): events_page().encode(), Path("commands.md"): commands_page().encode()}
    made[Path("policy.cedarschema")] = render().encode()
    for name, model in AROUND.items():
        made[Path("schemas", f"{name}.json")] = _json(model, f"symbi.{name}")
    for wire_type, event in BY_TYPE.items():
        made[Path("schemas", "events", f"{wire_type}.json")] = _json(event, wire_type)
    for command in BY_NAME.values():
        name = command.wire_type()
        made[Path("schemas", "commands", f"{name}.json")] = _json(command, name)
    return made


def stale(made: dict[Path, bytes], below: Path) -> Iterator[str]:
    """What differs below that directory from what was *made*, one line each."""
    for path, content in sorted(made.items()):
        if not (below / path).exists():
            yield f"missing: {path}"
        elif (below / path).read_bytes() != content:
            yield f"stale: {path}"
    for path in _left_over(made, below):
        yield f"left over: {path}"


def write(made: dict[Path, bytes], below: Path) -> None:
    """Make that directory hold what was *made*; schemas of versions that are read as newer ones stay."""
    for path, content in made.items():
        (below / path).parent.mkdir(parents=True, exist_ok=True)
        (below / path).write_bytes(content)
    for path in _left_over(made, below):
        (below / path).unlink()


def _left_over(made: dict[Path, bytes], below: Path) -> list[Path]:
    there = [path.relative_to(below) for path in sorted((below / "schemas").rglob("*.json"))]
    return [path for path in there if path not in made and path.stem not in upcast.UPCASTS]


def _json(model: type[BaseModel], name: str) -> bytes:
    return orjson.dumps(schema(model, name), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def main(arguments: list[str]) -> int:
    made = documents()
    if arguments != ["--check"]:
        write(made, REFERENCE)
        return 0
    problems = list(stale(made, REFERENCE))
    if problems:
        print("docs/reference is not what the models say; run `make docs`:", *problems, sep="\n  ")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
