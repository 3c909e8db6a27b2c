"""The streams that hold the events and the alerts."""

from typing import Any

from nats.aio.client import Client

from events.identifiers import EVENT_SUBJECTS

from ...errors import Invalid
from ...ports.event_log import LogUnavailable
from ..nats_permissions import ALERT_SUBJECT, ALERTS, EVENTS
from .api import ask
from .errors import NAME_IN_USE, PASSING, STREAM_NOT_FOUND, Patience, Refused, Unanswered

SECOND = 1_000_000_000
WINDOW = 120 * SECOND
ALERTS_KEPT = 30 * 24 * 3600 * SECOND
PATIENCE = 20.0

AS_WANTED = (
    "subjects",
    "retention",
    "storage",
    "discard",
    "deny_delete",
    "deny_purge",
    "allow_direct",
    "allow_atomic",
)
AT_LEAST = ("num_replicas", "duplicate_window")
# A limit on bytes refuses new events when the log is full; these remove old ones, or could.
NO_LIMIT = ("max_msgs", "max_msgs_per_subject", "max_age", "subject_delete_marker_ttl")
UNSET = (
    "sealed",
    "no_ack",
    "persist_mode",
    "first_seq",
    "mirror",
    "sources",
    "subject_transform",
    "allow_rollup_hdrs",
    "allow_msg_ttl",
    "allow_msg_counter",
    "allow_msg_schedules",
)
UNSET_ANYWAY = {"persist_mode": "default", "first_seq": 1}

Config = dict[str, Any]


class StreamUnusable(Invalid):
    """The stream {stream} has {setting} = {found}, where the log needs {needed}.

    Change it with an administrator's login, or use another account of the server.
    """


def events_config(name: str = EVENTS, *, replicas: int = 1, window_ns: int = WINDOW) -> Config:
    """How the stream of the events is set up: nothing in it can be changed, removed or pushed out."""
    return {
        "name": name,
        "subjects": [f"{EVENT_SUBJECTS}.>"],
        "retention": "limits",
        "storage": "file",
        "discard": "new",
        "num_replicas": replicas,
        "max_msgs": -1,
        "max_msgs_per_subject": -1,
        "max_bytes": -1,
        "max_age": 0,
        "max_consumers": -1,
        "duplicate_window": window_ns,
        "deny_delete": True,
        "deny_purge": True,
        "allow_direct": True,
        "allow_atomic": True,
    }


def alerts_config(*, replicas: int = 1) -> Config:
    """How the stream of the alerts is set up."""
    return {
        "name": ALERTS,
        "subjects": [ALERT_SUBJECT],
        "retention": "limits",
        "storage": "file",
        "discard": "old",
        "num_replicas": replicas,
        "max_age": ALERTS_KEPT,
    }


async def ensure_streams(
    nc: Client, *, replicas: int = 1, window_ns: int = WINDOW, patience: float = PATIENCE
) -> None:
    """Make both streams where they are missing; any number of processes may do so at once.

    Raises:
        StreamUnusable: the stream of the events is there and would lose or change events.
        LogUnavailable: the server does not answer within *patience* seconds, or refuses.
    """
    wanted = events_config(replicas=replicas, window_ns=window_ns)
    found = await _ensure(nc, wanted, Patience(nc, patience))
    _compare(wanted, found)
    await _ensure(nc, alerts_config(replicas=replicas), Patience(nc, patience))


async def _ensure(nc: Client, wanted: Config, patience: Patience) -> Config:
    """The stream's configuration, made from *wanted* when there was none."""
    name = wanted["name"]
    while True:
        try:
            config: Config = (await ask(nc, f"STREAM.INFO.{name}"))["config"]
            return config
        except Refused as error:
            if error.code != STREAM_NOT_FOUND:
                await patience.wait(error)
                continue
        except Unanswered as error:
            await patience.wait(error)
            continue
        await _create(nc, wanted, patience)


async def _create(nc: Client, wanted: Config, patience: Patience) -> None:
    try:
        await ask(nc, f"STREAM.CREATE.{wanted['name']}", wanted)
    except Refused as error:
        if error.code in PASSING or error.code == NAME_IN_USE:
            # Somebody else was first, with another configuration perhaps: see what it is.
            return
        raise LogUnavailable(cause=f"the stream {wanted['name']} cannot be made: {error}") from error
    except Unanswered as error:
        await patience.wait(error)


def _compare(wanted: Config, found: Config) -> None:
    """Refuse a stream that could lose, change or refuse events."""
    for setting in AS_WANTED:
        _require(wanted, setting, found.get(setting), wanted[setting], found.get(setting) == wanted[setting])
    for setting in AT_LEAST:
        value = found.get(setting, 0)
        _require(wanted, setting, value, f"at least {wanted[setting]}", value >= wanted[setting])
    for setting in NO_LIMIT:
        value = found.get(setting, 0)
        _require(wanted, setting, value, "no limit", value <= 0)
    for setting in UNSET:
        value = found.get(setting)
        _require(wanted, setting, value, "it unset", not value or value == UNSET_ANYWAY.get(setting))


def _require(wanted: Config, setting: str, found: object, needed: object, fits: bool) -> None:
    if not fits:
        raise StreamUnusable(stream=wanted["name"], setting=setting, found=found, needed=needed)
