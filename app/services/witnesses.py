"""Has checkpoints cosigned by the witnesses that a trust policy names, until its quorum is reached."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from events.signing import Provider

from ..audit.notes import (
    MalformedNote,
    Note,
    NoteRejected,
    Signed,
    TrustPolicy,
    VerifierKey,
    good_signatures,
    parse_lines,
)
from ..audit.notes.encoding import decimal
from ..audit.sealing import Sealed
from ..audit.tree import consistency
from ..audit.witnessing import AddCheckpoint
from ..errors import Corrupt, Unavailable
from ..ports.tiles import TileStore
from ..ports.witness import Reply, WitnessLine

ATTEMPTS = 3
"""Questions to one witness about one checkpoint: what it knows already comes out in the first answer."""


class WitnessAhead(Corrupt):
    """The witness {witness} cosigned {found} events of this log, which has {size}: the log lost its past."""


class WitnessContradicts(Corrupt):
    """The witness {witness} refuses the log of {size} events: {reason}. It cosigned another history."""


class WitnessUnusable(Unavailable):
    """The witness {witness} does not cosign: {reason}."""


@dataclass(frozen=True, slots=True)
class Cosigned:
    """What came of asking every witness about one checkpoint."""

    sealed: Sealed
    """With the cosignatures that came."""
    lines: Mapping[str, Signed] = field(default_factory=dict)
    """The good cosignature of each witness that gave one, by the policy's name for it."""
    failed: Mapping[str, Corrupt | Unavailable] = field(default_factory=dict)
    """Why each of the others gave none. `Corrupt` is for somebody to look into."""
    quorum: bool = False
    """Whether the policy is satisfied."""


class Witnesses:
    """The witnesses of one log. What each of them knows is remembered, and learnt where it is not."""

    def __init__(
        self, policy: TrustPolicy, ways: Mapping[str, WitnessLine], tiles: TileStore, using: Provider
    ) -> None:
        """*ways* lead to witnesses by the policy's names for them; the others are not asked."""
        self._policy = policy
        self._ways = ways
        self._tiles = tiles
        self._using = using
        self._known: dict[str, int] = {}
        """The size of the newest checkpoint that each cosigned, as far as it is known here."""

    async def cosign(self, sealed: Sealed) -> Cosigned:
        """Ask all of them at once about *sealed*, the newest checkpoint there is, and wait for all."""
        names = list(self._ways)
        came = await asyncio.gather(*(self._ask(name, sealed) for name in names), return_exceptions=True)
        lines: dict[str, Signed] = {}
        failed: dict[str, Corrupt | Unavailable] = {}
        for name, outcome in zip(names, came, strict=True):
            if isinstance(outcome, Signed):
                lines[name] = outcome
            elif isinstance(outcome, Corrupt | Unavailable):
                failed[name] = outcome
            else:
                raise outcome
        quorum = self._policy.satisfied([one.key for one in lines.values()])
        return Cosigned(sealed.with_lines(one.line for one in lines.values()), lines, failed, quorum)

    async def _ask(self, name: str, sealed: Sealed) -> Signed:
        for _ in range(ATTEMPTS):
            old = self._known.get(name, 0)
            if old > sealed.size:
                raise WitnessAhead(witness=name, found=old, size=sealed.size)
            plan = consistency(old, sealed.size)
            proof = tuple(plan.make(await self._tiles.read(plan.tiles())))
            reply = await self._ways[name].add_checkpoint(AddCheckpoint(old, proof, sealed.note).to_bytes())
            match reply.status:
                case 200:
                    signed = self._cosignature(name, sealed, reply)
                    self._known[name] = sealed.size
                    return signed
                case 409:
                    self._known[name] = self._size(name, reply)
                case 422:
                    raise WitnessContradicts(witness=name, size=sealed.size, reason=_said(reply))
                case status:
                    raise WitnessUnusable(witness=name, reason=f"{status}, {_said(reply)}")
        raise WitnessUnusable(witness=name, reason="it names another size each time; others ask it too")

    def _cosignature(self, name: str, sealed: Sealed, reply: Reply) -> Signed:
        key: VerifierKey = self._policy.witnesses[name].key
        try:
            lines = parse_lines(reply.body.decode())
            signed = good_signatures(Note(Note.parse(sealed.note).text, lines), [key], self._using)
        except (UnicodeDecodeError, MalformedNote, NoteRejected) as error:
            raise WitnessUnusable(witness=name, reason=error) from None
        if not signed:
            raise WitnessUnusable(witness=name, reason="its cosignature is not by the key that is known here")
        return signed[0]

    def _size(self, name: str, reply: Reply) -> int:
        try:
            return decimal(reply.body.decode("ascii").removesuffix("\n"))
        except ValueError:
            raise WitnessUnusable(witness=name, reason=f"409, {_said(reply)}") from None


def _said(reply: Reply) -> str:
    return reply.body[:200].decode("utf-8", "replace").strip()
