"""How often and how much, over all processes and restarts: rate limits and budgets, counted from the log.

A decision that takes from a limit is recorded with it (`policy.decision`), so whoever folds the log knows
what is left: after a restart, and in every other process as soon as the event has reached it. Between two
processes that decide for one counter within that time, it may be passed by what both let through at once.

A window slides in sixty steps, and a step that lies partly in it counts as a whole: what is let through is
never more than the limit within any window, and at most a sixtieth of it may be refused too early.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from events.policy import Outcome, PolicyDecision

from .condition_text import BadCondition, parse
from .conditions import Budget, BudgetUnit, Condition, RateLimit
from .request import Action, Attributes, Request

STEPS = 60
SECOND_NS = 1_000_000_000
DECISIONS_KEPT = 200_000
"""Decisions that are remembered, so that none is counted twice and what was used can be corrected."""


class Counter(NamedTuple):
    """What is counted together: under which policy, whose, in which unit, over which window."""

    bucket: str
    whose: str
    unit: str
    window_s: int


class Uncounted(ValueError):
    """The request does not say whose acts these are; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Exceeded:
    """A limit has nothing left for the act."""

    condition: RateLimit | Budget
    whose: str
    used: int
    retry_after_s: float
    """When enough of what was used will have left the window."""

    @property
    def reason(self) -> str:
        """One sentence for people."""
        limit = self.condition
        if isinstance(limit, RateLimit):
            what = f"{limit.count} in {limit.window_s} s"
        else:
            what = f"{limit.amount} {limit.unit} in {limit.window_s} s"
        wait = f"try again in {self.retry_after_s:.0f} s"
        return f"{self.whose} has used {self.used} of {what} ({limit.bucket}); {wait}"


@dataclass(slots=True)
class _Window:
    """Uses within the last window, by step."""

    steps: "deque[list[int]]" = field(default_factory=deque)
    """Number of the step and what was used in it, the latest last."""
    total: int = 0

    def add(self, step: int, amount: int) -> None:
        self.total += amount
        for known in reversed(self.steps):
            if known[0] == step:
                known[1] += amount
                return
            if known[0] < step:
                break
        self.steps.append([step, amount])
        if len(self.steps) > 1 and self.steps[-2][0] > step:  # another process's event arrives late
            self.steps = deque(sorted(self.steps))

    def drop_before(self, step: int) -> None:
        while self.steps and self.steps[0][0] < step:
            self.total -= self.steps.popleft()[1]


_Taken: TypeAlias = tuple[Counter, int, int]
"""A counter, the step and the amount."""


class Limits:
    """What is used of every limit."""

    def __init__(self) -> None:
        self._windows: dict[Counter, _Window] = {}
        self._decisions: OrderedDict[str, list[_Taken]] = OrderedDict()

    def exceeded(self, conditions: Iterable[Condition], request: Request, now_ns: int) -> Exceeded | None:
        """The first limit among *conditions* that has nothing left for *request*.

        Raises:
            Uncounted: the request does not say whose acts are counted.
        """
        for condition in conditions:
            if not isinstance(condition, RateLimit | Budget):
                continue
            whose = counted_for(condition.per, request)
            counter, amount = _counter(condition, whose), _asked(condition, request)
            most = condition.count if isinstance(condition, RateLimit) else condition.amount
            used = self._used(counter, now_ns)
            if used + amount > most:
                wait = self._wait(counter, used + amount - most, now_ns)
                return Exceeded(condition, whose, used, wait)
        return None

    def take(
        self, decision_id: str, conditions: Iterable[Condition], request: Request, now_ns: int
    ) -> tuple[str, ...]:
        """Count *request* under every limit among *conditions*; what is recorded with the decision.

        Raises:
            Uncounted: the request does not say whose acts are counted; nothing is.
        """
        limits = [one for one in conditions if isinstance(one, RateLimit | Budget)]
        named = [(one, counted_for(one.per, request)) for one in limits]
        if decision_id not in self._decisions:
            self._count(
                decision_id,
                [(_counter(one, whose), _asked(one, request)) for one, whose in named],
                now_ns,
            )
        return tuple(f"{one.bucket}|{whose}" for one, whose in named)

    def fold(self, event: PolicyDecision, at_ns: int) -> None:
        """Count what was decided and recorded at that time, by whichever process; once each."""
        if event.outcome is not Outcome.CONDITIONAL or event.decision_id in self._decisions:
            return
        found: list[tuple[Counter, int]] = []
        for condition, limit in zip(_limits(event.conditions), event.limits, strict=False):
            bucket, _, whose = limit.partition("|")
            amount = _amount(condition, event.asked.context) * event.count
            found.append((_counter(condition, whose, bucket), amount))
        self._count(event.decision_id, found, at_ns)

    def settle(self, decision_id: str, used: Mapping[BudgetUnit, int]) -> None:
        """Correct what the decision took from budgets to what was used in the end."""
        taken = self._decisions.get(decision_id, [])
        for index, (counter, step, amount) in enumerate(taken):
            if counter.unit in used:
                actual = used[BudgetUnit(counter.unit)]
                window = self._windows.get(counter)
                if window is not None and window.steps and window.steps[0][0] <= step:
                    window.add(step, actual - amount)
                taken[index] = (counter, step, actual)

    def forget(self, now_ns: int) -> None:
        """Drop counters of which nothing is left in their windows."""
        for counter in list(self._windows):
            if self._used(counter, now_ns) == 0:
                del self._windows[counter]

    def __len__(self) -> int:
        return len(self._windows)

    def _count(self, decision_id: str, uses: Iterable[tuple[Counter, int]], at_ns: int) -> None:
        taken: list[_Taken] = []
        for counter, amount in uses:
            step = _step(counter, at_ns)
            self._windows.setdefault(counter, _Window()).add(step, amount)
            taken.append((counter, step, amount))
        self._decisions[decision_id] = taken
        if len(self._decisions) > DECISIONS_KEPT:
            self._decisions.popitem(last=False)

    def _used(self, counter: Counter, now_ns: int) -> int:
        window = self._windows.get(counter)
        if window is None:
            return 0
        window.drop_before(_step(counter, now_ns - counter.window_s * SECOND_NS))
        return window.total

    def _wait(self, counter: Counter, over: int, now_ns: int) -> float:
        """Seconds until *over* of what was used has left the window."""
        left, step_ns = over, _step_ns(counter)
        for step, amount in self._windows[counter].steps if counter in self._windows else ():
            left -= amount
            if left <= 0:
                return max(0.0, ((step + 1) * step_ns - now_ns) / SECOND_NS + counter.window_s)
        return float(counter.window_s)


def counted_for(per: str, request: Request) -> str:
    """Whose acts are counted together. Raises `Uncounted`."""
    match per:
        case "principal":
            return str(request.principal.ref)
        case "tenant":
            return request.tenant
        case "resource":
            return str(request.resource)
    value = request.context
    for name in per.split("."):
        found = value.get(name) if isinstance(value, Mapping) else None
        if isinstance(found, Mapping):
            value = found
        elif isinstance(found, str | int) and not isinstance(found, bool):
            return str(found)
        else:
            raise Uncounted(f"acts are counted per {per}, and the request has no {name}")
    if isinstance(identity := value.get("id"), str):
        return identity
    raise Uncounted(f"acts are counted per {per}, which has no id")


def _limits(texts: Iterable[str]) -> list[RateLimit | Budget]:
    found: list[RateLimit | Budget] = []
    for text in texts:
        try:
            condition = parse(text)
        except BadCondition:
            continue
        if isinstance(condition, RateLimit | Budget):
            found.append(condition)
    return found


def _counter(condition: RateLimit | Budget, whose: str, bucket: str | None = None) -> Counter:
    unit = condition.unit.value if isinstance(condition, Budget) else "acts"
    return Counter(condition.bucket if bucket is None else bucket, whose, unit, condition.window_s)


def _asked(condition: RateLimit | Budget, request: Request) -> int:
    """What *request* takes. Raises `Uncounted` where a model is asked without saying how much of it."""
    if isinstance(condition, Budget) and request.action is Action.INVOKE_MODEL:
        name = condition.unit.value
        if condition.unit in (BudgetUnit.TOKENS, BudgetUnit.CENTS) and name not in request.context:
            raise Uncounted(f"there is a budget of {name}, and the request does not say how many")
    return _amount(condition, request.context)


def _amount(condition: RateLimit | Budget, context: Attributes) -> int:
    """What the act takes; of a budget the most that it may use, which `settle` corrects."""
    if isinstance(condition, RateLimit):
        return 1
    match condition.unit:
        case BudgetUnit.CALLS:
            return 1
        case BudgetUnit.TOKENS:
            return _number(context.get("tokens"))
        case BudgetUnit.CENTS:
            return _number(context.get("cents"))
        case BudgetUnit.CPU_SECONDS:
            cpu, seconds = _number(context.get("cpu_millis")), _number(context.get("execution_timeout_s"))
            return -(-cpu * seconds // 1000)


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def _step_ns(counter: Counter) -> int:
    return max(1, counter.window_s * SECOND_NS // STEPS)


def _step(counter: Counter, at_ns: int) -> int:
    return at_ns // _step_ns(counter)
