"""The page for programs that embed the runtime does what it says."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.snippets import snippets

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/howto/embed.md"


def test_the_program_of_the_page_runs(tmp_path: Path) -> None:
    program = tmp_path / "embed.py"
    program.write_text(snippets(PAGE)["embed.py"])
    ran = subprocess.run(
        [sys.executable, program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "agent.readied" in ran.stdout
    assert "task.completed" in ran.stdout
    assert "AgentNotRunning" in ran.stdout
    assert "'ready'" in ran.stdout
    assert "completed" in ran.stdout
    assert "healthy" in ran.stdout.splitlines()
