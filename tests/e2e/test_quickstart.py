"""The main job, as `make run` starts it: on a terminal, then without one, without containers, and as JSON."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.quickstart.examples import load_examples

SYMBI = [sys.executable, "-c", "from app.cli import main; main()"]
WITHIN_S = 110
NO_ENGINE = {"SYMBI_WORKER__DOCKER_HOST": "tcp://127.0.0.1:1"}
AGENTS = [example.name for example in load_examples(None)]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("quickstart") / "symbi"


def quickstart(data_dir: Path, *options: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*SYMBI, "quickstart", "--data-dir", str(data_dir), *options],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
    )


def on_a_terminal(data_dir: Path) -> tuple[int, str]:
    """The exit code, and all that was drawn."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*SYMBI, "quickstart", "--data-dir", str(data_dir)],
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "50"},
        stdout=theirs,
        stderr=theirs,
        stdin=subprocess.DEVNULL,
    )
    os.close(theirs)
    drawn = bytearray()
    try:
        while True:
            try:
                more = os.read(ours, 65536)
            except OSError:  # how Linux says that nobody holds the other end any more
                break
            if not more:
                break
            drawn += more
        return process.wait(timeout=WITHIN_S), drawn.decode()
    finally:
        process.kill()
        process.wait()
        os.close(ours)


# One after the other in one directory: what a newcomer does, and does again.


def test_on_a_terminal_a_table_moves_and_every_life_is_told(data_dir: Path) -> None:
    code, drawn = on_a_terminal(data_dir)
    assert code == 0, drawn[-4000:]
    assert drawn.count("\x1b[1A") > 20, "the cursor never went up, so nothing moved"
    for agent in AGENTS:
        assert f"The life of {agent}" in drawn
    assert "Done" in drawn
    assert "symbi agent list" in drawn


def test_again_without_a_terminal_it_prints_lines_and_the_agents_work_on(data_dir: Path) -> None:
    done = quickstart(data_dir)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert "task.submitted" in done.stdout
    for agent in AGENTS:
        assert f"The life of {agent} (from an earlier run, too)" in done.stdout


def test_without_an_engine_programs_are_refused_with_the_reason_and_the_way_is_shown(data_dir: Path) -> None:
    done = quickstart(data_dir, **NO_ENGINE)
    assert (done.returncode, done.stderr) == (0, "")
    assert "No program could run here" in done.stdout
    assert "tcp://127.0.0.1:1" in done.stdout
    assert "nothing, to show the way" in done.stdout
    assert "task.completed" in done.stdout


def test_as_json_it_is_one_document(data_dir: Path) -> None:
    done = quickstart(data_dir, "--json", **NO_ENGINE)
    found = json.loads(done.stdout)
    assert set(found["agents"]) == set(AGENTS)
    assert found["agents"]["overreach"]["state"] == "failed"
    assert len(found["agents"]["overreach"]["reasons"]) >= 5
    ends = [(task["state"], task["reason"]) for task in found["tasks"].values()]
    assert ("completed", "") in ends
    # Bodies run without an engine: two of them fail on purpose.
    assert {"no_sandbox", "error", "limit"} == {reason for state, reason in ends if state != "completed"}


def test_other_examples_may_be_named(data_dir: Path, tmp_path: Path) -> None:
    done = quickstart(data_dir, "--examples", str(tmp_path))
    assert done.returncode == 2
    assert "--examples" in done.stderr
    assert "Starting" not in done.stdout
