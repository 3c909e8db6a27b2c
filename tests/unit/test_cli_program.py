"""The command line as a whole: its help, its speed, its completion, its reference."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.cli.program import command
from scripts import cli_reference

ROOT = Path(__file__).parents[2]
SYMBI = [sys.executable, "-c", "from app.cli import main; main()"]
SLOW = {
    "sqlalchemy",
    "nats",
    "docker",
    "cryptography",
    "nacl",
    "structlog",
    "psutil",
    "app.config",
    "events.base",
}
"""What must not be loaded to show help or to complete a word."""


def verbs(group: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, found in (group or command()).commands.items():
        if hasattr(found, "commands"):
            yield from verbs(found, (*path, name))
        else:
            yield (*path, name), found


def symbi(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*SYMBI, *arguments],
        cwd=ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_verbs_are_these() -> None:
    assert {" ".join(path) for path, _ in verbs()} >= {
        *("quickstart", "up", "status", "doctor", "config show"),
        *("agent spawn", "agent list", "agent show", "agent history", "agent suspend", "agent resume"),
        *("agent halt", "agent terminate", "task submit", "task list", "task show", "task logs"),
        *("task cancel", "task retry", "events tail", "events show", "events query", "events quarantine"),
        *("events orphans", "projections list", "projections rebuild", "projections verify"),
        *("identity add", "identity list", "identity show", "identity terminate", "role grant"),
        *("role revoke", "keys list", "keys issue", "keys rotate", "keys revoke"),
    }


@pytest.mark.parametrize(("path", "verb"), [pytest.param(*item, id=" ".join(item[0])) for item in verbs()])
def test_every_verb_says_what_it_does_and_takes_the_common_options(path: tuple[str, ...], verb: Any) -> None:
    assert verb.help, path
    options = {name for parameter in verb.params for name in parameter.opts}
    assert {"--data-dir", "--config", "--nats-url", "--postgres-url", "--json", "--as"} <= options
    assert all(parameter.help for parameter in verb.params), path


def test_help_loads_nothing_slow() -> None:
    program = (
        "import sys; from app.cli.entry import run; "
        "code = run(['agent', '--help']); "
        f"print(sorted(set(sys.modules) & {SLOW!r}), code, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr.strip() == "[] 0"
    assert "terminate" in done.stdout


def test_the_version_is_told() -> None:
    done = symbi("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("symbi 0.")


@pytest.mark.parametrize(
    ("words", "expected"),
    [("symbi age", "agent"), ("symbi task su", "submit"), ("symbi identity add x --ki", "--kind")],
)
def test_the_shell_can_complete_words(words: str, expected: str) -> None:
    done = symbi(_SYMBI_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(len(words.split()) - 1))
    assert expected in done.stdout.split()


def test_the_reference_is_up_to_date() -> None:
    assert cli_reference.outdated() == []


def test_the_reference_names_every_verb_option_and_setting() -> None:
    page = cli_reference.cli()
    for path, verb in verbs():
        assert f"\n## symbi {' '.join(path)}\n" in page
        assert all(f"`{name}`" in page for parameter in verb.params for name in parameter.opts if "-" in name)
    settings = cli_reference.configuration()
    from app.config.known import variable
    from app.config.settings import keys

    assert all(variable(key) in settings for key in keys())


def test_an_outdated_reference_fails_the_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_reference, "FOLDER", tmp_path)
    assert cli_reference.main(["--check"]) == 1
    assert cli_reference.main([]) == 0
    assert cli_reference.main(["--check"]) == 0
    (tmp_path / "cli.md").write_text("old")
    assert cli_reference.main(["--check"]) == 1
