"""An executor whose programs do what a test tells them, step by step; nothing of Docker is needed."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from app.adapters.docker.output import Output
from app.ports.executor import Control, Job, Outcome, OutcomeKind, Phase, Wish


@dataclass
class Program:
    """One run: a test writes its output, and ends it."""

    job: Job
    control: Control
    output: Output
    ended: "asyncio.Future[int]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def write(self, data: bytes) -> None:
        self.output.write(data)

    def end(self, exit_code: int = 0) -> None:
        if not self.ended.done():
            self.ended.set_result(exit_code)


class ScriptedExecutor:
    """`Executor`; `started` brings each program once it runs."""

    def __init__(self) -> None:
        self.started: asyncio.Queue[Program] = asyncio.Queue()

    async def run(self, job: Job, control: Control) -> Outcome:
        program = Program(job, control, Output(job.keep_output))
        control.written = program.output
        if control.on_start is not None:
            await control.on_start("scripted")
        control.enter(Phase.RUNNING)
        self.started.put_nowait(program)
        calling_off = asyncio.create_task(self._called_off(control))
        waiting: set[asyncio.Future[Any]] = {program.ended, calling_off}
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            calling_off.cancel()
            control.enter(Phase.ENDED)
        kept, size = program.output.kept(), program.output.size
        if not program.ended.done():
            return Outcome(OutcomeKind.CANCELLED, reason="cancelled", output=kept, output_size=size)
        code = program.ended.result()
        kind = OutcomeKind.FAILED if code else OutcomeKind.COMPLETED
        return Outcome(kind, code, "exit" if code else "", output=kept, output_size=size)

    async def _called_off(self, control: Control) -> None:
        while (wish := control.wish) is not Wish.CANCEL:
            await control.rethought(wish)

    async def cleanup(self) -> int:
        return 0

    async def doctor(self) -> tuple[bool, str]:
        return True, "scripted"
