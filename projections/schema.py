"""The read side's one metadata: where each projection has got to, and what it could not take."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text

METADATA = MetaData()

CHECKPOINTS = Table(
    "checkpoints",
    METADATA,
    Column("projection", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    # How many rows of `parked` belong to it, so that nobody looks there when there is none.
    Column("parked", Integer, nullable=False),
    # What the last verification found equal to a rebuild, and at which position.
    Column("verified_digest", Text),
    Column("verified_position", BigInteger),
)

PARKED = Table(
    "parked",
    METADATA,
    Column("projection", Text, primary_key=True),
    # Whose history stopped here: `agent/a1`.
    Column("subject", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    # Later events of the same subject, which are not applied either.
    Column("held", Integer, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
)

SNAPSHOTS = Table(
    "snapshots",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("fold_version", Integer, primary_key=True, autoincrement=False),
    Column("chain_hash", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("signature", Text, nullable=False),
    Column("key", Text, nullable=False),
)

ANSWERS = Table(
    "answers",
    METADATA,
    Column("command_id", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("seq", BigInteger),
    Column("answer", LargeBinary, nullable=False),
    Column("request", LargeBinary, nullable=False),
    Index("answers_received_at", "received_at"),
)
