"""The wheel `symbi-events` and the page about it, used as others would: in an environment of its own."""

import base64
from pathlib import Path
from zipfile import ZipFile

import orjson
import pytest

from events.base import BY_TYPE
from events.commands import BY_NAME
from scripts.golden import SEED
from tests.support.clean_python import CleanPython, build_wheel, clean_python
from tests.support.snippets import snippets
from tests.support.up_process import UpProcess

pytest_plugins = ["tests.support.runtime"]

ROOT = Path(__file__).parents[2]
HOWTO = snippets(ROOT / "docs" / "howto" / "commands.md")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(ROOT / "events", tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> CleanPython:
    """With the wheel and what it needs."""
    return clean_python(tmp_path_factory.mktemp("python"), wheel)


@pytest.fixture(scope="module")
def caller(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> CleanPython:
    """With the extra `nats` too."""
    return clean_python(tmp_path_factory.mktemp("caller"), wheel, extras=["nats"])


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    sources = {path.relative_to(ROOT / "events").as_posix() for path in (ROOT / "events").rglob("*.py")}
    with ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == {f"symbi/events/{source}" for source in sources | {"py.typed"}}


def test_it_stands_alone(python: CleanPython) -> None:
    printed = python.run(
        "-c",
        "from importlib.util import find_spec\n"
        "import symbi.events.codec, symbi.events.base, symbi.events.commands\n"
        "print([name for name in ('app', 'events', 'projections', 'nats') if find_spec(name)])\n"
        "print(symbi.events.__file__)\n"
        "print(len(symbi.events.base.BY_TYPE), len(symbi.events.commands.BY_NAME))\n",
    )
    importable, file, counts = printed.splitlines()
    assert importable == "[]"
    assert Path(file).is_relative_to(python.site_packages)
    assert counts == f"{len(BY_TYPE)} {len(BY_NAME)}"


def test_pynacl_is_optional(python: CleanPython) -> None:
    printed = python.run(
        "-c",
        "from symbi.events import signing\n"
        "key = signing.SigningKey.from_seed(bytes(32))\n"
        "signature = key.sign(signing.EVENT_TYPE, b'{}')\n"
        "print(signing.verify(signing.provider(), key.public_key, signing.EVENT_TYPE, b'{}', signature))\n"
        "try: signing.provider('pynacl')\n"
        "except ImportError: print('not installed')\n",
    )
    assert printed.split("\n") == ["True", "not installed", ""]


def test_it_reads_and_verifies_recorded_events(python: CleanPython, tmp_path: Path) -> None:
    """With the function that the howto gives for it."""
    (tmp_path / "genuine.py").write_text(HOWTO["verify"])
    (tmp_path / "read.py").write_text(
        "import base64, json, pathlib, sys\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "from genuine import is_genuine\n"
        "from symbi.events.codec import decode\n"
        "from symbi.events.signing import SigningKey\n"
        "key = SigningKey.from_seed(base64.b64decode(sys.argv[1]))\n"
        "for path in pathlib.Path(sys.argv[2]).iterdir():\n"
        "    golden = json.loads(path.read_text())\n"
        "    payload = golden['payload'].encode()\n"
        "    headers = {'Symbi-Key': key.key_id, 'Symbi-Signature': golden['signature']}\n"
        "    assert is_genuine(payload, headers, {key.key_id: key.public_key})\n"
        "    assert not is_genuine(payload + b' ', headers, {key.key_id: key.public_key})\n"
        "    assert not is_genuine(payload, headers, {}) and not is_genuine(payload, {}, {})\n"
        "    print(decode(payload)[0].type)\n"
    )
    golden = ROOT / "tests" / "golden" / "events"
    printed = python.run(str(tmp_path / "read.py"), base64.b64encode(SEED).decode(), str(golden))
    assert set(printed.split()) == {path.stem for path in golden.iterdir()}


def test_the_bytes_of_the_howto_come_out_without_any_of_our_code(python: CleanPython, tmp_path: Path) -> None:
    (tmp_path / "snippet.py").write_text(
        HOWTO["bytes"]
        + "import json, sys\n"
        + "print(json.dumps(headers(sys.argv[1].encode(), bytes.fromhex(sys.argv[2]))))\n"
    )
    printed = python.run(str(tmp_path / "snippet.py"), HOWTO["payload"].rstrip("\n"), SEED.hex())
    shown = dict(line.split(": ") for line in HOWTO["headers"].splitlines())
    assert orjson.loads(printed) == shown


def test_the_caller_of_the_howto_spawns_an_agent_and_reads_its_history(
    caller: CleanPython, running_runtime: UpProcess, tmp_path: Path
) -> None:
    program = tmp_path / "caller.py"
    program.write_text(HOWTO["caller"])
    printed = caller.run(str(program), str(running_runtime.data_dir))
    lines = [line.split() for line in printed.splitlines()]
    assert [(revision, name) for revision, name, _ in lines] == [
        ("1", "agent.registered"),
        ("2", "agent.spawned"),
        ("3", "agent.readied"),
    ]
    assert len({agent for _, _, agent in lines}) == 1
