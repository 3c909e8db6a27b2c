"""A bundle: policies that are active together, or not at all."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from events import strict_json

from ...errors import Corrupt
from ..schema.types import BOOL, NAMES, Attribute
from .policy import Policy, stored
from .predicates import Predicate
from .problems import Place, Problem

FORMAT = 1
MAX_BYTES = 16 * 1024 * 1024


class BundleCorrupt(Corrupt):
    """These are not the bytes of the bundle {digest}: {why}"""


@dataclass(frozen=True)
class Bundle:
    """Policies that were validated together, and what they read."""

    name: str
    version: str
    description: str
    policies: tuple[Policy, ...]
    """In the order of their ids, which are unique."""
    arguments: Mapping[str, str] = field(default_factory=dict)
    """The arguments of tools that the policies read, and their types by name."""
    predicates: Mapping[str, Predicate] = field(default_factory=dict)
    """The conditions that Cedar cannot hold, by the name under which policies read them."""
    warnings: tuple[Problem, ...] = field(default=(), compare=False)
    """What its authors should look at; not kept with it."""

    @cached_property
    def digest(self) -> str:
        """`sha256:` and 64 hex digits over the canonical JSON of everything but places.

        Comments, spacing, the order of policies and the files they are in change nothing.
        """
        return "sha256:" + hashlib.sha256(strict_json.canonical(self._content)).hexdigest()

    @cached_property
    def by_id(self) -> Mapping[str, Policy]:
        return {policy.id: policy for policy in self.policies}

    @property
    def argument_types(self) -> dict[str, Attribute]:
        """The attributes of `context.arguments`."""
        return {name: Attribute(NAMES[of]) for name, of in self.arguments.items()}

    @property
    def predicate_types(self) -> dict[str, Attribute]:
        """The attributes of `context.holds`."""
        return {name: Attribute(BOOL, True) for name in self.predicates}

    def to_bytes(self) -> bytes:
        """What `load` reads: canonical JSON."""
        places = {
            policy.id: [policy.place.file, policy.place.line, policy.place.column] for policy in self.policies
        }
        return strict_json.canonical({"bundle": self._content, "places": places})

    @cached_property
    def _content(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "name": self.name,
            "version": self.version,
            "description": self.description,
            "policies": [policy.source for policy in self.policies],
            "arguments": dict(self.arguments),
            "predicates": {name: one.to_json() for name, one in self.predicates.items()},
        }


def load(raw: bytes, digest: str) -> Bundle:
    """The bundle that was stored as *raw*.

    Raises:
        BundleCorrupt: it is no bundle, one of a newer format, or another one than *digest* says.
    """
    try:
        document = strict_json.loads(raw, max_bytes=MAX_BYTES)
        content, places = document["bundle"], document["places"]
        if content["format"] != FORMAT:
            raise BundleCorrupt(digest=digest, why=f"its format is {content['format']}, not {FORMAT}")
        bundle = Bundle(
            content["name"],
            content["version"],
            content["description"],
            tuple(_policies(content["policies"], places)),
            content["arguments"],
            {name: Predicate.from_json(one) for name, one in content["predicates"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleCorrupt(digest=digest, why=f"it cannot be read ({error})") from None
    if bundle.digest != digest:
        raise BundleCorrupt(digest=digest, why=f"they are of {bundle.digest}")
    return bundle


def _policies(items: Iterable[str], places: Mapping[str, Any]) -> Iterable[Policy]:
    for text in items:
        policy = stored(text, Place(""))
        file, line, column = places.get(policy.id, ("", 1, 1))
        yield replace(policy, place=Place(str(file), int(line), int(column)))
