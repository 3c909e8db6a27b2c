"""The roles of a process: what each starts, and how it stops."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any, TypeVar

import structlog

from events.agent_config import SandboxTier
from events.node import Capacity
from projections.catalogue import PROJECTIONS
from projections.runner import Runner

from ..adapters.command_bus import LocalCommandBus, NatsCommandBus
from ..adapters.command_server import CommandServer
from ..adapters.jetstream.advisories import JetStreamStore
from ..adapters.outputs.server import OutputServer
from ..adapters.postgres.answers import PostgresAnswers
from ..adapters.postgres.errors import guard
from ..domain.scheduling import Schedule
from ..errors import SymbiError
from ..policy.roles import node_principal
from ..ports.commands import CommandBus
from ..ports.executor import Executor
from ..services.answers import AnswerWriter
from ..services.authentication import Authenticator
from ..services.bodies.running import Bodies
from ..services.commander import Commander
from ..services.definitions import Definitions
from ..services.gateway import Gateway
from ..services.handle import CommandLoop
from ..services.live_outputs import LiveOutputs
from ..services.log_facts import LogFacts
from ..services.log_watch import LogWatch
from ..services.preparing import Preparing
from ..services.projecting import Projector, parked
from ..services.scheduler import Scheduler
from ..services.snapshotting import Follower
from ..services.statements import Statements
from ..services.worker import Worker
from .core import Core
from .sealing import request_cipher

_log = structlog.get_logger(__name__)


LEAVES_WITHIN_S = 3.0
"""How long a stopping worker tries to say so; a node that falls silent is lost soon anyway."""

LAST_WORDS_WITHIN_S = 5.0
"""How long each last step of a stopping gateway may take."""

T = TypeVar("T")


class Supervised:
    """The background work of a process; the first that fails ends the runtime with its error."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[Any]] = []
        self.failed: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

    def start(self, work: Coroutine[Any, Any, Any], name: str) -> "asyncio.Task[Any]":
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        self._tasks.append(task)
        return task

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        if task.cancelled() or self.failed.done():
            return
        error = task.exception()
        if error is not None:
            _log.error(
                "a part of the runtime failed", part=task.get_name(), error=repr(error), exc_info=error
            )
            self.failed.set_result(error)

    async def unless_failed(self, doing: Coroutine[Any, Any, T]) -> T:
        """What *doing* returns.

        Raises:
            BaseException: what the part that failed meanwhile raised; *doing* may wait for it in vain.
        """
        task = asyncio.ensure_future(doing)
        waiting: set[asyncio.Future[Any]] = {task, self.failed}
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if self.failed.done() and not task.done():
                raise self.failed.result()
            return await task
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def stop(self, *tasks: "asyncio.Task[Any]") -> None:
        """Cancel *tasks* and wait until they have ended."""
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def start_gateway(
    stack: AsyncExitStack, core: Core, work: Supervised, definitions: Definitions
) -> Gateway:
    """Catch up with the log, then take commands. Stops in reverse: no more commands, then the last words."""
    settings = core.settings
    key = core.keys.signing("gateway")
    statements = Statements(
        gateway=key,
        registrar=core.root,
        log=core.log,
        stamp=core.stamp,
        clock=core.clock,
        storage=settings.audit_storage,
        seen=lambda: core.world.seq,
    )
    watch = LogWatch(
        store=JetStreamStore(core.connection("gateway")),
        facts=LogFacts(
            component="gateway",
            log=core.log,
            stamp=core.stamp,
            key=key,
            clock=core.clock,
            statements=statements,
        ),
        alerts=core.alerts,
        seen_before=core.seen_before,
    )
    await statements.recover(core.verifier)
    follower = Follower(
        core.feed,
        core.world,
        core.chain,
        core.snapshots,
        settings.snapshots.every_events,
        told=statements.read,
    )
    following = work.start(follower.run(), "decision state")
    await follower.reach(await core.log.last_seq())
    store = PostgresAnswers(core.engine)
    writer = AnswerWriter(store, request_cipher(core.data_keys))
    gateway = Gateway(
        loop=CommandLoop(
            log=core.log,
            world=core.world,
            verifier=core.verifier,
            stamp=core.stamp,
            key=key,
            clock=core.clock,
            statements=statements,
            max_agents=settings.runtime.max_concurrent_agents,
            task_image=settings.worker.task_image,
            prepares=Preparing(definitions, core.blobs),
        ),
        authenticator=Authenticator(
            core.verifier.keyring, core.crypto, max_bytes=settings.runtime.message_buffer_size
        ),
        store=store,
        writer=writer,
        log=core.log,
        stamp=core.stamp,
        key=key,
        clock=core.clock,
        statements=statements,
        max_skew_s=settings.security.max_clock_skew_s,
        threads=core.threads,
    )
    await gateway.recall()
    writing = work.start(writer.run(), "answers")
    forgetting = work.start(gateway.forget_answers(settings.answers.horizon_hours), "old answers")
    watching = work.start(watch.run(), "log watch")
    timer = work.start(gateway.every_second(settings.log.statement_interval_s), "statements")

    async def last_words() -> None:
        await work.stop(timer, writing, forgetting, watching)
        await watch.end()
        if core.connection("gateway").is_connected:  # else nobody listens, and nothing is worth waiting for
            await _unless_unavailable(decided(), "what was being decided")
            await _unless_unavailable(gateway.record_refusals(), "refusals")
            await _unless_unavailable(read_back(), "what was written last")
            await _unless_unavailable(statements.state(), "the last statement")
            await _unless_unavailable(read_back(), "the last statement")
        await _unless_unavailable(writer.flush(), "answers")
        await work.stop(following)
        await _unless_unavailable(follower.save(), "snapshot")

    async def decided() -> None:
        async with asyncio.timeout(LAST_WORDS_WITHIN_S):
            await gateway.idle()

    async def read_back() -> None:
        if not work.failed.done():
            await work.unless_failed(follower.reach(await core.log.last_seq()))

    stack.push_async_callback(last_words)
    server = CommandServer(core.connection("gateway"), gateway)
    stack.push_async_callback(server.stop)
    await server.start()
    return gateway


def start_projector(stack: AsyncExitStack, core: Core, work: Supervised) -> Runner:
    """Keep the projections at the end of the log."""

    async def report(rows: Any) -> None:
        for row in rows:
            await core.alerts.raise_alert(parked(row))

    runner = Runner(core.engine, PROJECTIONS, report)
    task = work.start(Projector(runner, core.feed, core.alerts, guard).run(), "projector")
    stack.push_async_callback(work.stop, task)
    return runner


async def start_scheduler(
    stack: AsyncExitStack,
    core: Core,
    work: Supervised,
    gateway: Gateway | None,
    schedule: Schedule,
    after: int,
) -> Scheduler:
    """Schedule from the state as of position *after*."""
    nc = core.connection("scheduler")
    scheduler = Scheduler(
        schedule=schedule,
        after=after,
        upto=await core.log.last_seq(),
        feed=core.feed,
        commander=Commander(
            "scheduler", core.keys.signing("scheduler"), bus_of(core, "scheduler", gateway), core.clock
        ),
        clock=core.clock,
        hears=lambda: nc.is_connected,
    )

    async def heartbeat(message: Any) -> None:
        scheduler.heard(message.subject.split(".")[2].removeprefix(node_principal("")))

    await nc.subscribe("symbi.node.*.heartbeat", cb=heartbeat)
    task = work.start(scheduler.run(), "scheduler")
    stack.push_async_callback(work.stop, task)
    return scheduler


def schedule_of(core: Core) -> tuple[Schedule, int]:
    """The scheduler's state where the feed begins; take it before anything moves the world on."""
    world = core.world
    tasks = [(world.task_agents[task_id], task) for task_id, task in world.tasks.items()]
    ahead = {of: cursor.last_seq for of, cursor in world.cursors.items() if cursor.last_seq > world.seq}
    return Schedule.restored(world.agents, tasks, world.nodes.values(), ahead=ahead), world.seq


def bus_of(core: Core, role: str, gateway: Gateway | None) -> CommandBus:
    """Straight to the gateway where it is in this process, else over NATS."""
    return LocalCommandBus(gateway) if gateway is not None else NatsCommandBus(core.connection(role))


async def _unless_unavailable(work: Coroutine[Any, Any, Any], what: str) -> None:
    try:
        async with asyncio.timeout(LAST_WORDS_WITHIN_S):
            await work
    except (SymbiError, TimeoutError) as error:
        _log.warning("not written at the end; it is recovered at the next start", what=what, error=str(error))


async def _unless_unavailable_later(work: Any, what: str) -> None:
    await _unless_unavailable(work(), what)


async def start_worker(
    stack: AsyncExitStack,
    core: Core,
    work: Supervised,
    gateway: Gateway | None,
    executor: Executor,
    bodies: Bodies,
) -> Worker:
    """Join as a node and run what is assigned to it; at the end, say that it stops."""
    settings = core.settings.worker
    principal = node_principal(settings.node)
    nc = core.connection("worker")

    async def heartbeat() -> None:
        if nc.is_connected:
            await nc.publish(f"symbi.node.{principal}.heartbeat", b"")

    outputs = LiveOutputs()
    worker = Worker(
        node_id=settings.node,
        capacity=Capacity(
            cpu_cores=settings.cpu_cores,
            memory_mb=settings.memory_mb,
            tasks=settings.max_tasks,
            bodies=settings.max_bodies,
        ),
        tiers=[SandboxTier.DOCKER] if (await executor.doctor())[0] else [],
        feed=core.feed,
        log=core.log,
        verifier=core.verifier,
        commander=Commander(
            principal, core.keys.signing(principal), bus_of(core, "worker", gateway), core.clock
        ),
        executor=executor,
        blobs=core.blobs,
        bodies=bodies,
        outputs=outputs,
        output_limit=settings.output_limit_bytes,
        heartbeat=heartbeat,
    )
    shown = OutputServer(nc, principal, outputs, core.data_keys)
    await shown.start()
    stack.push_async_callback(shown.stop)
    task = work.start(worker.run(), "worker")

    async def leave() -> None:
        await work.stop(task)
        if nc.is_connected:
            async with asyncio.timeout(LEAVES_WITHIN_S):
                await worker.drain()

    stack.push_async_callback(_unless_unavailable_later, leave, "that the worker stops")
    return worker
