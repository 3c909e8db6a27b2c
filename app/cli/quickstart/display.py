"""Shows the scene as it moves: a live table on a terminal, a line per event elsewhere."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from rich import box
from rich.live import Live
from rich.table import Table
from rich.text import Text

from app.domain.agent import AgentState
from events.codec import Fact
from events.tool import ToolEvent

from ..output import Output, printable
from ..tables import state
from ..times import short
from .scene import Scene, Watched

if TYPE_CHECKING:
    from rich.console import RenderableType

FRAMES_PER_SECOND = 8


class Display:
    """`with Display(out, scene) as display`, and `display.happened(fact)` for each event of the scene."""

    def __init__(self, out: Output, scene: Scene) -> None:
        self._out = out
        self._scene = scene
        self._began = time.monotonic()
        self._live: Live | None = None

    def __enter__(self) -> "Display":
        if sys.stdout.isatty() and not self._out.json:
            self._live = Live(
                get_renderable=self._table,
                console=self._out.console,
                refresh_per_second=FRAMES_PER_SECOND,
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def happened(self, fact: Fact) -> None:
        """One event of the scene."""
        if self._live is None:
            watched = self._scene.tasks.get(getattr(fact.event, "task_id", ""))
            tool = f": {fact.event.tool}" if isinstance(fact.event, ToolEvent) else ""
            what = f"{watched.title}{tool}" if watched else ""
            since = time.monotonic() - self._began
            line = f"{since:7.2f} s  {fact.envelope.agent:<16} {fact.event.name:<28} {what}"
            self._out.item(line.rstrip(), bullet="")
            sys.stdout.flush()

    def _table(self) -> "RenderableType":
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for title in ("Agent", "is", "Task", "is", "for"):
            table.add_column(title, no_wrap=title != "Task")
        # Copied, since the thread that draws must not trip over the loop that adds.
        for agent_id, agent in list(self._scene.agents.items()):
            shown = state("" if agent.state is AgentState.ABSENT else agent.state.value)
            tasks: list[Watched | None] = [*self._scene.of(agent_id)] or [None]
            for watched in tasks:
                table.add_row(Text(agent_id), shown, *_task_cells(watched))
                agent_id, shown = "", Text("")
        return table


def _task_cells(watched: Watched | None) -> tuple[Text, Text, Text]:
    if watched is None:
        return Text(""), Text(""), Text("")
    took = (watched.ended or time.monotonic()) - watched.began
    return Text(printable(watched.title)), state(watched.task.status.value), Text(short(took))
