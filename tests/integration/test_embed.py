"""The page for programs that embed the runtime does what it says."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.snippets import snippets

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/howto/embed.md"


def printed(name: str, folder: Path) -> str:
    """What that program of the page prints."""
    program = folder / name
    program.write_text(snippets(PAGE)[name])
    ran = subprocess.run(
        [sys.executable, program],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_program_of_the_page_runs(tmp_path: Path) -> None:
    out = printed("embed.py", tmp_path)
    assert "agent.readied" in out
    assert "task.completed" in out
    assert "AgentNotRunning" in out
    assert "'ready'" in out
    assert "completed" in out
    assert "healthy" in out.splitlines()


def test_the_tools_of_a_program_are_called_by_bodies(tmp_path: Path) -> None:
    assert "7.75" in printed("tools.py", tmp_path).splitlines()
