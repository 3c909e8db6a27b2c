"""What every event is: a frozen pydantic model with a name on the wire."""

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, overload

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
else:  # the metaclass has no public name; only those who check types need one
    ModelMetaclass = type(BaseModel)


class _PlainInstances(ModelMetaclass):
    """`isinstance` as for any class: folds match on event classes, and pydantic's check is far slower."""

    __instancecheck__ = type.__instancecheck__


class Term(StrEnum):
    """A word of a closed vocabulary, on the wire as its text."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        # Strict models would take members only, and JSON has none.
        return {**handler(source), "strict": False}


V = TypeVar("V")


class kept(Generic[V]):
    """A property that is worked out once: `functools.cached_property` without its lock, which costs more."""

    def __init__(self, work_out: Callable[[Any], V]) -> None:
        self._work_out = work_out
        self._name = work_out.__name__
        self.__doc__ = work_out.__doc__

    @overload
    def __get__(self, record: None, owner: type) -> Self: ...
    @overload
    def __get__(self, record: object, owner: type) -> V: ...
    def __get__(self, record: object | None, owner: type) -> Self | V:
        if record is None:
            return self
        value = record.__dict__[self._name] = self._work_out(record)
        return value


class Record(BaseModel, metaclass=_PlainInstances):
    """A frozen value that is part of what is recorded.

    Strict, so that one meaning has one spelling: unknown fields, `"7"`, `7.0` or `true` for 7, and numbers
    that JSON cannot carry (NaN, infinities) raise `pydantic.ValidationError`. An integer may stand for a
    float, and a text for a `Term`.
    """

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        allow_inf_nan=False,
        serialize_by_alias=True,
        ignored_types=(kept,),
    )

    @classmethod
    def of_known(cls, values: dict[str, Any]) -> Self:
        """A record of *values* that are known to be right: every field, and nothing is checked.

        For what this process makes thousands of times a second; `model_construct` takes four times as long.
        """
        made = cls.__new__(cls)
        set_attribute = object.__setattr__
        set_attribute(made, "__dict__", values)
        set_attribute(made, "__pydantic_fields_set__", set(values))
        set_attribute(made, "__pydantic_extra__", None)
        set_attribute(made, "__pydantic_private__", None)
        return made


OF_AGENTS = frozenset({"agent", "task", "tool"})
"""Aggregates inside an agent's boundary: the envelopes of their events name the agent."""

OF_EITHER = frozenset({"approval", "policy"})
"""Aggregates inside the boundary of the agent that the data names, and with one of their own where it names
none."""

OF_NOBODY = frozenset({"identity", "log", "node"})
"""Aggregates with a boundary of their own: the envelopes of their events name no agent."""


class Event(Record):
    """A fact that has already happened."""

    name: ClassVar[str]
    """The field's standard term on the wire: `agent.spawned`."""
    version: ClassVar[int]
    aggregate: ClassVar[str]
    """Whose history it belongs to: `agent`, `task`, `tool`, `node`, `identity` or `log`."""
    asserts_nothing: ClassVar[bool] = False
    """True for a reading that holds whatever the state was; it is appended without an expectation."""
    personal_purpose: ClassVar[str] = "account"
    """Under which purpose's data key the `Personal[...]` fields are encrypted."""

    @classmethod
    def wire_type(cls) -> str:
        """The CloudEvents `type`: `symbi.agent.spawned.v1`."""
        return f"symbi.{cls.name}.v{cls.version}"

    @classmethod
    def subject_tokens(cls) -> str:
        """The last tokens of the NATS subject: `spawned`, `key.issued`, `role.granted`."""
        return cls.name.removeprefix(cls.aggregate + ".")

    def about(self) -> str | None:
        """The id of its aggregate, where the data names it; it must be the envelope's."""
        return self.__dict__.get(f"{self.aggregate}_id")


E = TypeVar("E", bound=Event)

BY_TYPE: dict[str, type[Event]] = {}
"""Every current event class by its CloudEvents `type`."""


def recorded_as(
    name: str, *, aggregate: str, version: int = 1, asserts_nothing: bool = False
) -> Callable[[type[E]], type[E]]:
    """Give an event class its name on the wire, for good."""

    def register(cls: type[E]) -> type[E]:
        cls.name, cls.version, cls.aggregate = name, version, aggregate
        cls.asserts_nothing = asserts_nothing
        if cls.wire_type() in BY_TYPE:
            raise TypeError(f"{cls.wire_type()!r} already names {BY_TYPE[cls.wire_type()].__qualname__}")
        BY_TYPE[cls.wire_type()] = cls
        return cls

    return register
