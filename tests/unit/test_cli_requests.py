"""From options, files and words to commands."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.cli import choices
from app.cli.requests import BadDefinition, BadOption, BadPair, UnknownForm, build, pairs, read_definition
from app.cli.times import BadDuration, BadTime, nanoseconds, seconds, short
from app.domain.agent import AgentState
from app.domain.task import TaskStatus
from app.errors import Invalid
from events.commands import SpawnAgent, SubmitTask
from events.identity import IdentityKind, KeyUse, RevocationReason, Role
from events.task import NoopWork


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.toml", 'name = "x"\n[limits]\nmemory_mb = 64\n'),
        ("a.json", '{"name": "x", "limits": {"memory_mb": 64}}'),
    ],
)
def test_definitions_are_toml_or_json(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert read_definition(path) == {"name": "x", "limits": {"memory_mb": 64}}


@pytest.mark.parametrize("text", ['name = "x"', ' {"name": "x"}'])
def test_a_definition_on_stdin_may_be_either(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import sys

    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    assert read_definition(Path("-")) == {"name": "x"}


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("a.toml", "name =", BadDefinition),
        ("a.json", "{", BadDefinition),
        ("a.json", "[1]", BadDefinition),
        ("a.yaml", "name: x", UnknownForm),
        ("a.symbi", "agent a {}", UnknownForm),
    ],
)
def test_what_is_no_definition_is_refused(name: str, text: str, error: type[Invalid], tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(error, match=name):
        read_definition(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"gone\.toml cannot be read: No such file"):
        read_definition(tmp_path / "gone.toml")


def test_fields_that_were_not_given_are_left_to_their_defaults() -> None:
    assert build(SpawnAgent, agent_id=None, config={}) == SpawnAgent(config={})


def test_every_field_that_does_not_fit_is_named() -> None:
    with pytest.raises(BadOption) as refusal:
        build(SubmitTask, agent_id="a b", work=NoopWork(), priority=5000)
    assert "agent_id: " in str(refusal.value)
    assert "priority: " in str(refusal.value)


def test_pairs_are_split_at_the_first_equals_sign() -> None:
    assert pairs(["A=1", "B=x=y", "C="], "K=V") == {"A": "1", "B": "x=y", "C": ""}


@pytest.mark.parametrize("given", ["A", "=1", ""])
def test_what_is_no_pair_is_refused(given: str) -> None:
    with pytest.raises(BadPair, match="of the form K=V"):
        pairs([given], "K=V")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("30", 30), ("500ms", 0.5), ("1.5 m", 90), ("2h", 7200), ("1d", 86400), ("1w", 604800)],
)
def test_durations_are_in_seconds(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "soon", "-5s", "5 parsecs", "1e3", "5s5"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(BadDuration, match="is not a duration"):
        seconds(text)


NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-21T10:00:00Z", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        ("2026-11-21T10:00:00+02:00", datetime(2026, 11, 21, 8, tzinfo=UTC)),
        ("90m", datetime(2026, 11, 21, 10, 30, tzinfo=UTC)),
    ],
)
def test_times_are_absolute_or_ago(text: str, expected: datetime) -> None:
    assert nanoseconds(text, NOW) == int(expected.timestamp()) * 1_000_000_000


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(BadTime, match="is not a time"):
        nanoseconds("yesterday", NOW)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (0.0045, "4 ms"),
        (0.25, "250 ms"),
        (2.54, "2.5 s"),
        (12.3, "12 s"),
        (200, "3 min"),
        (9000, "2 h"),
        (4e5, "5 d"),
    ],
)
def test_durations_are_shown_short(given: float, text: str) -> None:
    assert short(given) == text


def test_the_words_of_options_are_the_events_own() -> None:
    from typing import get_args

    assert set(get_args(choices.AgentState)) == set(AgentState) - {AgentState.ABSENT}
    assert {state.value for state in choices.TaskState} == {s.value for s in TaskStatus} - {"absent"}
    assert {role.value for role in choices.Role} == {role.value for role in Role}
    assert set(get_args(choices.IdentityKind)) == set(IdentityKind)
    assert set(get_args(choices.KeyUse)) == set(KeyUse)
    assert set(get_args(choices.RevocationReason)) == set(RevocationReason)
