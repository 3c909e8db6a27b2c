"""One container, from its making to its removal."""

import asyncio
import secrets
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from events import clock

from ...ports.executor import Job
from . import files, settings
from .engine import Engine
from .errors import EngineRefused, Unstartable
from .following import Follower, attach, detach
from .output import Output
from .settings import Image
from .usage import Meter, Reading

if TYPE_CHECKING:
    from docker import APIClient

KILLED_WITHIN_S = 5.0


class Ended(NamedTuple):
    """How the program ended."""

    exit_code: int
    out_of_memory: bool
    """Whether one of its processes was killed because the limit was reached."""
    seconds: float
    """Between its start and its end, by the engine's clock."""


class Sandbox:
    """A container for one job. Call in this order: `make`, `start`, …, `remove`; `remove` always."""

    def __init__(self, engine: Engine, job: Job, runtime_id: str) -> None:
        self.name = f"symbi-{job.task_id}-{job.assignment}-{secrets.token_hex(4)}"
        self.output = Output(job.keep_output)
        self._engine = engine
        self._job = job
        self._marks = settings.labels(runtime_id, job)
        self._follower = Follower(engine, self.name, self.output)
        self._meter: Meter | None = None
        self._made = False

    @property
    def ended(self) -> "asyncio.Future[int]":
        """Completes with the exit code, or with `NoSandbox` when the engine went away."""
        return self._follower.ended

    @property
    def reading(self) -> Reading:
        """What it has used, as far as that was seen."""
        return self._meter.reading if self._meter else Reading()

    async def make(self, image: Image, cpus: float) -> None:
        """Make the container and put the files in their place. Raises `UnusableJob` or `Unstartable`."""
        settings.check(self._job)
        archive = files.pack(self._job.files) if self._job.files else None
        self._made = True  # whatever comes of it
        try:
            await self._engine.call(lambda client: self._make(client, image, cpus, archive))
        except EngineRefused as error:
            raise Unstartable(reason=error.facts["reason"]) from error

    async def start(self) -> None:
        """Start the program, and read what it writes until it ends. Raises `Unstartable`."""
        try:
            await self._engine.call(self._start)
        except EngineRefused as error:
            raise Unstartable(reason=error.facts["reason"]) from error

    async def pause(self) -> bool:
        """Freeze it; False if it has ended or cannot be frozen."""
        return await self._tried(lambda client: client.pause(self.name))

    async def resume(self) -> bool:
        """Let it go on; False if it has ended."""
        return await self._tried(lambda client: client.unpause(self.name))

    async def stop(self, *, paused: bool, grace: float) -> None:
        """End it: SIGTERM, and after *grace* seconds SIGKILL. Returns when it is gone, or will not go."""
        if paused:  # a frozen process hears no signal
            await self.resume()
        await self._tried(lambda client: client.kill(self.name, "SIGTERM"))
        await asyncio.wait([self.ended], timeout=grace)
        if not self.ended.done():
            await self._tried(lambda client: client.kill(self.name, "SIGKILL"))
            await asyncio.wait([self.ended], timeout=KILLED_WITHIN_S)

    async def measure(self) -> None:
        """Note what it uses now."""
        if self._meter is not None:
            await self._tried(self._meter.read)

    async def ending(self) -> Ended:
        """How it ended; `ended` must be complete. Raises `NoSandbox`, and `EngineRefused` if it is gone."""
        code = self.ended.result()
        found: Any = await self._engine.call(lambda client: client.inspect_container(self.name))
        state = found["State"]
        nanoseconds = clock.from_wire(state["FinishedAt"]) - clock.from_wire(state["StartedAt"])
        return Ended(code, bool(state.get("OOMKilled")), nanoseconds / 1e9)

    async def remove(self) -> None:
        """Remove all of it, running or not. Raises `NoSandbox`; the next start's cleanup removes it then."""
        if self._made:
            await self._engine.call(lambda client: remove(client, [self._carrier, self.name], [self.name]))

    @property
    def _carrier(self) -> str:
        return f"{self.name}-files"

    def _make(self, client: "APIClient", image: Image, cpus: float, archive: bytes | None) -> None:
        volume = None
        if archive is not None:
            volume = self.name
            client.create_volume(volume, labels=self._marks)
            config = settings.carrier(image, volume, self._marks)
            _create(client, config, self._carrier)
            client.put_archive(self._carrier, settings.WORKING_DIRECTORY, archive)
            client.remove_container(self._carrier)
        config = settings.container(self._job, image, cpus=cpus, volume=volume, marks=self._marks)
        _create(client, config, self.name)

    def _start(self, client: "APIClient") -> None:
        connection = attach(client, self.name)
        try:
            client.start(self.name)
            found: Any = client.inspect_container(self.name)
        except BaseException:
            detach(connection)
            raise
        self._meter = Meter(found["Id"], found["State"]["Pid"])
        thread = threading.Thread(
            target=self._follower.follow, args=(connection,), name=self.name, daemon=True
        )
        thread.start()

    async def _tried(self, work: Callable[["APIClient"], object]) -> bool:
        """Whether the engine did it; it refuses what makes no sense for a container that has ended."""
        try:
            await self._engine.call(work)
        except EngineRefused:
            return False
        return True


def _create(client: Any, config: dict[str, Any], name: str) -> None:
    """Past docker-py's own settings: those add the proxies of this user to the environment."""
    client.create_container_from_config(config, name)


def remove(client: "APIClient", containers: list[str], volumes: list[str]) -> None:
    """Remove containers, running or not, and then volumes; what is not there is removed already."""
    from docker.errors import NotFound

    for container in containers:
        try:
            client.remove_container(container, v=True, force=True)
        except NotFound:
            continue
    for volume in volumes:
        try:
            client.remove_volume(volume)
        except NotFound:
            continue
