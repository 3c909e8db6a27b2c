"""Who asks, and is it really they: the checks on a command's bytes before anything is decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from pydantic import ValidationError

from events import clock, signing, strict_json
from events.commands import BY_NAME, Request, SignedRequest
from events.identifiers import COMMAND_SUBJECTS
from events.identity import KeyUse

from ..errors import Denied, Invalid
from .keyring import Keyring
from .world import AnyCommand

TENANT = "default"
"""The one tenant that there is: identities name none, so nobody's word for another could be checked."""


class Unsigned(Denied):
    """The command carries no signature: send the headers Symbi-Signature and Symbi-Key."""


class UnknownKey(Denied):
    """The key {key} is not a valid command key of {principal}."""


class UnknownTenant(Denied):
    """{principal} may not act for the tenant {tenant}: every principal is of the tenant default."""


class BadSignature(Denied):
    """The signature is not {key}'s over these bytes: the command was altered, or signed otherwise."""


class Stale(Denied):
    """The command was made {age_s} s ago and not seen before; at most {allowed_s} s are allowed."""


class FromTheFuture(Denied):
    """The command is dated {ahead_s} s ahead of this clock; at most {allowed_s} s are allowed."""


class Oversized(Invalid):
    """The command has {size} bytes; at most {limit} are accepted."""


class Malformed(Invalid):
    """The command is not what it should be: {why}"""


class UnknownCommand(Invalid):
    """There is no command {name}."""


class Misdirected(Invalid):
    """The command belongs on the subject {expected}, not on {found}."""


@dataclass(frozen=True, slots=True)
class Authentic:
    """A command whose sender, bytes and shape have been checked."""

    request: Request
    command: AnyCommand
    made_ns: int


class Authenticator:
    """Checks commands against the keys that the log registers."""

    def __init__(self, keyring: Keyring, provider: signing.Provider, *, max_bytes: int) -> None:
        self._keyring = keyring
        self._provider = provider
        self._max_bytes = max_bytes

    def well_signed(self, batch: Sequence[SignedRequest]) -> list[bool]:
        """Whether each bears the signature of the key that it names; whose that is, `check` asks.

        Safe in another thread, where it leaves the interpreter to others most of the time.
        """
        return [
            len(signed.payload) <= self._max_bytes
            and (key := self._keyring.valid_now(signed.key)) is not None
            and signing.verify(
                self._provider, key.public_key, signing.COMMAND_TYPE, signed.payload, signed.signature
            )
            for signed in batch
        ]

    def check(self, signed: SignedRequest, *, verified: bool = False) -> Authentic:
        """What was asked; *verified* skips the signature where it is known to be good, and the parsing where
        this process has signed the command.

        Raises:
            Denied, Invalid: by what is wrong.
        """
        if len(signed.payload) > self._max_bytes:
            raise Oversized(size=len(signed.payload), limit=self._max_bytes)
        if not signed.signature or not signed.key:
            raise Unsigned()
        known = signed.asked if verified else None
        request = known[0] if known is not None else _parse(signed.payload)
        key = self._keyring.valid_now(signed.key)
        if key is None or key.use is not KeyUse.COMMAND or key.identity_id != request.principal:
            raise UnknownKey(key=signed.key, principal=request.principal)
        if not verified and not signing.verify(
            self._provider, key.public_key, signing.COMMAND_TYPE, signed.payload, signed.signature
        ):
            raise BadSignature(key=signed.key)
        if request.tenant != TENANT:
            raise UnknownTenant(principal=request.principal, tenant=request.tenant)
        command_type = BY_NAME.get(request.name)
        if command_type is None or request.type != command_type.wire_type():
            raise UnknownCommand(name=request.name)
        expected = f"{COMMAND_SUBJECTS}.{request.principal}.{request.name}"
        if signed.subject != expected:
            raise Misdirected(expected=expected, found=signed.subject)
        try:
            made_ns = clock.from_wire(request.time)
            command = known[1] if known is not None else command_type.model_validate(request.data)
        except ValidationError as error:
            raise Malformed(why=_words(error), command_id=request.id) from None
        except ValueError as error:
            raise Malformed(why=str(error), command_id=request.id) from None
        return Authentic(request, cast(AnyCommand, command), made_ns)


def check_age(made_ns: int, now_ns: int, allowed_s: float) -> None:
    """Refuse a command that is first seen too long after, or before, the time it carries.

    Raises:
        Stale, FromTheFuture: by which of the two it is.
    """
    age = (now_ns - made_ns) / 1e9
    if age > allowed_s:
        raise Stale(age_s=round(age), allowed_s=allowed_s)
    if age < -allowed_s:
        raise FromTheFuture(ahead_s=round(-age), allowed_s=allowed_s)


def _parse(payload: bytes) -> Request:
    try:
        return Request.model_validate(strict_json.loads(payload))
    except strict_json.NotStrict as error:
        raise Malformed(why=str(error)) from None
    except ValidationError as error:
        raise Malformed(why=_words(error)) from None


def _words(error: ValidationError) -> str:
    parts = []
    for item in error.errors(include_url=False, include_input=False)[:10]:
        where = ".".join(str(part) for part in item["loc"]) or "the command"
        parts.append(f"{where}: {item['msg']}")
    return "; ".join(parts)
