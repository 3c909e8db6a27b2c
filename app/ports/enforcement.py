"""Where everything that acts on the world asks first."""

from typing import Protocol

from ..policy.decision import Decision
from ..policy.request import Request


class Enforcement(Protocol):
    """Decides requests under the bundle that is active at that moment.

    A caller asks before each act and once per act, with everything that the act depends on, and acts only on
    an `Allow`, or on an `AllowWithConditions` whose every condition it carries out; a kind of condition that
    it does not know, it treats as a denial. Everything else means: do not act.
    """

    async def decide(self, request: Request) -> Decision:
        """The decision about *request*, made by exactly one bundle, which it names.

        Never raises but for cancellation: no active bundle, an error in a policy, an unknown entity, a log
        that has been silent for too long are each a `Deny` that says so. A denial, and whatever the audit
        requirements want recorded, is durable in the log before this returns; where it cannot be recorded
        the answer is a `Deny`.
        """
        ...
