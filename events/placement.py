"""Where a task may run, and where it would rather: what is asked of the labels of nodes."""

from typing import Annotated

from pydantic import Field, StringConstraints

from .base import Record
from .identifiers import Token

LabelValue = Annotated[str, StringConstraints(max_length=256)]


class Placement(Record):
    """What is asked of the labels of the node that a task is given to."""

    requires: dict[Token, LabelValue] = Field(default_factory=dict, max_length=64)
    """A node without every one of these never gets it."""
    avoids: dict[Token, LabelValue] = Field(default_factory=dict, max_length=64)
    """A node with any one of these never gets it."""
    prefers: dict[Token, LabelValue] = Field(default_factory=dict, max_length=64)
    """Of the nodes that have room, those with most of these are taken first."""


def together(first: Placement | None, second: Placement | None) -> Placement | None:
    """What both ask for; of a label that both name, what *second* says."""
    if first is None or second is None:
        return first or second
    return Placement(
        requires={**first.requires, **second.requires},
        avoids={**first.avoids, **second.avoids},
        prefers={**first.prefers, **second.prefers},
    )
