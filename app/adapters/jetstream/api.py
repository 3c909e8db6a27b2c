"""Requests to the API of JetStream."""

from dataclasses import dataclass
from typing import Any

import orjson
from nats.aio.client import Client

from .errors import Effort, Refused, Unanswered, translated

NO_MESSAGE_FOUND = 10037
ANSWER_WITHIN = 2.0
"""Seconds for one request."""


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What the log needs to know of its stream."""

    last_seq: int
    max_message: int
    """Bytes of one message with its headers; -1 for no limit of its own."""
    window: float
    """Seconds in which the server recognises an event id."""
    replicas: int


async def ask(nc: Client, verb: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """One request, `STREAM.INFO.X` for instance, and its answer. Raises `Refused` or `Unanswered`."""
    if not nc.is_connected:
        raise Unanswered("the server is away")
    request = orjson.dumps(body) if body is not None else b""
    with translated:
        message = await nc.request(f"$JS.API.{verb}", request, timeout=ANSWER_WITHIN)
    answer: dict[str, Any] = orjson.loads(message.data)
    if error := answer.get("error"):
        raise Refused(error.get("err_code", 0), error.get("description", ""))
    return answer


async def ask_patiently(nc: Client, verb: str, body: dict[str, Any] | None, effort: Effort) -> dict[str, Any]:
    """As `ask`, again and again. Raises `LogUnavailable`."""
    while True:
        try:
            return await ask(nc, verb, body)
        except (Refused, Unanswered) as error:
            await effort.wait(error)


async def stream_info(nc: Client, stream: str, effort: Effort) -> StreamInfo:
    """How the stream is set up, and where it ends, as its leader knows. Raises `LogUnavailable`."""
    answer = await ask_patiently(nc, f"STREAM.INFO.{stream}", None, effort)
    config = answer["config"]
    return StreamInfo(
        last_seq=answer["state"]["last_seq"],
        max_message=config.get("max_msg_size", -1),
        window=config["duplicate_window"] / 1e9,
        replicas=config["num_replicas"],
    )


async def last_on_leader(nc: Client, stream: str, boundary: str, effort: Effort) -> int:
    """The last position inside *boundary*, from the leader, which knows every acknowledged event."""
    while True:
        try:
            answer = await ask(nc, f"STREAM.MSG.GET.{stream}", {"last_by_subj": boundary})
            return int(answer["message"]["seq"])
        except (Refused, Unanswered) as error:
            if isinstance(error, Refused) and error.code == NO_MESSAGE_FOUND:
                return 0
            await effort.wait(error)


async def delete_consumer(nc: Client, stream: str, consumer: str) -> None:
    """Ask for the end of a consumer, without waiting; the server forgets an abandoned one by itself."""
    if nc.is_connected:
        with translated:
            await nc.publish(f"$JS.API.CONSUMER.DELETE.{stream}.{consumer}")
