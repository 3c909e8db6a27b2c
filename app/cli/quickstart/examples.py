"""The example agents, and the tasks that each is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

import app
from app.errors import Invalid

from ..definitions import SUFFIXES, fields_of
from ..requests import read_definition

FOLDER = Path("docs", "examples")


class ExamplesMissing(Invalid):
    """There are no example agents in {places}. Name their directory with --examples."""


class BadExample(Invalid):
    """{path} is not a list of example tasks: {reason}"""


class ExampleTask(BaseModel):
    """One task as `docs/examples/tasks/<agent>.toml` describes it: a program, or the agent's body."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    argv: list[str] = Field(default_factory=list)
    files: dict[str, str] = Field(default_factory=dict)
    """Path in the task's directory → local file, beside the description."""
    inputs: dict[str, Any] = Field(default_factory=dict)
    """What the body is given."""
    priority: int = 0
    retries: int = 0
    expect: Literal["completed", "failed", "dead_lettered"] = "completed"
    """How it ends, where programs can run."""
    because: str = ""
    """Why it ends so, if not for the better."""
    proof: str = ""
    """What its output, or why it failed, holds if it ended for that reason and for no other."""

    @model_validator(mode="after")
    def _one_kind(self) -> "ExampleTask":
        if self.argv and self.inputs:
            raise ValueError("a task has a program in `argv`, or `inputs` of the agent's body")
        return self


class _Tasks(BaseModel):
    model_config = ConfigDict(extra="forbid")

    task: list[ExampleTask]


@dataclass(frozen=True)
class Example:
    """One agent and its tasks."""

    name: str
    path: Path
    given: Mapping[str, Any]
    """What the command that spawns it holds: its configuration, or its definition."""
    tasks: Sequence[ExampleTask]

    @property
    def tasks_folder(self) -> Path:
        return self.path.parent / "tasks"


def load_examples(folder: Path | None) -> list[Example]:
    """The examples in *folder*, by default those of the repository, by the names of their files.

    Raises:
        ExamplesMissing: there are none.
        Invalid: one cannot be read.
    """
    places = [folder] if folder else [Path(app.__file__).parent.parent / FOLDER, Path.cwd() / FOLDER]
    for place in places:
        paths = sorted(path for path in place.glob("*") if path.suffix in (".toml", *SUFFIXES))
        if paths:
            return [example for path in paths for example in _load(path)]
    raise ExamplesMissing(places=" or ".join(str(place) for place in places))


def _load(path: Path) -> list[Example]:
    return [
        Example(name or path.stem, path, fields_of(path, name), _tasks_of(path, name or path.stem))
        for name in _agents(path)
    ]


def _agents(path: Path) -> Sequence[str | None]:
    """The agents of a definition; a configuration is of one, and so is a definition that is wrong."""
    if path.suffix not in SUFFIXES:
        return [None]
    from app.dsl.definition import read_definition as read_text

    definition = read_text(path.read_bytes(), path.name).definition
    return [None] if definition is None else list(definition.agents)


def _tasks_of(path: Path, name: str) -> Sequence[ExampleTask]:
    tasks = path.parent / "tasks" / f"{name}.toml"
    if not tasks.exists():
        return []
    try:
        return _Tasks.model_validate(read_definition(tasks)).task
    except ValidationError as error:
        raise BadExample(path=tasks, reason=error.errors()[0]["msg"]) from None
