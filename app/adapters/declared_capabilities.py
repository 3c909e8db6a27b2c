"""Decides by what definitions declare, where no policies are."""

from ..policy.decision import Allow, Decision, Deny, Grounds
from ..policy.request import Action, Request


class DeclaredCapabilities:
    """`app.ports.enforcement.Enforcement`: an agent may call what its definition says that it calls.

    Everything else is denied.
    """

    async def decide(self, request: Request) -> Decision:
        capability = request.context.get("capability")
        if request.action is Action.CALL_TOOL and capability == request.resource.id:
            return Allow(Grounds())
        return Deny(f"{request.principal.id} declares no capability {request.resource.id}")
