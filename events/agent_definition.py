"""The text that an agent is made from."""

from pydantic import Field

from .agent_config import Name
from .base import Record
from .content import ContentRef, Digest


class DefinitionRef(Record):
    """One agent of one definition file: what runs, and where its text lies."""

    digest: Digest
    """SHA-256 over the bytes of the text."""
    content: ContentRef
    """The text itself, in UTF-8."""
    agent: Name
    """Which of the agents that the text defines."""
    file: str = Field("definition", max_length=256)
    """What messages about the text call it."""
