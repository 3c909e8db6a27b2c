"""How the condition of a runtime is judged and shown, and what the runtime logs."""

import json
import logging
from pathlib import Path

import pytest
import structlog

from app.cli import logs
from app.cli.condition import show
from app.cli.output import Output
from app.config import load
from app.services.health import ComponentHealth, HealthStatus, RecentError, overall

OK, DEGRADED, DOWN = (ComponentHealth(status, "x") for status in ("ok", "degraded", "down"))


@pytest.mark.parametrize(
    ("components", "expected"),
    [
        ({"a": OK, "b": OK}, "healthy"),
        ({"a": OK, "b": DEGRADED}, "degraded"),
        ({"a": DEGRADED, "b": DOWN}, "unhealthy"),
    ],
)
def test_the_whole_is_as_its_worst_part(components: dict[str, ComponentHealth], expected: str) -> None:
    assert overall(components) == expected


def test_what_is_wrong_is_shown_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    usage = {"agents": {"ready": 2}, "tasks": {}, "nodes": {}, "disk_free_mb": 12}
    workers = ComponentHealth("degraded", "no node takes tasks: symbi up --roles worker")
    error = RecentError(7, "2026-11-21T10:00:00.000000000Z", "task.failed", "task/t-1", "exit: \x1b[31m1")
    show(Output(json=False), HealthStatus("degraded", {"workers": workers}, usage, [error]))

    out = capsys.readouterr().out
    assert "The runtime is degraded." in out
    assert "symbi up --roles worker" in out
    assert "2 ready" in out
    assert "task/t-1" in out
    assert "\x1b" not in out


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "runtime.log"


def logged(log: Path, mode: str, level: str) -> list[str]:
    options = {"runtime.mode": mode, "runtime.log_level": level}
    with logs.told(load(data_dir=log.parent, options=options, environ={}), log):
        logger = structlog.get_logger("x")
        logger.debug("too small", n=1)
        logger.info("just so", n=2)
        try:
            raise ValueError("oh")
        except ValueError:
            logger.error("it broke", exc_info=True)
        logging.getLogger("library").error("mind this")
    logging.getLogger("library").error("it is over")
    return log.read_text().splitlines()


def test_in_production_each_entry_is_a_line_of_json(log: Path) -> None:
    *lines, of_a_library = logged(log, "production", "info")
    entries = [json.loads(line) for line in lines]
    assert [entry["event"] for entry in entries] == ["just so", "it broke"]
    assert [entry["level"] for entry in entries] == ["info", "error"]
    assert entries[0]["n"] == 2
    assert entries[1]["exception"][0]["exc_value"] == "oh"
    assert of_a_library == "mind this"


def test_in_development_entries_are_for_people(log: Path) -> None:
    lines = logged(log, "development", "debug")
    assert "too small" in lines[0]
    assert any("ValueError: oh" in line for line in lines)
    assert not lines[0].startswith("{")


def test_entries_below_the_level_are_left_out(log: Path) -> None:
    [entry, of_a_library] = logged(log, "production", "error")
    assert json.loads(entry)["event"] == "it broke"
    assert of_a_library == "mind this"
