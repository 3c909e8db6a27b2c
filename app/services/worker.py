"""The worker: runs the tasks that are assigned to its node, and reports what became of them."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from uuid import uuid4

import structlog

from events import identifiers
from events.agent import AgentHalted, AgentResumed, AgentSuspended
from events.agent_config import SandboxTier
from events.codec import Fact
from events.commands import (
    Command,
    CompleteTask,
    DrainNode,
    FailTask,
    JoinNode,
    TimeOutTask,
    YieldTask,
)
from events.content import ContentRef
from events.node import Capacity, NodeLost
from events.task import (
    CommandWork,
    NoopWork,
    TaskAssigned,
    TaskCancelled,
    TaskPreempted,
    TaskPreemptionRequested,
    TaskRetried,
    TaskSubmitted,
)

from ..errors import SymbiError
from ..ports.blobs import Blobs
from ..ports.event_log import EventLog
from ..ports.executor import Control, Executor, Job, Outcome, OutcomeKind
from .bodies.running import Bodies
from .commander import Background, Commander
from .feed import Feed
from .live_outputs import LiveOutputs
from .reporting import Reports, Run, RunAbandoned, RunLeaving
from .verification import Verifier

HEARTBEAT_S = 2.0
SUBMISSIONS_KEPT = 20_000
"""How many submissions are remembered until they are assigned; an older one is read from the log."""

_log = structlog.get_logger(__name__)


class Worker:
    """One node. It acts on events alone, after they are durable, and every outcome is an event again."""

    def __init__(
        self,
        *,
        node_id: str,
        capacity: Capacity,
        tiers: list[SandboxTier],
        feed: Feed,
        log: EventLog,
        verifier: Verifier,
        commander: Commander,
        executor: Executor,
        blobs: Blobs,
        bodies: Bodies,
        output_limit: int,
        heartbeat: Callable[[], Awaitable[None]],
        outputs: LiveOutputs | None = None,
    ) -> None:
        """*outputs* shows what programs write while they run."""
        self._node_id = node_id
        self._capacity = capacity
        self._tiers = tiers
        self._feed = feed
        self._log = log
        self._verifier = verifier
        self._commander = commander
        self._executor = executor
        self._blobs = blobs
        self._bodies = bodies
        self._outputs = outputs or LiveOutputs()
        self._output_limit = output_limit
        self._heartbeat = heartbeat
        self._runs: dict[str, Run] = {}
        self._submissions: OrderedDict[str, TaskSubmitted] = OrderedDict()
        self._background = Background.none()

    async def run(self) -> None:
        """Join, and work for ever."""
        try:
            await self._executor.cleanup()
        except SymbiError as error:
            _log.warning("leftovers of an earlier start may remain", error=error.message)
        joined = await self._join()
        self._background.start(self._beat)
        try:
            async for items in self._feed.after(joined):
                for item in items:
                    if isinstance(item, Fact):
                        self._take(item)
        finally:
            await self._background.stop()

    async def drain(self) -> None:
        """Say that this node takes no more tasks, because it stops."""
        await self._commander.send(DrainNode(node_id=self._node_id, reason="the worker stops"), str(uuid4()))

    async def _join(self) -> int:
        """Offer this node's capacity; the position after which assignments are meant for this process."""
        command = JoinNode(node_id=self._node_id, capacity=self._capacity, tiers=self._tiers)
        answer = await self._commander.send(command, str(uuid4()))
        if not answer.accepted:
            assert answer.error is not None
            raise SymbiError(f"the node {self._node_id} may not join: {answer.error.message}")
        return answer.events[-1].seq

    async def _beat(self) -> None:
        while True:
            await self._heartbeat()
            await asyncio.sleep(HEARTBEAT_S)

    def _take(self, fact: Fact) -> None:
        event = fact.event
        match event:
            case TaskSubmitted(task_id=task_id):
                self._submissions[task_id] = event
                if len(self._submissions) > SUBMISSIONS_KEPT:
                    self._submissions.popitem(last=False)
            case TaskAssigned(node_id=node_id) if node_id == self._node_id:
                self._begin(event, fact)
            case TaskCancelled(task_id=task_id):
                self._stop(task_id)
            case (
                TaskAssigned(task_id=task_id) | TaskPreempted(task_id=task_id) | TaskRetried(task_id=task_id)
            ):
                self._stop(task_id, elsewhere=True)
            case TaskPreemptionRequested(task_id=task_id, assignment=assignment):
                leaving = self._runs.get(task_id)
                if leaving is not None and leaving.assignment == assignment:
                    leaving.leave()
            case AgentSuspended(agent_id=agent_id):
                self._each(agent_id, Control.pause)
            case AgentResumed(agent_id=agent_id):
                self._each(agent_id, Control.resume)
                for run in self._runs.values():
                    if run.agent_id == agent_id:
                        run.resumed.set()
            case AgentHalted(agent_id=agent_id):
                for task_id in [t for t, run in self._runs.items() if run.agent_id == agent_id]:
                    self._stop(task_id)
            case NodeLost(node_id=node_id) if node_id == self._node_id:
                for task_id in list(self._runs):
                    self._stop(task_id, elsewhere=True)
                self._background.start(self._join)
            case _:
                pass  # everything else is no concern of a worker's

    def _begin(self, assigned: TaskAssigned, fact: Fact) -> None:
        self._stop(assigned.task_id, elsewhere=True)
        run = self._runs[assigned.task_id] = Run(assigned.agent_id, assigned.assignment)
        self._background.start(lambda: self._carry_out(assigned, fact, run))

    def _stop(self, task_id: str, *, elsewhere: bool = False) -> None:
        run = self._runs.get(task_id)
        if run is not None:
            run.stopped, run.elsewhere = True, elsewhere
            run.resumed.set()
            run.control.cancel()

    def _each(self, agent_id: str, do: Callable[[Control], None]) -> None:
        for run in self._runs.values():
            if run.agent_id == agent_id:
                do(run.control)

    async def _carry_out(self, assigned: TaskAssigned, fact: Fact, run: Run) -> None:
        report = Reports(self._commander, assigned, self._node_id, fact.envelope.id, run)
        try:
            submitted = self._submissions.pop(assigned.task_id, None) or await self._read(assigned)
            work = submitted.work
            if isinstance(work, NoopWork):
                await report.start("none")
                await report.end(CompleteTask(**report.names))
            elif isinstance(work, CommandWork):
                await self._run_command(work, submitted, assigned, run, report)
            else:
                await self._bodies.carry_out(submitted, assigned, fact.seq, run, report)
        except RunAbandoned as error:
            _log.info("run abandoned", task=assigned.task_id, why=str(error))
        except RunLeaving:  # before it has begun
            await report.end(YieldTask(**report.names))
        except SymbiError as error:
            await report.end(FailTask(**report.names, reason="not_started", detail=error.message[:4000]))
        except Exception as error:
            _log.exception("a run failed unexpectedly", task=assigned.task_id)
            await report.end(FailTask(**report.names, reason="internal", detail=repr(error)[:4000]))
        finally:
            if self._runs.get(assigned.task_id) is run:
                del self._runs[assigned.task_id]

    async def _run_command(
        self,
        work: CommandWork,
        submitted: TaskSubmitted,
        assigned: TaskAssigned,
        run: Run,
        report: Reports,
    ) -> None:
        job = Job(
            task_id=assigned.task_id,
            attempt=assigned.attempt,
            assignment=assigned.assignment,
            work=work,
            limits=submitted.limits,
            files={path: await self._blobs.get(ref) for path, ref in work.files.items()},
            keep_output=self._output_limit,
        )
        run.control.on_start = report.start
        self._outputs.begin(assigned.task_id, assigned.assignment, run.control)
        try:
            outcome = await self._executor.run(job, run.control)
        finally:
            self._outputs.end(assigned.task_id, assigned.assignment)
        if run.stopped:
            return  # the event that took the task away has closed it
        output = await self._store(assigned.task_id, outcome)
        await report.end(_report_of(outcome, output, report))

    async def _store(self, task_id: str, outcome: Outcome) -> ContentRef | None:
        if not outcome.output:
            return None
        return await self._blobs.put(outcome.output, scope=f"task/{task_id}", media_type="text/plain")

    async def _read(self, assigned: TaskAssigned) -> TaskSubmitted:
        """The task's submission, from the log, verified like everything else."""
        subject = identifiers.event_subject(assigned.agent_id, "task", assigned.task_id, "submitted")
        batch = [raw async for raw in self._log.read(subject)]
        for item in await self._verifier.fresh().check(batch):
            if isinstance(item, Fact) and isinstance(item.event, TaskSubmitted):
                return item.event
        raise RunAbandoned(f"the submission of {assigned.task_id} is not in the log")


def _report_of(outcome: Outcome, output: ContentRef | None, report: Reports) -> Command:
    names, usage = report.names, outcome.usage
    match outcome.kind:
        case OutcomeKind.COMPLETED:
            return CompleteTask(**names, exit_code=outcome.exit_code, output=output, usage=usage)
        case OutcomeKind.TIMED_OUT:
            return TimeOutTask(**names, after_seconds=usage.wall_seconds, output=output, usage=usage)
        case _:
            return FailTask(
                **names,
                reason=outcome.reason or outcome.kind.value,
                detail=outcome.detail[:4000],
                exit_code=outcome.exit_code,
                output=output,
                usage=usage,
            )
