"""The bundle that decides now; none at first, and then everything is denied."""

from .bundle.bundle import Bundle
from .bundle.predicates import Evaluate
from .decision import Decision, Deny
from .engine.engine import Engine
from .engine.entities import Entities
from .request import Request

NONE_ACTIVE = (
    "no policies are active, so nothing is allowed: "
    "`symbi policy apply docs/examples/policies/starter --activate` begins with the starter bundle"
)


class InForce:
    """One enforcement point's policies. A decision is made by exactly one bundle, which it names.

    Not for several threads at once.
    """

    def __init__(self, entities: Entities, evaluate: Evaluate) -> None:
        self._entities = entities
        self._evaluate = evaluate
        self._engine: Engine | None = None

    @property
    def engine(self) -> Engine | None:
        return self._engine

    @property
    def digest(self) -> str | None:
        """Of the bundle that decides."""
        return self._engine.bundle.digest if self._engine is not None else None

    def activate(self, bundle: Bundle) -> None:
        """Let *bundle* decide from the next request on; it is made ready before the old one leaves."""
        engine = Engine(bundle, self._entities, self._evaluate)
        engine.warm()
        self._engine = engine

    def deactivate(self) -> None:
        """Deny everything from the next request on."""
        self._engine = None

    def decide(self, request: Request) -> Decision:
        """The decision of the active bundle; never raises."""
        if self._engine is None:
            return Deny(NONE_ACTIVE, error=True)
        return self._engine.decide(request)
