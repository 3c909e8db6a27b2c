"""Every verb, in the order in which the help shows them."""

from collections.abc import Mapping, Sequence

import typer

from . import bodies  # noqa: F401 - it adds verbs to a group
from .agent import agent
from .audit import audit
from .config import config
from .doctor import doctor_verbs
from .dsl import dsl
from .events import events
from .identity import identity
from .keys import keys
from .policy import policy
from .projections import projections
from .quickstart import quickstart_verbs
from .role import role
from .status import status_verbs
from .task import task
from .up import up_verbs
from .witness import witness

ROOT_VERBS: Sequence[typer.Typer] = (quickstart_verbs, up_verbs, status_verbs, doctor_verbs)

GROUPS: Mapping[str, typer.Typer] = {
    "agent": agent,
    "dsl": dsl,
    "policy": policy,
    "task": task,
    "events": events,
    "projections": projections,
    "identity": identity,
    "role": role,
    "keys": keys,
    "audit": audit,
    "witness": witness,
    "config": config,
}
