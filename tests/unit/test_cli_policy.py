"""`symbi policy` validates, tests and compares bundles that lie in files."""

import json
from pathlib import Path

import cedarpy
import pytest

from app.cli.entry import run

CEDAR = '@id("may") @reason("r") permit (principal, action, resource);\n'
CASES = """\
cases:
  - name: one may
    given: {principal: 'Agent::"a"', action: publish, resource: 'Topic::"t"'}
    expect: allow
"""
STARTER = str(Path(__file__).parents[2] / "docs" / "examples" / "policies" / "starter")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "my bundle"
    (made / "more").mkdir(parents=True)
    (made / "more" / "may.cedar").write_text(CEDAR)
    (made / "may.test.yaml").write_text(CASES)
    (made / "README.md").write_text("# not a policy")
    (made / ".hidden.cedar").write_text("broken")
    return made


def test_a_valid_bundle_is_named_with_its_digest(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "check", str(folder)]) == 0
    assert "my-bundle 1.0.0 is valid: 1 policies, sha256:" in capsys.readouterr().out
    assert run(["policy", "check", str(folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["ok"], found["policies"], found["problems"]) == (True, 1, [])


def test_what_is_wrong_ends_with_2_and_is_told_with_its_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "wrong.yaml").write_text("type: access_control\npolicies:\n  - {id: a, alow: data}\n")
    assert run(["policy", "check", str(folder)]) == 2
    assert f"{folder / 'wrong.yaml'}:3: error: " in capsys.readouterr().out
    assert run(["policy", "check", str(folder), "--json"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert not found["ok"]
    assert {problem["line"] for problem in found["problems"]} == {3}


def test_warnings_are_told_and_fail_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "no.cedar").write_text('@id("no") forbid (principal, action, resource);')
    assert run(["policy", "check", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "warning: may: contradictory: no forbids exactly this" in out
    assert "without @reason" in out


def test_an_operators_own_requirement_is_given_a_meaning(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    definition = folder / "d.symbi"
    definition.write_text("policy p { require: { scanned: true } }\n")
    assert run(["policy", "check", str(definition), "--json"]) == 0
    unmet = json.loads(capsys.readouterr().out)["digest"]
    assert (
        run(["policy", "check", str(definition), "--json", "--requirement", "scanned=condition:audit:full"])
        == 0
    )
    assert json.loads(capsys.readouterr().out)["digest"] != unmet
    assert run(["policy", "check", str(definition), "--requirement", "scanned=condition:scan"]) == 2


@pytest.mark.parametrize("content", [b"\xff\xfe", b""])
def test_files_that_hold_no_policy_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "p.cedar").write_bytes(content)
    assert run(["policy", "check", str(tmp_path)]) == 2
    (tmp_path / "p.cedar").unlink()
    assert run(["policy", "check", str(tmp_path)]) == 2
    assert run(["policy", "check", str(tmp_path / "none")]) == 2


def test_cases_that_pass(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "test", str(folder)]) == 0
    assert "1 of 1 cases pass." in capsys.readouterr().out
    assert run(["policy", "test", STARTER]) == 0


def test_a_case_that_fails_ends_with_1_and_says_what_was_decided(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "may.test.yaml").write_text(CASES.replace("expect: allow", "expect: deny"))
    assert run(["policy", "test", str(folder)]) == 1
    out = capsys.readouterr().out
    assert "may.test.yaml:2: one may" in out
    assert "expected deny, and it is allowed by may" in out
    assert run(["policy", "test", str(folder), "--json"]) == 1
    (case,) = json.loads(capsys.readouterr().out)["cases"]
    assert (case["passed"], case["line"], case["decision"]) == (False, 2, "allowed by may")


def test_cases_are_decided_under_another_bundle(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.cedar"
    other.write_text(CEDAR.replace("permit", "forbid"))
    cases = str(folder / "may.test.yaml")
    assert run(["policy", "test", cases, "--bundle", str(other)]) == 1
    assert run(["policy", "test", cases, "--bundle", str(folder)]) == 0


def test_cases_that_cannot_be_read_end_with_2(folder: Path) -> None:
    (folder / "may.test.yaml").write_text("cases: 3")
    assert run(["policy", "test", str(folder)]) == 2
    (folder / "may.test.yaml").unlink()
    assert run(["policy", "test", str(folder)]) == 2


def test_what_is_different_ends_with_1(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.cedar"
    other.write_text(
        CEDAR.replace('"r"', '"s"') + '@id("new") permit (principal is Agent, action, resource);'
    )
    assert run(["policy", "diff", str(folder), str(other)]) == 1
    out = capsys.readouterr().out
    assert "+ new" in out
    assert "~ may: @reason" in out
    assert '+@reason("s")' in out
    assert run(["policy", "diff", str(folder), str(folder / "more")]) == 0
    assert run(["policy", "diff", str(folder), str(other), "--json"]) == 1
    assert json.loads(capsys.readouterr().out.partition("alike.\n")[2])["added"] == ["new"]


def test_the_schema_is_cedars(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "schema"]) == 0
    cedarpy.Schema.from_str(capsys.readouterr().out)
