"""Who exists from the first start on: the components, the operator, and the worker of this machine."""

from events.identity import IdentityKind, KeyUse, Role

from ..config import Settings
from ..embedded.data_dir import DataDir
from ..embedded.nats_logins import login
from ..policy.roles import node_principal
from ..services.genesis import Founder
from .keys import Keys
from .logins import OPERATOR


def founders(keys: Keys, data: DataDir, settings: Settings) -> list[Founder]:
    """Their keys are made where they are missing; the gateway comes first, as its key signs the rest."""
    worker = node_principal(settings.worker.node)
    return [
        Founder("gateway", IdentityKind.COMPONENT, keys={KeyUse.EVENT: keys.signing("gateway")}),
        Founder("projector", IdentityKind.COMPONENT, keys={KeyUse.ALERT: keys.signing("projector")}),
        Founder(
            "scheduler",
            IdentityKind.COMPONENT,
            roles=(Role.SCHEDULER,),
            keys={KeyUse.COMMAND: keys.signing("scheduler")},
        ),
        Founder(
            worker,
            IdentityKind.COMPONENT,
            roles=(Role.WORKER,),
            keys={KeyUse.COMMAND: keys.signing(worker)},
            login=login(data, worker).public_nkey,
        ),
        Founder(
            OPERATOR,
            IdentityKind.HUMAN,
            roles=(Role.OPERATOR,),
            keys={KeyUse.COMMAND: keys.signing(OPERATOR)},
            login=login(data, OPERATOR).public_nkey,
        ),
    ]
