"""Keys that the command line makes: private, proven, and never overwritten by accident."""

import base64
import stat
from pathlib import Path

import pytest

from app.cli.key_files import KeyFileExists, KeyFiles, KeyFileUnusable, replace
from app.config import Settings, load
from app.domain.decider import Context
from app.domain.identity import IDENTITY
from app.embedded.data_dir import DataDir
from events.commands import RegisterIdentity
from events.identity import IdentityKeyIssued, IdentityKeyRotated, IdentityKind, KeyUse

SIGNING = [use for use in KeyUse if use is not KeyUse.LOGIN]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    DataDir.open(tmp_path / "d")
    return load(data_dir=tmp_path / "d", environ={})


@pytest.mark.parametrize("use", list(KeyUse))
def test_a_new_key_is_private_and_the_runtime_accepts_it(use: KeyUse, settings: Settings) -> None:
    files = KeyFiles(settings)
    made = files.make("alice", use, files.unused("alice", use))

    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    state = IDENTITY.initial
    for event in IDENTITY.decide(
        state, RegisterIdentity(identity_id="alice", kind=IdentityKind.HUMAN), Context("c1", "human/operator")
    ):
        state = IDENTITY.evolve(state, event)
    [issued] = IDENTITY.decide(state, made.issue(), Context("c2", "human/operator"))
    assert isinstance(issued, IdentityKeyIssued)
    assert (issued.key_id, issued.use) == (made.key_id, use)


def test_a_rotated_key_takes_over(settings: Settings) -> None:
    files = KeyFiles(settings)
    old = files.make("alice", KeyUse.COMMAND, files.path("alice", KeyUse.COMMAND))
    new = files.make("alice", KeyUse.COMMAND, old.path.with_name("alice.key.new"))
    state = IDENTITY.initial
    for command in (RegisterIdentity(identity_id="alice", kind=IdentityKind.HUMAN), old.issue()):
        for event in IDENTITY.decide(state, command, Context("c", "human/operator")):
            state = IDENTITY.evolve(state, event)

    [rotated] = IDENTITY.decide(state, new.take_over(old.key_id), Context("c3", "human/operator"))
    replace(old.path, new.path)

    assert isinstance(rotated, IdentityKeyRotated)
    assert files.make("alice", KeyUse.COMMAND, old.path).key_id == new.key_id
    assert not new.path.exists()


def test_trying_again_goes_on_with_the_same_key(settings: Settings) -> None:
    files = KeyFiles(settings)
    path = files.path("alice", KeyUse.COMMAND)
    assert files.make("alice", KeyUse.COMMAND, path) == files.make("alice", KeyUse.COMMAND, path)


def test_a_key_that_is_there_is_not_replaced(settings: Settings) -> None:
    files = KeyFiles(settings)
    path = files.path("alice", KeyUse.COMMAND)
    files.make("alice", KeyUse.COMMAND, path)
    before = path.read_bytes()
    with pytest.raises(KeyFileExists):
        files.unused("alice", KeyUse.COMMAND)
    assert path.read_bytes() == before


@pytest.mark.parametrize("use", [KeyUse.COMMAND, KeyUse.LOGIN])
def test_a_file_that_holds_no_key_is_refused(use: KeyUse, settings: Settings) -> None:
    files = KeyFiles(settings)
    path = files.path("alice", use)
    path.touch(mode=0o600)
    path.write_text(base64.b64encode(b"short").decode())
    with pytest.raises(KeyFileUnusable, match="Move it away"):
        files.make("alice", use, path)


def test_keys_go_where_the_caller_says(settings: Settings, tmp_path: Path) -> None:
    files = KeyFiles(settings, tmp_path / "out" / "keys")
    paths = [files.make("bob", use, files.unused("bob", use)).path for use in (KeyUse.COMMAND, KeyUse.LOGIN)]
    assert [path.name for path in paths] == ["bob.key", "bob.nk"]
    assert stat.S_IMODE((tmp_path / "out" / "keys").stat().st_mode) == 0o700
