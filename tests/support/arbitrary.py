"""Any event and any command, whether or not it makes sense where it comes."""

from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from events.agent_config import AgentConfig
from events.identity import KeyUse
from events.node import Capacity
from tests.support.keys import key

Model = TypeVar("Model", bound=BaseModel)

DIGEST = "sha256:" + "0" * 64
KEYS = [key(name) for name in ("first", "second", "third")]
NUMBERS = st.integers(-1, 4)
TIMES = st.just("2026-11-21T10:00:00Z")

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
CONFIGS = st.builds(AgentConfig, name=st.just("greeter"), max_concurrent_tasks=st.integers(1, 3))
DOCUMENTS = CONFIGS.map(lambda config: config.model_dump(mode="json")) | st.dictionaries(
    st.sampled_from(["name", "version", "limits", "metadata", "tier"]) | st.text(max_size=4), JSON
)
POSSESSIONS = st.sampled_from(
    ["", "?"] + [k.proof(name, use) for k in KEYS for name in ("a1", "a2") for use in KeyUse]
)

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "after_seconds": st.just(1.0),
    "agent_id": st.just("a1"),
    "assignment": NUMBERS,
    "attempt": NUMBERS,
    "by_task_id": st.none() | st.just("t2"),
    "capacity": st.builds(Capacity, cpu_cores=st.just(1), memory_mb=st.just(64), tasks=st.integers(1, 2)),
    "config": CONFIGS,
    "deadline": st.none() | TIMES | st.text(max_size=4),
    "definition_digest": st.just(DIGEST),
    "due_at": TIMES,
    "first_at": TIMES,
    "identity_id": st.sampled_from(["a1", "a2"]),
    "key_id": st.sampled_from([k.key_id for k in KEYS]) | st.text(max_size=4),
    "last_at": TIMES,
    "limits": st.fixed_dictionaries({}, optional={"memory_mb": st.sampled_from([16, 256, 257])}),
    "max_retries": st.integers(0, 3),
    "node_id": st.sampled_from(["n1", "n2"]),
    "old_key_id": st.sampled_from([k.key_id for k in KEYS]) | st.text(max_size=4),
    "owner": st.just("human/alice"),
    "possession": POSSESSIONS,
    "public_key": st.sampled_from([k.public_key for k in KEYS]) | st.text(max_size=4),
    "reason": st.text(max_size=4),
    "reasons": st.lists(st.text(max_size=4), max_size=2),
    "refusals": st.just({"KeyUnknown": 1}),
    "roles": st.lists(st.sampled_from(["operator", "viewer"]), max_size=2),
    "schedule": st.just("nightly"),
    "source": st.just("a1"),
    "subject_ref": st.just("ps-1"),
    "task_id": st.sampled_from(["t1", "t2", "t3"]),
    "tiers": st.just([]),
    "title": st.text(max_size=4),
    "work": st.just({"kind": "noop"}) | st.just({"kind": "command", "argv": ["true"], "image": "busybox"}),
}
"""What the fields of events and commands hold, by name; fields with a default may be left out."""


def any_of(models: tuple[type[Model], ...], **instead: st.SearchStrategy[Any]) -> st.SearchStrategy[Model]:
    """Any instance of any of *models*; *instead* replaces what fields of these names hold."""
    return st.one_of([_any(model, {**VALUES, **instead}) for model in models])


def _any(model: type[Model], values: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Model]:
    required: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for name, info in model.model_fields.items():
        if info.is_required():
            required[name] = _value(name, info, values)
        elif name in values:
            optional[name] = _value(name, info, values)
    build: Callable[[dict[str, Any]], Model] = model.model_validate
    return st.fixed_dictionaries(required, optional=optional).map(build)


def _value(name: str, info: FieldInfo, values: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    kind = info.annotation
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    return values[name]
