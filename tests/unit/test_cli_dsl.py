"""`symbi dsl` tells what is wrong with files, and what follows from those that are right."""

import io
import json
from pathlib import Path

import pytest

from app.cli.entry import run

GOOD = 'agent one(n: int) -> int { capabilities = ["read"] with timeout = 3s { return n; } }\n'
WARNED = "agent one(n: Number) { with { n + 1; } }\n"
WRONG = "agent one() {\n    with timeout = 9d { totl; }\n}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("good", GOOD), ("warned", WARNED), ("wrong", WRONG)):
        (tmp_path / f"{name}.symbi").write_text(text)
    (tmp_path / "notes.txt").write_text("agent")
    return tmp_path


def test_a_right_file_is_said_to_be_right(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["dsl", "check", str(folder / "good.symbi")]) == 0
    assert capsys.readouterr().out == "The definition is right.\n"


def test_a_warning_is_no_failure(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["dsl", "check", str(folder / "warned.symbi")]) == 0
    out = capsys.readouterr().out
    assert out.startswith("warning[unknown-type]: the type `Number` is not declared")
    assert out.endswith("1 warning\n\n")


def test_errors_end_with_2_and_show_the_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["dsl", "check", str(folder / "wrong.symbi")]) == 2
    out = capsys.readouterr().out
    assert f"--> {folder / 'wrong.symbi'}:2:20" in out
    assert "2 |     with timeout = 9d { totl; }\n  |                    ^^\n" in out
    assert "error[unknown-name]: `totl` is not known here" in out


def test_parsing_alone_knows_nothing_of_names(folder: Path) -> None:
    assert run(["dsl", "check", "--syntax-only", str(folder / "wrong.symbi")]) == 0
    (folder / "wrong.symbi").write_text("agent one( {")
    assert run(["dsl", "check", "--syntax-only", str(folder / "wrong.symbi")]) == 2


def test_a_directory_stands_for_the_definitions_in_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["dsl", "check", str(folder), str(folder / "good.symbi"), "--json"]) == 2
    found = {Path(one["file"]).name: one for one in json.loads(capsys.readouterr().out)}
    assert {name: one["ok"] for name, one in found.items()} == {
        "good.symbi": True,
        "warned.symbi": True,
        "wrong.symbi": False,
    }
    assert found["good.symbi"]["agents"] == ["one"]
    assert found["good.symbi"]["digest"].startswith("sha256:")
    first = found["wrong.symbi"]["diagnostics"][0]
    assert (first["severity"], first["code"]) == ("error", "out-of-range")
    assert first["range"] == {"start": {"line": 1, "character": 19}, "end": {"line": 1, "character": 21}}
    (folder / "empty").mkdir()
    assert run(["dsl", "check", str(folder / "empty")]) == 2


def test_a_file_that_is_not_there_is_an_error(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["dsl", "check", str(folder / "nothing.symbi")]) == 2
    assert "cannot be read: No such file" in capsys.readouterr().err


def test_a_definition_may_come_from_stdin(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(WRONG.encode())))
    assert run(["dsl", "check", "-"]) == 2
    assert "--> stdin:2:20" in capsys.readouterr().out


def test_the_configuration_is_shown_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["dsl", "show", str(folder / "good.symbi")]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["name"], shown["capabilities"]) == ("one", ["read"])
    assert shown["limits"]["execution_timeout"] == 3
    assert shown["inputs"] == [{"name": "n", "type": "int"}]


def test_one_of_several_agents_has_to_be_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "two.symbi"
    path.write_text("agent a() { with { } } agent b() { with timeout = 7s { } }")
    assert run(["dsl", "show", str(path)]) == 2
    assert "one must be named: a, b" in capsys.readouterr().err
    assert run(["dsl", "show", str(path), "--agent", "b"]) == 0
    assert json.loads(capsys.readouterr().out)["limits"]["execution_timeout"] == 7
    assert run(["dsl", "show", str(path), "--agent", "c"]) == 2


def test_what_is_wrong_has_no_configuration(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["dsl", "show", str(folder / "wrong.symbi")]) == 2
    assert "error[out-of-range]" in capsys.readouterr().out
    assert run(["dsl", "show", str(folder / "wrong.symbi"), "--json"]) == 2
    [document] = json.loads(capsys.readouterr().out)
    assert not document["ok"]


def test_files_are_laid_out_in_place_and_keep_their_mode(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "good.symbi"
    path.chmod(0o640)
    assert run(["dsl", "fmt", "--check", str(path)]) == 1
    assert path.read_text() == GOOD
    assert run(["dsl", "fmt", str(path)]) == 0
    assert path.stat().st_mode & 0o777 == 0o640
    laid_out = path.read_text()
    assert laid_out.count("\n") > GOOD.count("\n")
    assert capsys.readouterr().out == f"  • {path}\n" * 2
    assert run(["dsl", "fmt", "--check", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"changed": []}
    assert path.read_text() == laid_out


def test_what_would_change_is_shown_and_not_done(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "odd.symbi"
    path.write_text("metadata {\n    a=1  // \x1b[31m\n}\n")
    assert run(["dsl", "fmt", "--diff", str(path)]) == 1
    assert "a=1" in path.read_text()
    assert capsys.readouterr().out == (
        f"--- {path}\n+++ {path}\n@@ -1,3 +1,3 @@\n metadata {{\n"
        "-    a=1  // \\x1b[31m\n+    a = 1  // \\x1b[31m\n }\n"
    )


def test_what_comes_from_stdin_is_laid_out_on_stdout(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"metadata{a=1}")))
    assert run(["dsl", "fmt", "-"]) == 0
    assert capsys.readouterr().out == "metadata {\n    a = 1\n}\n"


def test_a_file_with_errors_stays_as_it_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "broken.symbi"
    path.write_text("agent one( {")
    assert run(["dsl", "fmt", str(path)]) == 2
    assert path.read_text() == "agent one( {"
    assert "error[" in capsys.readouterr().out
