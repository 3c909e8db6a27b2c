"""What goes wrong on the command line is one message and an exit code."""

import json
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from app.cli.calls import Call, verb
from app.cli.entry import run
from app.errors import Corrupt, Denied, Invalid, Rejected, SymbiError, Unavailable


class NoSuchThing(Rejected):
    """There is no {thing}. `symbi thing list` shows those that exist."""


def program_that(fails: Callable[[], None]) -> Callable[[], Any]:
    """A command line with one verb, `do it`."""

    def make() -> Any:
        group, app = typer.Typer(no_args_is_help=True), typer.Typer()

        @verb(group, "it")
        async def it(call: Call) -> None:
            fails()

        app.add_typer(group, name="do")
        return get_command(app)

    return make


def raising(error: BaseException) -> Callable[[], Any]:
    def fails() -> None:
        raise error

    return program_that(fails)


@pytest.mark.parametrize(
    ("family", "code"), [(Rejected, 1), (Invalid, 2), (Denied, 3), (Unavailable, 4), (Corrupt, 5)]
)
def test_each_family_has_its_exit_code(
    family: type[SymbiError], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["do", "it"], raising(family("it is so"))) == code
    out, err = capsys.readouterr()
    assert (out, err) == ("", "symbi: it is so\n")


def test_with_json_an_error_is_a_document_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["do", "it", "--json"], raising(NoSuchThing(thing="x"))) == 1

    out, err = capsys.readouterr()
    assert out == ""
    assert json.loads(err) == {
        "error": {
            "family": "rejected",
            "code": "NoSuchThing",
            "message": "There is no x. `symbi thing list` shows those that exist.",
            "facts": {"thing": "x"},
        }
    }


def test_an_error_that_nobody_foresaw_is_told_in_a_private_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["do", "it"], raising(ZeroDivisionError("oh"))) == 70

    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert err.startswith("symbi: an unexpected ZeroDivisionError: oh\n")
    path = Path(err.split("Where it happened is in ")[1].split("; --debug")[0])
    assert "ZeroDivisionError" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.unlink()


@pytest.mark.parametrize("error", [ZeroDivisionError("oh"), Unavailable("away")])
def test_debug_shows_where_an_error_came_from(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    run(["do", "it", "--debug"], raising(error))
    assert "Traceback" in capsys.readouterr().err


def test_an_interruption_ends_with_130() -> None:
    assert run(["do", "it"], raising(KeyboardInterrupt())) == 130


@pytest.mark.parametrize("module", ["typer", "app.cli.entry", "app.cli.program", "app.config", "atexit"])
def test_an_interruption_while_it_loads_or_ends_is_no_traceback(module: str) -> None:
    """Ctrl-C at the very moment when *module* is asked for, or when everything is done."""
    program = f"""
import atexit, os, signal, sys
interrupt = lambda *_: os.kill(os.getpid(), signal.SIGINT)
if {module!r} == "atexit":
    atexit.register(interrupt)
class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            interrupt()
sys.meta_path.insert(0, Interrupts())
from app.cli import main
main()
"""
    ran = subprocess.run(
        [sys.executable, "-c", program, "config", "show"], capture_output=True, text=True, timeout=30
    )
    assert (ran.returncode, ran.stderr) == (130, "")


def test_the_exit_code_of_a_verb_is_kept() -> None:
    assert run(["do", "it"], raising(typer.Exit(3))) == 3
    assert run(["do", "it"], program_that(lambda: None)) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["agent", "list", "--jsn"], "No such option: --jsn"),
        (["agent", "spwan"], "No such command 'spwan'"),
        (["agent", "show"], "Missing argument 'AGENT'"),
        (["task", "submit", "a", "--priority", "x", "--", "true"], "--priority"),
        (["identity", "add", "a", "--role", "king"], "'operator', 'agent_owner'"),
    ],
)
def test_a_mistyped_command_ends_with_2_and_says_where_help_is(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert "--help`." in err
    assert "Traceback" not in err


@pytest.mark.parametrize("arguments", [[], ["agent"]])
def test_a_group_without_a_verb_shows_its_help(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert "Usage: symbi" in out
    assert err == ""


def test_without_a_runtime_the_message_says_how_to_start_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from app.embedded.data_dir import DataDir

    DataDir.open(tmp_path / "d")
    assert run(["agent", "list", "--data-dir", str(tmp_path / "d")]) == 4
    assert "symbi up" in capsys.readouterr().err


def test_a_wrong_setting_ends_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SYMBI_NATS__PROT", "1")
    assert run(["config", "show", "--data-dir", str(tmp_path)]) == 2
    assert "nats.port" in capsys.readouterr().err
