"""Who may publish and subscribe to what on NATS: one login per role and per principal, in two accounts.

Permissions alone do not keep the log closed. The broker checks where a message is published and not where
its answer goes, and JetStream answers with the server's own rights: in one account, whoever may ask
JetStream anything, or may command, can have the answer stored as an event by naming `symbi.evt.…` as the
place for it. So the streams and the logins that decide are in the account LOG, everybody else in CLIENTS,
and requests cross over as service imports, whose answers return to CLIENTS whatever subject was named.

What remains: a reader can make a consumer that delivers stored events, unchanged, to another stream of LOG
(`security.alerts`, blobs). Those who read such a stream check signature or digest, as everywhere.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from textwrap import indent
from typing import Literal, TypedDict, get_args

from ..errors import Invalid

EVENTS, ALERTS, BLOBS = "SYMBI_EVENTS", "SYMBI_ALERTS", "SYMBI_BLOBS"
ALERT_SUBJECT = "security.alerts"
OUTPUTS = "symbi.output"
"""What running programs write: `symbi.output.<login of the node>.<task>`, asked of the node itself."""
API_ADVISORY = "$JS.EVENT.ADVISORY.API"
STREAM_ADVISORIES = f"$JS.EVENT.ADVISORY.STREAM.*.{EVENTS}"
"""What JetStream tells of every call of its API, and of what became of the log's stream."""

Role = Literal["admin", "gateway", "projector", "scheduler", "worker", "principal"]
DECIDING: tuple[Role, ...] = ("admin", "gateway")
# What changes, removes or replaces what a stream holds, or copies it out whole.
DESTRUCTIVE = ("UPDATE", "DELETE", "PURGE", "MSG.DELETE", "RESTORE", "SNAPSHOT")
ROLES: tuple[Role, ...] = get_args(Role)
TOKEN = re.compile(r"[A-Za-z0-9_-]+")
NKEY = re.compile(r"U[A-Z2-7]{55}")


class UnusableLoginName(Invalid):
    """{name!r} cannot be the name of a NATS login: use letters, digits, `_` and `-` only."""


class UnusableNkey(Invalid):
    """The public nkey of {name} is malformed: it is "U" and 55 more characters of A-Z and 2-7."""


class NoUsers(Invalid):
    """A NATS server without users would let everybody in. Name at least one."""


class LoginTaken(Invalid):
    """The name or the nkey of the NATS login {name} is another's, too. Give each its own."""


class Rule(TypedDict):
    """Subjects, with wildcards. What is in `deny`, or not in `allow`, is refused."""

    allow: list[str]
    deny: list[str]


class Permissions(TypedDict):
    """What one login may do."""

    publish: Rule
    subscribe: Rule
    answers: bool
    """Whether it may answer each question that reaches it, once and soon, wherever the asker wants that."""


@dataclass(frozen=True)
class NatsUser:
    """One login: its name is a subject token, for a principal the principal's id."""

    name: str
    public_nkey: str
    role: Role
    reader: bool = False  # of a principal: whether it may read the event log

    def __post_init__(self) -> None:
        _check_name(self.name)
        if not NKEY.fullmatch(self.public_nkey):
            # Without the value, which may be a seed by mistake.
            raise UnusableNkey(name=self.name)


def inbox_prefix(name: str) -> str:
    """Where a login receives its answers: the `inbox_prefix` of `nats.connect`."""
    return f"_INBOX.{_check_name(name)}"


def permissions(role: Role, name: str, reader: bool = False) -> Permissions:
    """What the login `name` may do in `role`. Its answers come to its own inbox and nowhere else.

    `reader` counts for principals only: operators and viewers, who read the event log.
    Raises `UnusableLoginName`.
    """
    inbox = f"{inbox_prefix(name)}.>"
    publish, subscribe = _grants(role, name, reader)
    # The admin login makes streams and buckets at the start; it too cannot touch what the log holds.
    protected = EVENTS if role == "admin" else ">"
    return {
        "publish": {"allow": publish, "deny": [f"$JS.API.STREAM.{verb}.{protected}" for verb in DESTRUCTIVE]},
        "subscribe": {"allow": [inbox, *subscribe], "deny": []},
        "answers": role == "worker",
    }


def render_users(users: Iterable[NatsUser]) -> str:
    """The `accounts` block of a NATS configuration with these users and no others, in any order.

    Raises `NoUsers` when there are none; `LoginTaken` when two share a key, or a name with other rights.
    """
    ordered = sorted(users, key=lambda user: (user.role, user.name, user.public_nkey))
    if not ordered:
        raise NoUsers
    _check_distinct(ordered)
    deciding = [_user_block(user) for user in ordered if user.role in DECIDING]
    others = [_user_block(user) for user in ordered if user.role not in DECIDING]
    log = ["jetstream: enabled", *_list("exports", _exports()), *_list("users", deciding)]
    clients = [*_list("imports", _imports()), *_list("users", others)]
    return "\n".join(["accounts {", *_block("LOG", log), *_block("CLIENTS", clients), "}", ""])


def _grants(role: Role, name: str, reader: bool) -> tuple[list[str], list[str]]:
    commands = f"symbi.cmd.{name}.>"
    match role:
        case "admin":
            return ["$JS.API.>"], []
        case "gateway":
            answers = ["_INBOX.>", "_R_.>"]  # `_R_` is how the server spells an asker in the other account
            publish = ["symbi.evt.>", ALERT_SUBJECT, *answers, *_reads(EVENTS), *_blobs()]
            return publish, ["symbi.cmd.>", API_ADVISORY, STREAM_ADVISORIES]
        case "projector":
            return [ALERT_SUBJECT, *_reads(EVENTS)], []
        case "scheduler":
            return [commands, *_reads(EVENTS)], ["symbi.node.>"]
        case "worker":
            own = f"symbi.node.{name}.>"
            return [commands, own, *_reads(EVENTS), *_blobs()], [own, f"{OUTPUTS}.{name}.*"]
        case "principal":
            reads = [*_reads(EVENTS), *_blobs(), f"{OUTPUTS}.>"]
            return [commands, *(reads if reader else [])], [ALERT_SUBJECT]


def _reads(stream: str) -> list[str]:
    """All that a consumer of one stream asks of JetStream; listing other people's consumers is not in it."""
    return [
        "$JS.API.INFO",
        "$JS.API.STREAM.NAMES",
        f"$JS.API.STREAM.INFO.{stream}",
        f"$JS.API.STREAM.MSG.GET.{stream}",
        f"$JS.API.CONSUMER.CREATE.{stream}",
        f"$JS.API.CONSUMER.CREATE.{stream}.>",
        f"$JS.API.CONSUMER.INFO.{stream}.>",
        f"$JS.API.CONSUMER.DELETE.{stream}.>",
        f"$JS.API.CONSUMER.MSG.NEXT.{stream}.>",
        f"$JS.API.DIRECT.GET.{stream}",
        f"$JS.API.DIRECT.GET.{stream}.>",
        f"$JS.ACK.{stream}.>",
        f"$JS.ACK.*.*.{stream}.>",
        f"$JS.FC.{stream}.>",
    ]


def _blobs() -> list[str]:
    """Put and get in the object store of the blobs; each is stored once and never purged from here."""
    return [f"$O.{BLOBS}.>", *_reads(f"OBJ_{BLOBS}")]


def _requests() -> list[str]:
    """What CLIENTS may ask of LOG, each login as far as its own permissions go."""
    return list(dict.fromkeys(["symbi.cmd.>", ALERT_SUBJECT, *_reads(EVENTS), *_blobs()]))


def _deliveries() -> list[str]:
    """What flows from LOG to CLIENTS without being asked each time: push consumers and alerts."""
    return ["_INBOX.>", ALERT_SUBJECT]


def _exports() -> list[str]:
    # One answer per request, but for a pull from a consumer and a batch of stored messages.
    many = ", response_type: stream"
    several = {each for each in _requests() if "MSG.NEXT" in each or "DIRECT.GET" in each}
    services = [f'{{ service: "{each}"{many if each in several else ""} }}' for each in _requests()]
    return services + [f'{{ stream: "{each}" }}' for each in _deliveries()]


def _imports() -> list[str]:
    services = [f'{{ service: {{ account: LOG, subject: "{each}" }} }}' for each in _requests()]
    return services + [f'{{ stream: {{ account: LOG, subject: "{each}" }} }}' for each in _deliveries()]


def _user_block(user: NatsUser) -> str:
    granted = permissions(user.role, user.name, user.reader)
    reads = ", reads the log" if user.reader and user.role == "principal" else ""
    lines = [
        f"{{ # {user.name}: {user.role}{reads}",
        f"  nkey: {user.public_nkey}",
        "  permissions: {",
        f"    publish: {_rule(granted['publish'])}",
        f"    subscribe: {_rule(granted['subscribe'])}",
        *(['    allow_responses: { max: 1, expires: "10s" }'] if granted["answers"] else []),
        "  }",
        "}",
    ]
    return "\n".join(lines)


def _rule(rule: Rule) -> str:
    """JSON's lists of strings are those of the NATS configuration; an absent `deny` denies nothing."""
    denied = f", deny: {json.dumps(rule['deny'])}" if rule["deny"] else ""
    return f"{{ allow: {json.dumps(rule['allow'])}{denied} }}"


def _block(name: str, lines: list[str]) -> list[str]:
    return [f"  {name} {{", indent("\n".join(lines), "    "), "  }"]


def _list(name: str, entries: list[str]) -> list[str]:
    return [f"{name}: [", indent("\n".join(entries), "  "), "]"]


def _check_distinct(users: list[NatsUser]) -> None:
    """One login may have several nkeys; a principal that bore the name of a role would share its inbox."""
    rights: dict[str, tuple[Role, bool]] = {}
    nkeys: set[str] = set()
    for user in users:
        if rights.setdefault(user.name, (user.role, user.reader)) != (user.role, user.reader):
            raise LoginTaken(name=user.name)
        if user.public_nkey in nkeys:
            raise LoginTaken(name=user.name)
        nkeys.add(user.public_nkey)


def _check_name(name: str) -> str:
    if not TOKEN.fullmatch(name):
        raise UnusableLoginName(name=name)
    return name
