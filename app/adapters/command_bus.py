"""Sends commands: over NATS, or straight to the gateway of this very process."""

import asyncio

import nats.errors
from nats.aio.client import Client
from pydantic import ValidationError

from events.commands import Answer, SignedRequest
from events.identifiers import COMMAND_SUBJECTS

from ..errors import Corrupt, Invalid, Unavailable
from ..ports.commands import PING, Decides


class NoGateway(Unavailable):
    """No gateway takes commands: {cause}. Start a runtime with `symbi up`, or look at `symbi status`."""


class CommandTooLarge(Invalid):
    """The command has {size} bytes, and the server takes {limit}: put large content into files of a task."""


class NotAnswered(Unavailable):
    """Not answered within {timeout_s} s; send the same command again to learn what became of it."""


class AnswerUnreadable(Corrupt):
    """The answer to the command cannot be read: {why}"""


class NoPong(Unavailable):
    """The gateway does not answer within {timeout_s} s: it is busy, or gone. `symbi doctor` looks further."""


class NatsCommandBus:
    """`CommandBus` over request-reply."""

    def __init__(self, nc: Client) -> None:
        self._nc = nc

    async def send(self, request: SignedRequest, *, timeout: float = 10.0) -> Answer:
        if len(request.payload) > self._nc.max_payload:
            raise CommandTooLarge(size=len(request.payload), limit=self._nc.max_payload)
        try:
            reply = await self._nc.request(
                request.subject, request.payload, timeout=timeout, headers=request.headers
            )
        except nats.errors.NoRespondersError:
            raise NoGateway(cause="nobody is subscribed") from None
        except nats.errors.TimeoutError:
            raise NotAnswered(timeout_s=timeout) from None
        except nats.errors.Error as error:
            raise NoGateway(cause=str(error) or type(error).__name__) from None
        try:
            return Answer.model_validate_json(reply.data)
        except ValidationError as error:
            raise AnswerUnreadable(why=str(error)) from None

    async def ping(self, principal: str, *, timeout: float = 2.0) -> None:
        try:
            await self._nc.request(f"{COMMAND_SUBJECTS}.{principal}.{PING}", b"", timeout=timeout)
        except nats.errors.NoRespondersError:
            raise NoGateway(cause="nobody is subscribed") from None
        except nats.errors.TimeoutError:
            raise NoPong(timeout_s=timeout) from None
        except nats.errors.Error as error:
            raise NoGateway(cause=str(error) or type(error).__name__) from None


class LocalCommandBus:
    """`CommandBus` of the components that share a process with the gateway."""

    def __init__(self, gateway: Decides) -> None:
        self._gateway = gateway

    async def send(self, request: SignedRequest, *, timeout: float = 10.0) -> Answer:
        # Whoever asks may be stopped; what is being recorded is recorded all the same, and must be counted.
        return await asyncio.shield(self._gateway.answer(request, verified=True))

    async def ping(self, principal: str, *, timeout: float = 2.0) -> None:
        return None
