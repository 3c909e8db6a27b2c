"""Definitions by digest: parsed, checked and compiled once, and kept as content."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any

from app.dsl.definition import Definition, NoSuchAgent, Reading, digest_of, read_definition
from app.dsl.rendering import render, summary
from app.dsl.run import Compiled, CompileError, Limits, Run, WrongInputs, compile_program
from app.dsl.run.builtins.signature import Builtin
from app.dsl.run.failures import LimitReached
from app.dsl.source import Source, Span
from events.agent_config import AgentConfig
from events.agent_definition import DefinitionRef
from events.content import ContentRef
from events.task import BodyWork

from ..domain.definition import Checked
from ..errors import Corrupt, Invalid, Rejected
from ..ports.blobs import Blobs

MAX_BYTES = 256 * 1024
"""The longest text that agents are made of."""

KEPT = 256
"""How many definitions stay parsed; one that is used again later is parsed again."""

KEPT_BYTES = 16 * 1024 * 1024
"""How many bytes of text those may have together."""

MEDIA_TYPE = "text/x-symbi"


class DefinitionTooLarge(Invalid):
    """The definition has {size} bytes; agents are made of at most {limit}."""


class AgentNotChosen(Invalid):
    """{why}"""


class NoBody(Rejected):
    """The agent {agent} has no body to run: its definition has no `with` block."""


class DefinitionUnreadable(Corrupt):
    """The definition {digest} was found good once and is not now: {why}"""


@dataclass(frozen=True)
class Body:
    """What runs: one agent of a definition, compiled, with its configuration and its text."""

    compiled: Compiled
    config: AgentConfig
    source: Source

    def place(self, span: Span) -> str:
        """`ledger.symbi:12:5`, and the line there."""
        line, column = self.source.position(span.start)
        return f"{self.source.name}:{line}:{column}: {self.source.line(line).strip()}"


@dataclass(frozen=True)
class _Read:
    """A text that was parsed and checked."""

    reading: Reading
    compiled: Mapping[str, Compiled]
    """By the name of the agent: those that have a body."""
    warnings: Sequence[str] = ()

    @property
    def definition(self) -> Definition | None:
        return self.reading.definition


class Definitions:
    """Reads definitions beside the event loop, one after the other, and remembers those read last."""

    def __init__(self, blobs: Blobs, thread: Executor, tools: Mapping[str, Builtin] | None = None) -> None:
        """*thread* must be one thread of its own: a text takes seconds at worst, and nothing else may wait.

        *tools* are those that bodies can call, by name.
        """
        self._blobs = blobs
        self._thread = thread
        self._tools = tools
        self._read: OrderedDict[tuple[str, str], asyncio.Future[_Read]] = OrderedDict()
        self._bytes = 0
        self._kept: OrderedDict[str, ContentRef] = OrderedDict()
        self._checked: OrderedDict[tuple[str, str, str | None], Checked] = OrderedDict()
        """What came of the texts that were given last, for the many agents that are made of one."""
        thread.submit(_read, b"agent first { with { } }", "first", tools)  # the first one makes the parser

    async def check(self, text: str, file: str, agent: str | None) -> Checked:
        """What comes of *text*, whose agent is *agent* or the only one; the text is stored.

        Raises:
            DefinitionTooLarge: it is too long to be read.
            AgentNotChosen: it cannot be said which of its agents is meant.
            Unavailable: the content store does not answer.
        """
        asked = (text, file, agent)
        if (known := self._checked.get(asked)) is None:
            known = self._checked[asked] = await self._check(text, file, agent)
            if len(self._checked) > KEPT or sum(len(each) for each, _, _ in self._checked) > KEPT_BYTES:
                self._checked.popitem(last=False)
        return known

    async def _check(self, text: str, file: str, agent: str | None) -> Checked:
        data = text.encode("utf-8", "surrogatepass")
        if len(data) > MAX_BYTES:
            raise DefinitionTooLarge(size=len(data), limit=MAX_BYTES)
        digest = digest_of(data)
        read = await self._reading(digest, file, data)
        content = await self._store(digest, data)
        if read.definition is None:
            return Checked(digest, agent or "", None, read.reading.reasons)
        try:
            chosen = read.definition.agent(agent)
        except NoSuchAgent as error:
            raise AgentNotChosen(why=error) from None
        ref = DefinitionRef(digest=digest, content=content, agent=chosen.name, file=file)
        remarks = [*chosen.without_effect, *read.warnings]
        return Checked(digest, chosen.config.name, chosen.config, (), ref, remarks)

    async def body(self, work: BodyWork) -> Body:
        """What a task runs.

        Raises:
            NoBody: its agent has none.
            BlobMissing, BlobErased, BlobCorrupt: the text is gone.
            DefinitionUnreadable: another version of the language accepted it.
        """
        ref = work.definition
        if ref is None:
            raise NoBody(agent="")
        read = await self._reading(ref.digest, ref.file, None, ref.content)
        if read.definition is None or ref.agent not in read.definition.agents:
            raise DefinitionUnreadable(digest=ref.digest, why="\n".join(read.reading.reasons))
        compiled = read.compiled.get(ref.agent)
        if compiled is None:
            raise NoBody(agent=ref.agent)
        return Body(compiled, read.definition.agents[ref.agent].config, read.reading.source)

    async def wrong_inputs(self, work: BodyWork, inputs: Any) -> str | None:
        """Why *inputs*, parsed JSON, are not those that the body takes; None where they are.

        Raises:
            NoBody, DefinitionUnreadable, and what the content store raises.
        """
        body = await self.body(work)
        if not isinstance(inputs, dict):
            return "the inputs are one JSON object, with a value by the name of each input"
        try:
            Run(body.compiled, inputs, Limits())
        except WrongInputs as error:
            return str(error)
        except LimitReached as error:
            return f"they are too large: {error.message}"
        return None

    async def _reading(
        self, digest: str, file: str, data: bytes | None, content: ContentRef | None = None
    ) -> _Read:
        """The text, read once however many ask at the same time."""
        known = self._read.get((digest, file))
        if known is None or (known.done() and (known.cancelled() or known.exception() is not None)):
            known = asyncio.ensure_future(self._read_now(file, data, content))
            self._read[digest, file] = known
            known.add_done_callback(lambda _: self._forget())
        self._read.move_to_end((digest, file))
        return await asyncio.shield(known)

    async def _read_now(self, file: str, data: bytes | None, content: ContentRef | None) -> _Read:
        if data is None:
            assert content is not None
            data = await self._blobs.get(content)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, partial(_read, data, file, self._tools))

    def _forget(self) -> None:
        """Drop what was used longest ago, where there is too much."""
        while len(self._read) > KEPT or (len(self._read) > 1 and self._size() > KEPT_BYTES):
            oldest, future = next(iter(self._read.items()))
            if not future.done():
                break
            del self._read[oldest]

    def _size(self) -> int:
        return sum(
            len(future.result().reading.source.text)
            for future in self._read.values()
            if future.done() and not future.cancelled() and future.exception() is None
        )

    async def _store(self, digest: str, data: bytes) -> ContentRef:
        known = self._kept.get(digest)
        if known is None:
            scope = f"definition/{digest.removeprefix('sha256:')[:16]}"
            known = self._kept[digest] = await self._blobs.put(data, scope=scope, media_type=MEDIA_TYPE)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return known


def _read(data: bytes, file: str, tools: Mapping[str, Builtin] | None) -> _Read:
    """Parse, check and compile; in a thread of its own."""
    reading = read_definition(data, file, tools=tools)
    if reading.definition is None:
        return _Read(reading, {})
    program, agents = reading.definition.program, reading.definition.agents
    try:
        compiled = {name: compile_program(program, name) for name, one in agents.items() if one.has_body}
    except CompileError as error:
        raise DefinitionUnreadable(digest=reading.digest, why=error.message) from None
    return _Read(reading, compiled, _warnings(reading))


def _warnings(reading: Reading) -> list[str]:
    found = [each for each in reading.diagnostics if not each.is_error]
    return [render(reading.source, [one]).removesuffix(f"{summary([one])}\n").strip() for one in found]
