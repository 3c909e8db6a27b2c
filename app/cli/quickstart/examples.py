"""The example agents, and the tasks that each is given."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

import app
from app.errors import Invalid

from ..requests import read_definition

FOLDER = Path("docs", "examples")


class ExamplesMissing(Invalid):
    """There are no example agents in {places}. Name their directory with --examples."""


class BadExample(Invalid):
    """{path} is not a list of example tasks: {reason}"""


class ExampleTask(BaseModel):
    """One task as `docs/examples/tasks/<agent>.toml` describes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    argv: list[str] = Field(min_length=1)
    files: dict[str, str] = Field(default_factory=dict)
    """Path in the task's directory → local file, beside the description."""
    priority: int = 0
    retries: int = 0
    expect: Literal["completed", "failed", "dead_lettered"] = "completed"
    """How it ends, where programs can run."""
    because: str = ""
    """Why it ends so, if not for the better."""
    proof: str = ""
    """What its output holds if it ended for that reason and for no other."""


class _Tasks(BaseModel):
    model_config = ConfigDict(extra="forbid")

    task: list[ExampleTask]


@dataclass(frozen=True)
class Example:
    """One agent's definition and its tasks."""

    name: str
    path: Path
    definition: dict[str, Any]
    tasks: Sequence[ExampleTask]

    @property
    def tasks_folder(self) -> Path:
        return self.path.parent / "tasks"


def load_examples(folder: Path | None) -> list[Example]:
    """The examples in *folder*, by default those of the repository, by name.

    Raises:
        ExamplesMissing: there are none.
        Invalid: one cannot be read.
    """
    places = [folder] if folder else [Path(app.__file__).parent.parent / FOLDER, Path.cwd() / FOLDER]
    for place in places:
        paths = sorted(place.glob("*.toml"))
        if paths:
            return [_load(path) for path in paths]
    raise ExamplesMissing(places=" or ".join(str(place) for place in places))


def _load(path: Path) -> Example:
    tasks = path.parent / "tasks" / path.name
    listed: list[ExampleTask] = []
    if tasks.exists():
        try:
            listed = _Tasks.model_validate(read_definition(tasks)).task
        except ValidationError as error:
            raise BadExample(path=tasks, reason=error.errors()[0]["msg"]) from None
    return Example(path.stem, path, read_definition(path), listed)
