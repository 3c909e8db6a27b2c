"""Runs the programs of tasks in Docker containers."""

import asyncio
from threading import Event
from typing import TYPE_CHECKING

import structlog

from ...errors import SymbiError
from ...ports.executor import Control, Job, Outcome, OutcomeKind, Phase, Wish
from . import images, outcome
from .attending import Clock, attend, first, measure
from .engine import Engine
from .errors import REASONS, CalledOff, EngineRefused, ImageMissing, NoSandbox, Unstartable, WeakSandbox
from .health import EngineFacts, examine
from .outcome import Traces
from .sandbox import Sandbox, remove
from .settings import ASSIGNMENT_LABEL, RUNTIME_LABEL, TASK_LABEL, Image

if TYPE_CHECKING:
    from docker import APIClient

NAME = "docker"
STOP_GRACE_S = 1.0
PULLED_WITHIN_S = 300.0
REGISTRY_SILENT_S = 20
"""How long a registry may say nothing; the thread of a pull that was called off lives that long."""

_log = structlog.get_logger(__name__)


class DockerExecutor:
    """`app.ports.executor.Executor` on a Docker engine, asked at the first run and at every one again.

    Each job gets a container of its own: no network, a read-only root, no capabilities, an unprivileged
    user, and limits on memory (no swap), processors, processes and open files. Its files are a read-only
    volume at `/task`, the working directory; `/tmp` lies in memory and counts as such. The engine may be
    remote: nothing is shared with it but its API.
    """

    def __init__(
        self,
        runtime_id: str,
        *,
        address: str | None = None,
        stop_grace: float = STOP_GRACE_S,
        pulled_within: float = PULLED_WITHIN_S,
    ) -> None:
        """*runtime_id* tells our containers from those of other runtimes on the same engine.

        *address* is that of the engine, found as the `docker` command finds it if absent; *stop_grace* is
        how many seconds a program has between SIGTERM and SIGKILL.
        """
        self._runtime_id = runtime_id
        self._engine = Engine(address)
        self._registry = Engine(address, threads=4, call_within=REGISTRY_SILENT_S)
        self._stop_grace = stop_grace
        self._pulled_within = pulled_within
        self._unwatched: set[asyncio.Future[None]] = set()

    async def run(self, job: Job, control: Control) -> Outcome:
        """Run *job* to its end; see the port."""
        box = Sandbox(self._engine, job, self._runtime_id)
        control.written = box.output
        try:
            await self._prepare(box, job, control)
            return await self._run(box, job, control)
        except tuple(REASONS) as error:
            return outcome.refused(error)
        except Unstartable as error:
            return outcome.not_started(error)
        except CalledOff:
            return outcome.called_off()
        finally:
            removing = asyncio.ensure_future(self._remove(box))
            self._keep(removing)
            await asyncio.shield(removing)
            control.enter(Phase.ENDED)

    async def cleanup(self) -> int:
        """Remove what earlier runs of this runtime left behind; how many runs that was.

        Where no engine answers there is nothing to be found: 0.
        """
        try:
            return await self._engine.call(self._cleanup)
        except NoSandbox:
            return 0

    async def doctor(self) -> tuple[bool, str]:
        """Whether containers can be had, and from which engine, or what to do about it."""
        try:
            return True, (await self._examine()).description
        except (NoSandbox, WeakSandbox, EngineRefused) as error:
            return False, error.message

    async def aclose(self) -> None:
        """Let go of the engine; runs must have ended."""
        await asyncio.to_thread(self._engine.close)
        self._registry.close(wait=False)

    async def _prepare(self, box: Sandbox, job: Job, control: Control) -> None:
        facts = await self._examine()
        image = await self._image(job.work.image, control)
        await box.make(image, facts.cpus)
        while control.wish is Wish.PAUSE:
            await control.rethought(Wish.PAUSE)
        _go_on(control)
        if control.on_start is not None:
            await control.on_start(NAME)
            _go_on(control)

    async def _run(self, box: Sandbox, job: Job, control: Control) -> Outcome:
        clock = Clock()
        try:
            await box.start()
            clock.go_on()
            control.enter(Phase.RUNNING)
            stopped = await self._attend(box, job, control, clock)
            return await _judge(box, job, clock, stopped)
        except (NoSandbox, EngineRefused) as error:
            return outcome.lost(error, _traces(box, job, clock.elapsed))

    async def _attend(self, box: Sandbox, job: Job, control: Control, clock: Clock) -> OutcomeKind | None:
        measuring = asyncio.ensure_future(measure(box))
        try:
            limit = job.limits.execution_timeout
            return await attend(box, control, clock, limit=limit, grace=self._stop_grace)
        finally:
            measuring.cancel()
            await asyncio.gather(measuring, return_exceptions=True)

    async def _image(self, name: str, control: Control) -> Image:
        if found := await self._engine.call(lambda client: images.find(client, name)):
            return found
        await self._pull(name, control)
        if found := await self._engine.call(lambda client: images.find(client, name)):
            return found
        raise ImageMissing(image=name, reason="it was pulled, and removed at once")

    async def _pull(self, name: str, control: Control) -> None:
        enough = Event()
        pulling = asyncio.ensure_future(self._registry.call(lambda client: images.pull(client, name, enough)))
        self._keep(pulling)
        end = asyncio.get_running_loop().time() + self._pulled_within
        try:
            while not pulling.done():
                _go_on(control)
                left = end - asyncio.get_running_loop().time()
                if left <= 0:
                    within = f"{self._pulled_within:g} s"
                    raise ImageMissing(image=name, reason=f"its registry did not give it within {within}")
                await first(pulling, control.rethought(control.wish), left)
        finally:
            enough.set()
        try:
            await pulling
        except NoSandbox as error:  # the engine has just answered: it is the registry that is silent
            raise ImageMissing(image=name, reason=error.facts["reason"]) from error

    async def _examine(self) -> EngineFacts:
        info = await self._engine.call(lambda client: client.info())
        return examine(self._engine.address, info)

    async def _remove(self, box: Sandbox) -> None:
        try:
            await box.remove()
        except SymbiError as error:
            _log.warning("container not removed; the next start will", name=box.name, reason=error.message)

    def _cleanup(self, client: "APIClient") -> int:
        ours = {"label": f"{RUNTIME_LABEL}={self._runtime_id}"}
        containers = client.containers(all=True, filters=ours)
        volumes = client.volumes(filters=ours)["Volumes"] or []
        remove(client, [found["Id"] for found in containers], [found["Name"] for found in volumes])
        runs = {
            (found["Labels"].get(TASK_LABEL), found["Labels"].get(ASSIGNMENT_LABEL))
            for found in [*containers, *volumes]
        }
        return len(runs)

    def _keep(self, work: "asyncio.Future[None]") -> None:
        """Nothing else holds on to it, nor asks how it ended."""
        self._unwatched.add(work)
        work.add_done_callback(self._forget)

    def _forget(self, work: "asyncio.Future[None]") -> None:
        self._unwatched.discard(work)
        if not work.cancelled():
            work.exception()


def _go_on(control: Control) -> None:
    if control.wish is Wish.CANCEL:
        raise CalledOff


async def _judge(box: Sandbox, job: Job, clock: Clock, stopped: OutcomeKind | None) -> Outcome:
    if stopped and not box.ended.done():
        return outcome.stopped(stopped, None, _traces(box, job, clock.elapsed))
    end = await box.ending()
    traces = _traces(box, job, max(0.0, end.seconds - clock.paused))
    if stopped:
        return outcome.stopped(stopped, end.exit_code, traces)
    return outcome.ended(end.exit_code, end.out_of_memory, traces)


def _traces(box: Sandbox, job: Job, wall_seconds: float) -> Traces:
    return Traces(job.limits, box.output.kept(), box.output.size, box.reading, wall_seconds)
