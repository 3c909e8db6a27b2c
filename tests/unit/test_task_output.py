"""Who follows a task's output gets every byte once, whatever becomes of the run and of its node."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.adapters.docker.output import Output
from app.adapters.outputs import wire
from app.ports.executor import Control
from app.ports.live_output import LivePart
from app.services import live_outputs, task_output
from app.services.live_outputs import LiveOutputs
from app.services.task_output import Attempt, TaskOutput, rest_of
from app.services.verification import Item
from events.base import Event
from events.content import ContentRef
from events.personal import KeyDestroyed
from events.task import TaskCancelled, TaskCompleted, TaskFailed, TaskRetried, TaskStarted
from tests.support.drawn import OneKey
from tests.support.facts import History

LIMIT = 100


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_outputs, "LOOK_EVERY_S", 0.001)
    monkeypatch.setattr(live_outputs, "ANSWER_WITHIN_S", 0.05)
    monkeypatch.setattr(task_output, "ASK_AGAIN_AFTER_S", 0.001)
    monkeypatch.setattr(task_output, "LAST_WORDS_WITHIN_S", 0.1)


class Node:
    """A node that runs one task, as a follower sees it, and what is kept of it."""

    def __init__(self) -> None:
        self.outputs = LiveOutputs()
        self.kept: dict[str, bytes] = {}
        self.events: asyncio.Queue[Item | None] = asyncio.Queue()
        self.history = History()
        self.away = False
        self.asked = 0
        self._programs: dict[int, Output] = {}

    def start(self, assignment: int = 1) -> Output:
        output = self._programs[assignment] = Output(LIMIT)
        control = Control()
        control.written = output
        self.outputs.begin("t1", assignment, control)
        self.tell(TaskStarted(task_id="t1", node_id="n1", assignment=assignment))
        return output

    def end(self, event: type[TaskCompleted] | type[TaskFailed], assignment: int = 1) -> None:
        self.outputs.end("t1", assignment)
        kept = self._programs[assignment].kept()
        ref = (
            ContentRef(digest=f"sha256:{assignment:064x}", size=len(kept), scope="task/t1") if kept else None
        )
        if ref is not None:
            self.kept[ref.digest] = kept
        fields = {"reason": "exit"} if event is TaskFailed else {}
        self.tell(event.model_validate({"task_id": "t1", "assignment": assignment, "output": ref, **fields}))

    def tell(self, event: Event) -> None:
        self.history.add(event, agent="a1")
        self.events.put_nowait(self.history.facts[-1])

    async def part(self, node: str, task_id: str, assignment: int, offset: int) -> LivePart | None:
        assert node == "n1"
        self.asked += 1
        return None if self.away else await self.outputs.part(task_id, assignment, offset)

    async def following(self) -> AsyncIterator[Item]:
        while (item := await self.events.get()) is not None:
            yield item

    def follow(self, *, max_retries: int = 0, running: bool = False) -> "Following":
        async def kept(ref: ContentRef) -> bytes:
            return self.kept[ref.digest]

        output = TaskOutput("t1", live=self, kept=kept, max_retries=max_retries)
        return Following(output, self.following(), Attempt("n1", 1) if running else None)


class Following:
    """Somebody who follows, and what they have seen."""

    def __init__(self, output: TaskOutput, events: AsyncIterator[Item], running: Attempt | None) -> None:
        self.seen = b""
        self._task = asyncio.create_task(self._follow(output, events, running))

    async def _follow(self, output: TaskOutput, events: AsyncIterator[Item], running: Attempt | None) -> None:
        async for part in output.follow(events, running):
            self.seen += part

    async def has_seen(self, text: bytes) -> None:
        async with asyncio.timeout(5):
            while self.seen != text:
                assert text.startswith(self.seen), self.seen
                await asyncio.sleep(0.001)

    async def done(self) -> bytes:
        await asyncio.wait_for(self._task, 5)
        return self.seen


@pytest.fixture
async def node() -> Node:
    return Node()


async def test_output_is_seen_as_it_is_written(node: Node) -> None:
    following = node.follow()
    output = node.start()
    for line in (b"one\n", b"two\n", b"no end"):
        before = following.seen
        output.write(line)
        await following.has_seen(before + line)
    node.end(TaskCompleted)
    assert await following.done() == b"one\ntwo\nno end"


async def test_a_follower_who_comes_late_sees_the_beginning_too(node: Node) -> None:
    output = node.start()
    output.write(b"one\n")
    following = node.follow(running=True)
    await following.has_seen(b"one\n")
    output.write(b"two\n")
    node.end(TaskCompleted)
    assert await following.done() == b"one\ntwo\n"


async def test_a_program_that_writes_nothing_leaves_nothing(node: Node) -> None:
    following = node.follow()
    node.start()
    node.end(TaskCompleted)
    assert await following.done() == b""


async def test_every_attempt_is_seen_whole(node: Node) -> None:
    following = node.follow(max_retries=1)
    first = node.start(1)
    first.write(b"no\n")
    node.end(TaskFailed, 1)
    node.tell(TaskRetried(task_id="t1", attempt=2, reason="again"))
    second = node.start(2)
    second.write(b"yes\n")
    node.end(TaskCompleted, 2)
    assert await following.done() == b"no\nyes\n"


async def test_the_rest_comes_from_what_is_kept_where_the_node_is_gone(node: Node) -> None:
    following = node.follow()
    output = node.start()
    output.write(b"one\n")
    await following.has_seen(b"one\n")
    node.away = True
    output.write(b"two\n")
    node.end(TaskCompleted)
    assert await following.done() == b"one\ntwo\n"


async def test_a_node_that_is_away_for_a_while_is_asked_again(node: Node) -> None:
    following = node.follow()
    node.away = True
    output = node.start()
    output.write(b"one\n")
    await asyncio.sleep(0.05)
    assert following.seen == b""
    node.away = False
    await following.has_seen(b"one\n")
    node.end(TaskCompleted)
    await following.done()


async def test_a_cancelled_task_shows_what_it_wrote(node: Node) -> None:
    following = node.follow()
    output = node.start()
    output.write(b"one\n")
    node.outputs.end("t1", 1)
    node.tell(TaskCancelled(task_id="t1", reason="enough"))
    assert await following.done() == b"one\n"


async def test_of_a_flood_the_same_is_left_out_live_as_in_what_is_kept(node: Node) -> None:
    following = node.follow()
    output = node.start()
    output.write(b"x" * 1000)
    node.end(TaskCompleted)
    seen = await following.done()
    assert seen == b"x" * 50 + b"\n[... 900 bytes left out ...]\n" + b"x" * 50
    assert seen == node.kept[f"sha256:{1:064x}"]


@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 150, 1000])
@pytest.mark.parametrize("shown", [0, 1, 49, 50, 51, 99, 100, 149, 950, 951, 999, 1000])
def test_what_is_shown_and_the_rest_are_the_whole(size: int, shown: int) -> None:
    written = bytes(range(33, 123)) * 12
    written, shown = written[:size], min(shown, size)
    output = Output(LIMIT)
    output.write(written)
    rest = rest_of(output.kept(), shown)
    kept_tail = max(shown, size - 50, 50)
    if size <= LIMIT:
        assert rest == written[shown:]
    elif shown <= 50:
        assert rest == output.kept()[shown:]
    elif shown >= size - 50:
        assert rest == written[shown:]
    else:
        left_out = size - 50 - shown
        assert rest == b"\n[... %d bytes left out ...]\n" % left_out + written[kept_tail:]


def test_a_program_may_write_a_line_that_looks_as_if_something_was_left_out() -> None:
    kept = b"x\n[... 7 bytes left out ...]\nyyyy"
    assert rest_of(kept, 3) == kept[3:]


# One node


async def test_a_node_remembers_the_last_programs_only() -> None:
    outputs = LiveOutputs()
    for number in range(live_outputs.ENDED_KEPT + 1):
        control = Control()
        control.written = Output(LIMIT)
        control.written.write(b"x")
        outputs.begin(f"t{number}", 1, control)
        outputs.end(f"t{number}", 1)
    assert await outputs.part("t0", 1, 0) is None
    assert await outputs.part("t1", 1, 0) == LivePart(1, 0, b"x", True)
    assert await outputs.part("t1", 2, 0) is None


async def test_one_reader_cannot_have_more_than_so_much_in_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_outputs, "BYTES_S", 1000)
    outputs, control, output = LiveOutputs(), Control(), Output(1_000_000)
    control.written = output
    output.write(b"x" * 200)
    outputs.begin("t1", 1, control)
    loop = asyncio.get_running_loop()
    began = loop.time()
    part = await outputs.part("t1", 1, 0)
    assert part is not None
    assert len(part.data) == 200
    assert loop.time() - began >= 0.19
    output.write(b"x" * 400_000)
    monkeypatch.setattr(live_outputs, "BYTES_S", 1e12)
    part = await outputs.part("t1", 1, 0)
    assert part is not None
    assert len(part.data) == live_outputs.PART_BYTES


# On the wire


def test_an_answer_is_read_by_whoever_has_the_tasks_key() -> None:
    part = LivePart(2, 7, b"secret", False)
    answer = wire.answer("t1", part, OneKey())
    assert b"secret" not in answer
    assert wire.answered("t1", answer, OneKey()) == part
    assert wire.answered("t1", wire.answer("t1", None, OneKey()), OneKey()) is None


@pytest.mark.parametrize(
    "change", [("t2", b'"offset":7', b'"offset":7'), ("t1", b'"offset":7', b'"offset":8')]
)
def test_an_answer_is_good_for_its_task_and_place_only(change: tuple[str, bytes, bytes]) -> None:
    task, old, new = change
    answer = wire.answer("t1", LivePart(2, 7, b"secret", False), OneKey()).replace(old, new)
    with pytest.raises(wire.Unreadable):
        wire.answered(task, answer, OneKey())


class NoKey:
    def data_key(self, scope: str) -> bytes:
        raise KeyDestroyed(scope)


def test_nobody_reads_what_was_erased() -> None:
    answer = wire.answer("t1", LivePart(2, 7, b"secret", False), OneKey())
    with pytest.raises(KeyDestroyed):
        wire.answered("t1", answer, NoKey())


@pytest.mark.parametrize(
    "question",
    [
        b"",
        b"{}",
        b"[]",
        b'{"assignment": 1}',
        b'{"assignment": true, "offset": 0}',
        b'{"assignment": 1, "offset": -1}',
    ],
)
def test_what_is_no_question_is_refused(question: bytes) -> None:
    with pytest.raises(wire.Unreadable):
        wire.asked(question)


def test_a_question_comes_back_as_it_was_asked() -> None:
    assert wire.asked(wire.ask(3, 99)) == (3, 99)
