"""Every event and command is registered, named for its stream, and in its stream's union."""

import importlib
import pkgutil
from types import ModuleType
from typing import Any, get_args

import pytest

import events
import events.commands
from events.base import BY_TYPE, OF_AGENTS, OF_EITHER, OF_NOBODY, Event, recorded_as
from events.codec import decode
from events.commands import BY_NAME, Command
from events.commands.base import asked_as
from scripts.field_docs import field_docs
from scripts.schemas import words


def modules(package: ModuleType) -> list[ModuleType]:
    names = [module.name for module in pkgutil.iter_modules(package.__path__, package.__name__ + ".")]
    return [importlib.import_module(name) for name in names]


def declared(module: ModuleType, base: type) -> set[type]:
    return {
        value
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, base)
        and value.__module__ == module.__name__
        and not name.startswith("_")
        and value is not base
    }


def union(module: ModuleType, suffix: str) -> set[Any]:
    [alias] = [value for name, value in vars(module).items() if name.endswith(suffix) and get_args(value)]
    return set(get_args(alias))


STREAMS = [module for module in modules(events) if declared(module, Event)]
VERBS = [module for module in modules(events.commands) if declared(module, Command)]
BY_MODULE = pytest.mark.parametrize("module", STREAMS, ids=lambda module: module.__name__)


@BY_MODULE
def test_an_event_is_registered_and_in_its_streams_union(module: ModuleType) -> None:
    assert declared(module, Event) == union(module, "Event")
    assert declared(module, Event) <= set(BY_TYPE.values())


@pytest.mark.parametrize("module", VERBS, ids=lambda module: module.__name__)
def test_a_command_is_registered_and_in_its_aggregates_union(module: ModuleType) -> None:
    assert declared(module, Command) == union(module, "Command")
    assert declared(module, Command) <= set(BY_NAME.values())
    assert all(
        issubclass(one, Command) and one.__name__ in events.commands.__all__
        for one in union(module, "Command")
    )


@pytest.mark.parametrize("event_type", BY_TYPE.values(), ids=lambda event_type: event_type.name)
def test_an_event_says_what_it_means_and_where_it_belongs(event_type: type[Event]) -> None:
    assert words(event_type)
    assert event_type.aggregate in OF_AGENTS | OF_EITHER | OF_NOBODY
    named = f"{event_type.aggregate}_id"
    assert named not in event_type.model_fields or event_type.model_fields[named].is_required()


def test_the_docstrings_of_fields_are_found() -> None:
    assert field_docs(BY_TYPE["symbi.task.assigned.v2"])["attempt"].startswith("Counts the tries")
    assert field_docs(BY_NAME["task.start"])["assignment"].startswith("The number of the assignment")


def test_a_name_on_the_wire_is_given_once() -> None:
    with pytest.raises(TypeError, match=r"'symbi\.agent\.spawned\.v1' already names AgentSpawned"):
        recorded_as("agent.spawned", aggregate="agent")(type("Again", (Event,), {"__module__": __name__}))
    with pytest.raises(TypeError, match=r"'agent\.spawn' already names SpawnAgent"):
        asked_as("agent.spawn")(type("Again", (Command,), {"__module__": __name__}))
    assert BY_TYPE["symbi.agent.spawned.v1"].__name__ == "AgentSpawned"
    assert decode.__module__ == "events.codec"
