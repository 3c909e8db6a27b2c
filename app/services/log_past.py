"""What was seen last of what keeps the log, kept outside the broker: the log's past must still be there."""

import asyncio
from dataclasses import asdict
from pathlib import Path

import orjson
import structlog

from ..errors import Corrupt
from ..ports.event_log import LogShorter
from ..ports.log_store import Holdings, LogStore

LOOKS_AGAIN = 3
"""A store of several servers may speak through one that lags, for a moment: a loss is believed after that
many looks."""
LOOKS_AGAIN_AFTER_S = 1.0

_log = structlog.get_logger(__name__)


class LogReplaced(Corrupt):
    """What keeps the log was made anew at {made_at}, so nothing proves that it holds what was there before.

    Compare it with an export or a mirror. If it is to be the log from now on, remove `log-store.json` from
    the audit directory, and start again.
    """


class SeenBefore:
    """The file that holds what was seen last."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def recall(self) -> Holdings | None:
        """What it holds; None where there is none, or it cannot be read."""
        try:
            return Holdings(**orjson.loads(await asyncio.to_thread(self._path.read_bytes)))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):
            _log.warning("what was seen of the log's store before cannot be read", path=str(self._path))
            return None

    async def keep(self, seen: Holdings) -> None:
        """Hold *seen* instead."""
        await asyncio.to_thread(self._write, orjson.dumps(asdict(seen)))

    def _write(self, text: bytes) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        draft.write_bytes(text)
        draft.replace(self._path)


async def look(store: LogStore, before: Holdings | None) -> Holdings | None:
    """How the store is now, which is believed to hold less than *before* only if it says so several times."""
    now = await store.look()
    for _ in range(LOOKS_AGAIN):
        if now is None or before is None or now.last_seq >= before.last_seq:
            break
        await asyncio.sleep(LOOKS_AGAIN_AFTER_S)
        now = await store.look()
    return now


def refuse_lost_past(before: Holdings, now: Holdings) -> None:
    """Return where *now* can be what became of *before*.

    Raises:
        LogReplaced: it is another store.
        LogShorter: it ends earlier.
    """
    if now.made_at != before.made_at:
        raise LogReplaced(made_at=now.made_at)
    if now.last_seq < before.last_seq:
        raise LogShorter(last=now.last_seq, after=before.last_seq)


async def check_past(store: LogStore, seen: SeenBefore) -> None:
    """Look before anything is written.

    Raises:
        LogReplaced, LogShorter: see `refuse_lost_past`.
        Unavailable: the store does not answer.
    """
    before = await seen.recall()
    now = await look(store, before)
    if before is not None and now is not None:
        refuse_lost_past(before, now)
