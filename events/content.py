"""A pointer to content that lies outside the log, encrypted, in the blob store."""

from typing import Annotated

from pydantic import Field, StringConstraints

from .base import Record

Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]


class ContentRef(Record):
    """Content that an event speaks of but does not hold.

    `digest` is over the stored, encrypted bytes, so that it can be checked without the key and tells
    nothing about the content; the same content under the same scope has the same digest.
    """

    digest: Digest
    size: int = Field(ge=0)
    """Bytes of the content before encryption."""
    media_type: str = "application/octet-stream"
    scope: str
    """Whose data key encrypts it: `agent/<id>`, `task/<id>`."""
