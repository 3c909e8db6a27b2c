"""A witness killed before, while and after it keeps a checkpoint never cosigns two views."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.adapters.witness import HttpWitness
from app.ports.witness import WitnessSilent
from tests.support.witnessed_log import WitnessedLog

GOOD, FORK = WitnessedLog(), WitnessedLog("fork")

PROGRAM = """
import json, os, signal, sys, threading
from pathlib import Path

from app.adapters import durable_files
from app.adapters.witness import FileWitnessState, WitnessServer
from app.services.witness import Witness
from events.signing import provider
from tests.support.witnessed_log import LOG, ORIGIN, WITNESS

moment = sys.argv[2]

def die():
    os.kill(os.getpid(), signal.SIGKILL)

class Dying(FileWitnessState):
    def save(self, origin, note):
        if self.load(origin) is None:
            return super().save(origin, note)
        if moment == "before":
            die()
        if moment == "while":
            durable_files.os.replace = lambda *paths: die()
        super().save(origin, note)
        if moment == "after":
            die()

witness = Witness(WITNESS, {ORIGIN: [LOG.verifier]}, Dying(Path(sys.argv[1])), provider(), lambda: 1)
server = WitnessServer(witness, "127.0.0.1", 0)
server.start()
print(json.dumps(server.url), flush=True)
threading.Event().wait()
"""


@contextmanager
def serving(directory: Path, moment: str) -> Iterator[tuple[HttpWitness, "subprocess.Popen[Any]"]]:
    """A witness that dies at that *moment* of its second write; the way to it."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(directory), moment], stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        way = HttpWitness(json.loads(process.stdout.readline()))
        try:
            yield way, process
        finally:
            way.close()
            process.kill()


@pytest.mark.parametrize(("moment", "known"), [("before", 7), ("while", 7), ("after", 9)])
async def test_killed_around_its_write(tmp_path: Path, moment: str, known: int) -> None:
    with serving(tmp_path, moment) as (way, process):
        assert (await way.add_checkpoint(GOOD.asking(0, 7))).status == 200
        with pytest.raises(WitnessSilent):
            await way.add_checkpoint(GOOD.asking(7, 9))
        assert process.wait(20) == -signal.SIGKILL
    with serving(tmp_path, "never") as (way, _):
        answer = await way.add_checkpoint(GOOD.asking(5, 12))
        assert (answer.status, answer.body) == (409, f"{known}\n".encode())
        # What it may have been about to say is all that it can say: no other tree of that size.
        for size in (9, 12):
            assert (await way.add_checkpoint(FORK.asking(known, size))).status == 422
        assert (await way.add_checkpoint(GOOD.asking(known, 9))).status == 200
        assert (await way.add_checkpoint(FORK.asking(9, 9))).status == 422
