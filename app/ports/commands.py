"""Where commands are sent, and who answers them."""

from collections.abc import Sequence
from typing import Protocol

from events.commands import Answer, SignedRequest

PING = "ping"
"""The last token of `symbi.cmd.<principal>.ping`, which is no command: it asks whether anybody is there."""


class CommandBus(Protocol):
    """Carries a signed command to whoever decides, and brings back the answer."""

    async def send(self, request: SignedRequest, *, timeout: float = 10.0) -> Answer:
        """The answer to *request*; sending the same request again gives the first answer.

        Raises:
            Unavailable: nobody answered in time. The command may have been carried out or not:
                send the same request again to find out.
        """
        ...

    async def ping(self, principal: str, *, timeout: float = 2.0) -> None:
        """Return when somebody takes commands; *principal* is who asks.

        Raises:
            Unavailable: nobody does.
        """
        ...


class Decides(Protocol):
    """Answers commands: the gateway."""

    async def screen(self, batch: Sequence[SignedRequest]) -> list[bool]:
        """Which of *batch* are known to be well signed; `answer` need not look at their signatures again."""
        ...

    async def answer(self, signed: SignedRequest, *, verified: bool = False) -> Answer:
        """What became of the command, whatever is wrong with it; *verified* skips its signature.

        Only for a command that this very process has signed, or that `screen` found well signed.
        """
        ...

    def turn_away(self, signed: SignedRequest) -> Answer:
        """The answer to a command that there is no room for now; it is not looked at."""
        ...
