"""What agents can do to the world: tools by name, called with JSON and answering with JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, Union

from ..errors import Rejected

Json: TypeAlias = Union[bool, int, float, str, Sequence["Json"], Mapping[str, "Json"], None]  # noqa: UP007


class ToolFailed(Rejected):
    """{message}"""

    def __init__(self, message: str, kind: str = "ToolError") -> None:
        """*kind* is the name under which a body may catch it: `catch (NotFound e)`."""
        super().__init__(message, kind=kind)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Call:
    """One call, with everything that it may depend on."""

    call_id: str
    """The same for the same call of the same run, however often it is made."""
    agent_id: str
    task_id: str
    tool: str
    args: Sequence[Json]
    named: Mapping[str, Json]


class Tool(Protocol):
    """Something that can be called."""

    @property
    def name(self) -> str:
        """As definitions call it: `read_rows`, `http.get`."""
        ...

    @property
    def signature(self) -> str:
        """What it takes and gives, in the notation of definitions: `(table: String) -> List<Map>`."""
        ...

    @property
    def about(self) -> str:
        """What it does, in one sentence."""
        ...

    @property
    def parameters(self) -> Sequence[str]:
        """The names of what it takes, in the order of its positional arguments."""
        ...

    @property
    def idempotent(self) -> bool:
        """Whether calling it twice is as good as once, so that it may be made again when nobody knows."""
        ...

    async def call(self, call: Call) -> Json:
        """Carry out *call* and return what came of it. Cancelling this may leave it done or not.

        Raises:
            ToolFailed: it could not be done; the body is told why, and may catch it.
        """
        ...


class Tools(Protocol):
    """The tools that this runtime has."""

    def find(self, name: str) -> Tool | None:
        """The tool of this name, where there is one."""
        ...

    def names(self) -> Sequence[str]:
        """Every tool's name, sorted."""
        ...
