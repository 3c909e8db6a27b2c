"""What the doctor says about a machine and a data directory."""

import asyncio
import json
import time
from pathlib import Path

import pytest

from app.bootstrap.keys import Keys
from app.cli.checks import CHECKS, clock, disk
from app.cli.checks.crypto import NEEDED, check_keys
from app.cli.checks.directory import check_directory
from app.cli.checks.docker import check_docker
from app.cli.checks.postgres import check_postgres
from app.cli.entry import run
from app.config import Settings, load
from app.embedded.data_dir import DataDir
from events.signing import provider


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(data_dir=tmp_path / "d", environ={})


@pytest.fixture
def data(settings: Settings) -> DataDir:
    data = DataDir.open(settings.data_dir)
    keys = Keys(data, provider())
    for name in NEEDED:
        if name == "kek":
            keys.data_keys()
        else:
            keys.signing(name)
    return data


@pytest.mark.parametrize(("free", "result"), [(100, "fail"), (1000, "warn"), (100_000, "ok")])
def test_the_disk_must_have_room(free: int, result: str) -> None:
    finding = disk.judge(free, "/")
    assert finding.result == result
    assert bool(finding.advice) == (result != "ok")


async def test_the_clock_is_read_and_not_changed(settings: Settings) -> None:
    before = time.time()
    finding = await clock.check_clock(settings)
    assert finding.result in ("ok", "warn")
    assert time.time() - before < 5


async def test_a_directory_that_is_not_there_yet_is_no_failure(settings: Settings) -> None:
    assert (await check_directory(settings)).result == "ok"
    assert (await check_keys(settings)).result == "ok"
    assert not settings.data_dir.exists()


async def test_a_directory_of_something_else_fails(settings: Settings) -> None:
    settings.data_dir.mkdir()
    (settings.data_dir / "thesis.doc").touch()
    assert (await check_directory(settings)).result == "fail"


async def test_good_keys_are_good(settings: Settings, data: DataDir) -> None:
    finding = await check_keys(settings)
    assert finding.result == "ok"
    assert f"{len(NEEDED)} files" in finding.detail


@pytest.mark.parametrize("name", NEEDED)
async def test_a_missing_key_fails(name: str, settings: Settings, data: DataDir) -> None:
    data.key_path(name).unlink()
    finding = await check_keys(settings)
    assert finding.result == "fail"
    assert name in finding.detail


async def test_a_key_that_others_can_read_fails(settings: Settings, data: DataDir) -> None:
    data.key_path("operator").chmod(0o644)
    finding = await check_keys(settings)
    assert finding.result == "fail"
    assert "operator.key" in finding.detail


async def test_a_key_encryption_key_of_another_directory_fails(settings: Settings, data: DataDir) -> None:
    other = settings.data_dir.with_name("other")
    Keys(DataDir.open(other), provider()).data_keys()
    (other / "keys" / "kek.key").replace(data.key_path("kek"))
    assert (await check_keys(settings)).result == "fail"


async def test_an_engine_that_does_not_answer_is_a_warning(tmp_path: Path) -> None:
    settings = load(data_dir=tmp_path, options={"worker.docker_host": "tcp://127.0.0.1:1"}, environ={})
    finding = await check_docker(settings)
    assert finding.result == "warn"
    assert "refused" in finding.advice


async def test_a_database_that_does_not_answer_fails(tmp_path: Path) -> None:
    url = "postgresql://nobody:s3cr3t@127.0.0.1:1/none"
    settings = load(data_dir=tmp_path, options={"postgres.url": url}, environ={})
    finding = await check_postgres(settings)
    assert finding.result == "fail"
    assert "s3cr3t" not in finding.detail


def test_the_doctor_ends_with_4_when_a_check_fails(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.data_dir.mkdir()
    (settings.data_dir / "thesis.doc").touch()
    assert run(["doctor", "--json", "--data-dir", str(settings.data_dir)]) == 4
    checks = json.loads(capsys.readouterr().out)["checks"]
    assert [check["name"] for check in checks][:2] == ["data directory", "disk"]
    assert len(checks) == len(CHECKS)


def test_checks_run_side_by_side(settings: Settings) -> None:
    async def all_at_once() -> list[str]:
        return [finding.name for finding in await asyncio.gather(*(check(settings) for check in CHECKS))]

    names = asyncio.run(all_at_once())
    assert len(set(names)) == len(CHECKS)
