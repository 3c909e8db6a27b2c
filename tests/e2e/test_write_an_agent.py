"""The page for newcomers, typed as it stands, and what else definitions come to on the command line."""

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.cli.entry import run
from tests.support.console import typed
from tests.support.snippets import snippets
from tests.support.up_process import UpProcess

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "write-an-agent.md"
CONSOLES = ("check", "run", "unfit", "calls", "wrong", "deploy")


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UpProcess]:
    runtime = UpProcess(tmp_path_factory.mktemp("agents") / "symbi")
    try:
        yield runtime.start()
    finally:
        runtime.kill()


class Shell:
    """Types commands at the runtime, in this process."""

    def __init__(self, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._data_dir = data_dir
        self._capsys = capsys
        self.code = 0

    def type(self, *words: str) -> str:
        """All that one command prints."""
        self._capsys.readouterr()
        where = ["--data-dir", str(self._data_dir)] if words[0] != "dsl" else []
        self.code = run([*words, *where])
        return "".join(self._capsys.readouterr())

    def json(self, *words: str) -> Any:
        return json.loads(self.type(*words, "--json"))


@pytest.fixture
def shell(
    runtime: UpProcess, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shell:
    monkeypatch.chdir(tmp_path)
    return Shell(runtime.data_dir, capsys)


def test_the_page_does_what_it_shows(shell: Shell, tmp_path: Path) -> None:
    shown = snippets(PAGE)
    definition = tmp_path / "clerk.symbi"
    definition.write_text(shown["clerk.symbi"])
    task = ""
    for name in CONSOLES:
        for step in typed(shown[name]):
            assert step.words[0] == "symbi"
            output = shell.type(*(task if word == "TASK" else word for word in step.words[1:]))
            if "--wait" in step.words and not task:
                task = next(word for word in output.split() if word.startswith("t-"))
            assert step.shows(output), f"{step.words} printed:\n{output}\nand the page shows:\n{step.shown}"
        if name == "check":
            undeclared = '    capabilities = ["read_rows"]\n'
            definition.write_text(definition.read_text().replace(undeclared, shown["declared"]))
        if name == "wrong":
            definition.write_text(f"{shown['schedule']}\n{definition.read_text()}")


RIGHT = """
agent counter(n: int, why: String) -> int {
    capabilities = ["log"]
    with timeout = 20s {
        log(why);
        return n + 1;
    }
}
"""
WRONG = "agent counter(n: int) -> int { with timeout = 20s { return m; } }"
TWO = RIGHT + RIGHT.replace("counter", "other")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "right.symbi").write_text(RIGHT)
    (tmp_path / "wrong.symbi").write_text(WRONG)
    (tmp_path / "two.symbi").write_text(TWO)
    (tmp_path / "three.symbi").write_text(TWO.replace("n + 1", "n + 2"))
    return tmp_path


def test_a_definition_with_errors_makes_a_failed_agent_and_shows_where_they_are(
    shell: Shell, files: Path
) -> None:
    told = shell.type("agent", "spawn", "wrong.symbi", "--id", "wrong")
    assert shell.code == 1
    assert "wrong.symbi:1:60" in told
    assert "return m;" in told
    shell.type("agent", "spawn", "right.symbi", "--id", "right")
    told = shell.type("agent", "deploy", "right", "wrong.symbi")
    assert (shell.code, "wrong.symbi:1:60" in told) == (2, True)


def test_which_agent_of_a_file_is_meant_has_to_be_said(shell: Shell, files: Path) -> None:
    told = shell.type("agent", "spawn", "two.symbi")
    assert shell.code == 2
    assert "counter" in told
    assert "other" in told
    spawned = shell.json("agent", "spawn", "two.symbi", "--agent", "other", "--id", "other", "--wait")
    assert (shell.code, spawned["inputs"]) == (0, ["n", "why"])
    assert shell.json("agent", "show", "other")["name"] == "other"


def test_the_text_that_an_agent_was_made_of_is_kept(shell: Shell, files: Path) -> None:
    shell.type("agent", "spawn", "two.symbi", "--agent", "counter", "--id", "kept", "--wait")
    assert shell.type("agent", "show", "kept", "--definition").strip() == TWO.strip()
    assert shell.json("agent", "show", "kept", "--definition")["text"] == TWO
    assert "They mean the same." in shell.type("agent", "diff", "kept", "two.symbi")
    assert "They mean the same." in shell.type("agent", "diff", "kept", "kept")
    changes = shell.json("agent", "diff", "kept", "three.symbi")
    assert [(change["agent"], change["kind"]) for change in changes] == [("counter", "changed")]


def test_definitions_and_inputs_may_come_from_elsewhere(
    shell: Shell, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(RIGHT))
    shell.type("agent", "spawn", "-", "--id", "piped")
    assert shell.code == 0
    (files / "why.txt").write_text("because\n")
    task = shell.json("task", "submit", "piped", "--input", "n=41", "--input", "why=@why.txt", "--wait")
    assert (task["state"], task["text"]) == ("completed", "42")
    told = shell.type("task", "calls", task["id"], "--content")
    assert '"because\\n"' in told
    [call] = shell.json("task", "calls", task["id"])
    assert (call["tool"], call["outcome"], call["came"]) == ("log", "completed", "null")
    replayed = shell.json("task", "replay", task["id"])
    assert (shell.code, replayed["same"], replayed["calls"]) == (0, True, 1)


def test_only_a_body_has_calls_to_tell_and_a_replay(shell: Shell, files: Path) -> None:
    shell.type("agent", "spawn", "right.symbi", "--id", "idle")
    task = shell.json("task", "submit", "idle", "--noop", "--wait")["id"]
    for verb in ("calls", "replay"):
        assert "runs a program, and not the body" in shell.type("task", verb, task)
        assert shell.code == 1
    assert "--input is for the agent's body" in shell.type(
        "task", "submit", "idle", "--noop", "--input", "n=1"
    )
    assert shell.code == 2
