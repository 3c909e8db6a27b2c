"""Which schedules of which agents are due: a function of the events seen and of the time.

After a gap, whether the runtime was down, the agent was suspended or the clock was set, the newest time that
was missed is fired once, and those before it are skipped and counted. What has fired is never fired again,
nor is anything before it, so a clock that is set back waits until it is where it was.

Non-goals: firing by elapsed time alone, and holding a firing back while the task of the last one still runs:
its tasks queue.
"""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from events.agent import AgentDeployed, AgentEvent, AgentReadied
from events.agent_schedule import Schedule
from events.base import Event
from events.task import ScheduleFired, TaskEvent

from .agent import AGENT, ENDED, Agent, AgentState
from .recurrence import Unreadable, due_within, next_due


class Firing(NamedTuple):
    """A time that has come."""

    agent_id: str
    schedule: str
    due_ns: int
    """Nanoseconds since the epoch."""
    skipped: int
    """How many times passed by before it."""


class _Alarm(NamedTuple):
    """When to look at a schedule next."""

    at_ns: int
    agent_id: str
    schedule: str


@dataclass(slots=True)
class _Watched:
    """One agent that has schedules."""

    agent: Agent
    alarms: dict[str, int] = field(default_factory=dict)
    """Schedule → when to look at it; one without waits for the agent, or for nothing any more."""
    fired: set[str] = field(default_factory=set)
    """Schedules whose firing is decided and not recorded yet."""

    def schedule(self, name: str) -> Schedule | None:
        config = self.agent.config
        return next((each for each in config.schedules if each.name == name), None) if config else None


class Timetable:
    """The schedules of every agent, folded from the log; `due` says what to fire.

    What it has named counts as fired until an event says otherwise or `refused` is called. It holds nothing
    of agents without schedules.
    """

    def __init__(self) -> None:
        self._watched: dict[str, _Watched] = {}
        self._alarms: list[_Alarm] = []
        self.unreadable: dict[tuple[str, str], str] = {}
        """Agent and schedule → why its times cannot be told; it fires when they can, after another start."""

    @classmethod
    def restored(cls, agents: Mapping[str, Agent]) -> "Timetable":
        """As of a snapshot."""
        self = cls()
        for agent_id, agent in agents.items():
            if agent.config is not None and agent.config.schedules and agent.state not in ENDED:
                self._watched[agent_id] = _Watched(agent)
                self._arm(agent_id)
        return self

    def take(self, agent_id: str | None, event: Event) -> None:
        """Fold one event."""
        if agent_id is None or not isinstance(event, AgentEvent | TaskEvent):
            return
        watched = self._watched.get(agent_id)
        if watched is None:
            if not isinstance(event, AgentReadied | AgentDeployed) or not event.config.schedules:
                return
            # Only a Ready agent is deployed to; if it is quarantined, its firings are refused and wait.
            watched = self._watched[agent_id] = _Watched(Agent(agent_id, AgentState.READY))
        watched.agent = AGENT.evolve(watched.agent, event)
        if isinstance(event, ScheduleFired):
            watched.fired.discard(event.schedule)
        if watched.agent.state in ENDED:
            del self._watched[agent_id]
        else:
            self._arm(agent_id)

    def due(self, now_ns: int, most: int = 100) -> list[Firing]:
        """What to fire now, at most *most*, the longest due first."""
        firings: list[Firing] = []
        while len(firings) < most and (at := self.next_ns) is not None and at <= now_ns:
            alarm = heapq.heappop(self._alarms)
            watched = self._watched[alarm.agent_id]
            del watched.alarms[alarm.schedule]
            schedule = watched.schedule(alarm.schedule)
            if schedule is not None and watched.agent.takes_tasks:
                firing = _firing(watched.agent, schedule, now_ns)
                if firing is not None:
                    watched.fired.add(schedule.name)
                    firings.append(firing)
                else:
                    self._arm(alarm.agent_id)
        return firings

    def refused(self, firing: Firing) -> None:
        """A firing was not carried out: it waits for the agent's next event."""
        watched = self._watched.get(firing.agent_id)
        if watched is not None:
            watched.fired.discard(firing.schedule)

    @property
    def next_ns(self) -> int | None:
        """When something may be due next; None: not before an event says so."""
        while self._alarms:
            alarm = self._alarms[0]
            watched = self._watched.get(alarm.agent_id)
            if watched is not None and watched.alarms.get(alarm.schedule) == alarm.at_ns:
                return alarm.at_ns
            heapq.heappop(self._alarms)  # another alarm has taken its place
        return None

    def _arm(self, agent_id: str) -> None:
        """Set an alarm for each schedule of an agent that has none."""
        watched = self._watched[agent_id]
        agent = watched.agent
        if not agent.takes_tasks or agent.config is None:
            watched.alarms.clear()
            return
        names = set()
        for schedule in agent.config.schedules:
            names.add(schedule.name)
            at = None
            if schedule.name not in watched.fired:
                try:
                    at = _next(agent, schedule)
                except Unreadable as error:
                    self.unreadable[agent_id, schedule.name] = str(error)
            if at is None:
                watched.alarms.pop(schedule.name, None)
            elif watched.alarms.get(schedule.name) != at:
                watched.alarms[schedule.name] = at
                heapq.heappush(self._alarms, _Alarm(at, agent_id, schedule.name))
        for name in watched.alarms.keys() - names:
            del watched.alarms[name]


def _since(agent: Agent, schedule: Schedule) -> int:
    """Up to when everything of the schedule has been fired, or never will be."""
    return max(agent.fired.get(schedule.name, 0), agent.schedules_from)


def _next(agent: Agent, schedule: Schedule) -> int | None:
    if schedule.one_shot and schedule.name in agent.fired:
        return None
    return next_due(schedule, _since(agent, schedule))


def _firing(agent: Agent, schedule: Schedule, now_ns: int) -> Firing | None:
    since = _since(agent, schedule)
    if schedule.one_shot:
        due = _next(agent, schedule)
        return None if due is None or due > now_ns else Firing(agent.agent_id, schedule.name, due, 0)
    missed = due_within(schedule, since, now_ns)
    if missed is None:
        return None
    return Firing(agent.agent_id, schedule.name, missed.latest_ns, missed.earlier)
