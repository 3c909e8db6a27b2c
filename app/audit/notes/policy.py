"""Which logs and witnesses somebody trusts, and how many of them (c2sp.org/tlog-policy)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ...errors import Invalid
from .keys import MalformedKey, SignatureType, VerifierKey

NO_QUORUM = "none"


class MalformedPolicy(Invalid):
    """Line {line} of the trust policy: {reason}."""


@dataclass(frozen=True, slots=True)
class KnownLog:
    """A log whose signature counts, and where it is."""

    key: VerifierKey
    url: str = ""


@dataclass(frozen=True, slots=True)
class KnownWitness:
    """A witness whose cosignature counts, and where it is asked for one."""

    key: VerifierKey
    url: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Witnesses and groups, of which at least *needed* must have cosigned."""

    needed: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrustPolicy:
    """A checkpoint is good when one of the logs signed it and the quorum of witnesses cosigned it."""

    logs: tuple[KnownLog, ...] = ()
    witnesses: Mapping[str, KnownWitness] = field(default_factory=dict)
    """By the names that the policy uses, which need not be those of the keys."""
    groups: Mapping[str, Group] = field(default_factory=dict)
    quorum: str = NO_QUORUM

    @classmethod
    def parse(cls, raw: bytes) -> "TrustPolicy":
        """Read a policy file. Raises `MalformedPolicy`."""
        return _Reading().read(raw)

    def keys(self) -> tuple[VerifierKey, ...]:
        """Every key of a log or a witness in it."""
        return (
            *(log.key for log in self.logs),
            *(witness.key for witness in self.witnesses.values()),
        )

    def satisfied(self, cosigners: Collection[VerifierKey]) -> bool:
        """Whether these keys of witnesses are a quorum."""
        return self.quorum == NO_QUORUM or self._witnessed(self.quorum, cosigners)

    def _witnessed(self, name: str, cosigners: Collection[VerifierKey]) -> bool:
        if name in self.witnesses:
            return self.witnesses[name].key in cosigners
        group = self.groups[name]
        return sum(self._witnessed(member, cosigners) for member in group.members) >= group.needed


class _Reading:
    """A policy file as far as it was read."""

    def __init__(self) -> None:
        self.logs: list[KnownLog] = []
        self.witnesses: dict[str, KnownWitness] = {}
        self.groups: dict[str, Group] = {}
        self.members: set[str] = set()
        self.quorum: str | None = None
        self.line = 0

    def read(self, raw: bytes) -> TrustPolicy:
        if any((octet < 0x20 and octet not in b"\t\n") or octet == 0x7F for octet in raw):
            raise self._wrong("there is a control character in it")
        # Names are octets to the format: what is not UTF-8 still has to come out as it went in.
        for self.line, line in enumerate(raw.decode("utf-8", "surrogateescape").split("\n"), start=1):
            words = [word for word in line.replace("\t", " ").split(" ") if word]
            if words and not words[0].startswith("#"):
                self._take(words)
        if self.quorum is None:
            raise self._wrong("no line names the quorum")
        return TrustPolicy(tuple(self.logs), self.witnesses, self.groups, self.quorum)

    def _take(self, words: list[str]) -> None:
        match words:
            case ["log", vkey, *url] if len(url) <= 1:
                key = self._key(vkey, SignatureType.ED25519, [log.key for log in self.logs])
                self.logs.append(KnownLog(key, *url))
            case ["witness", name, vkey, *url] if len(url) <= 1:
                known = [witness.key for witness in self.witnesses.values()]
                key = self._key(vkey, SignatureType.COSIGNATURE, known)
                self.witnesses[self._new(name)] = KnownWitness(key, *url)
            case ["group", name, needed, *members] if members:
                self.groups[self._new(name)] = self._group(needed, members)
            case ["quorum", name]:
                if self.quorum is not None:
                    raise self._wrong("the quorum is named already")
                if name != NO_QUORUM:
                    self._defined(name)
                self.quorum = name
            case _:
                raise self._wrong(f"this is no line of a policy: {' '.join(words):.80}")

    def _key(self, vkey: str, kind: SignatureType, known: list[VerifierKey]) -> VerifierKey:
        try:
            key = VerifierKey.parse(vkey)
        except MalformedKey as error:
            raise self._wrong(error.message) from None
        if key.kind is not kind:
            raise self._wrong(f"{key.name} is a key of type {key.kind:#04x}; {kind:#04x} belongs here")
        if any(key.public_key == other.public_key for other in known):
            raise self._wrong(f"the key of {key.name} is in the policy already")
        return key

    def _group(self, needed: str, members: list[str]) -> Group:
        for member in members:
            self._defined(member)
            if member in self.members:
                raise self._wrong(f"{member} is a member already")
            self.members.add(member)
        every = {"all": str(len(members)), "any": "1"}
        number = every.get(needed, needed)
        if not (number.isascii() and number.isdigit() and 1 <= int(number) <= len(members)):
            raise self._wrong(f"{needed} of {len(members)} members is no quorum")
        return Group(int(number), tuple(members))

    def _new(self, name: str) -> str:
        if name in self.witnesses or name in self.groups or name == NO_QUORUM:
            raise self._wrong(f"{name} is taken")
        return name

    def _defined(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise self._wrong(f"{name} is not defined above")

    def _wrong(self, reason: str) -> MalformedPolicy:
        return MalformedPolicy(line=self.line, reason=reason)
