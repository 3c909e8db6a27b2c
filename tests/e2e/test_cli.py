"""The command line against a running runtime, as a user types it."""

import json
import os
import re
import stat
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app.cli.entry import run
from tests.support.containers import task_image
from tests.support.require import skip_or_fail
from tests.support.up_process import UpProcess

if TYPE_CHECKING:
    from docker import DockerClient

AGENT = """
name = "tester"
description = "Takes part in tests"
[limits]
memory_mb = 64
[labels]
team = "tests"
"""


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UpProcess]:
    runtime = UpProcess(tmp_path_factory.mktemp("cli") / "symbi")
    try:
        yield runtime.start()
    finally:
        runtime.kill()


@pytest.fixture(scope="module")
def image(docker_engine: "DockerClient") -> str:
    """The image of tasks, on this machine; asked for before the environment is cleared of settings."""
    from docker.errors import DockerException

    try:
        docker_engine.images.get(task_image())
    except DockerException as error:
        skip_or_fail(f"{task_image()} is not here; run `make images` ({error})")
    return task_image()


class Shell:
    """Types commands at the runtime, in this process."""

    def __init__(self, data_dir: Path, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
        self._where = ["--data-dir", str(data_dir)]
        self._capsys = capsys
        self.folder = folder
        self.out = ""
        self.err = ""

    def type(self, *words: str, code: int = 0) -> str:
        """Carry out one command, which must end with *code*; what it printed."""
        end = words.index("--") if "--" in words else len(words)
        self._capsys.readouterr()
        found = run([*words[:end], *self._where, *words[end:]])
        self.out, self.err = self._capsys.readouterr()
        assert found == code, f"{words} ended with {found}:\n{self.out}\n{self.err}"
        return self.out

    def json(self, *words: str, code: int = 0) -> Any:
        """The document that the command prints with --json."""
        end = words.index("--") if "--" in words else len(words)
        return json.loads(self.type(*words[:end], "--json", *words[end:], code=code))

    def lines(self, *words: str) -> list[Any]:
        """The lines of JSON that the command prints."""
        return [json.loads(line) for line in self.type(*words, "--json").splitlines()]

    def spawn(self, text: str = AGENT, *options: str, code: int = 0) -> Any:
        path = self.folder / "agent.toml"
        path.write_text(text)
        return self.json("agent", "spawn", str(path), "--wait", *options, code=code)


@pytest.fixture
def shell(
    runtime: UpProcess, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Shell:
    for name in [name for name in os.environ if name.startswith("SYMBI_")]:
        monkeypatch.delenv(name)
    return Shell(runtime.data_dir, capsys, tmp_path)


def test_an_agent_from_its_spawn_to_its_end(shell: Shell) -> None:
    spawned = shell.spawn()
    agent = spawned["agent_id"]
    assert spawned["state"] == "ready"
    assert [event["type"] for event in spawned["events"]] == [
        "symbi.agent.registered.v2",
        "symbi.agent.spawned.v1",
        "symbi.agent.readied.v2",
    ]

    shown = shell.json("agent", "show", agent)
    assert (shown["state"], shown["owner"], shown["labels"]) == ("ready", "human/operator", {"team": "tests"})
    listed = shell.json("agent", "list", "--label", "team=tests", "--state", "ready")
    assert agent in {row["id"] for row in listed}
    assert "Takes part in tests" in shell.type("agent", "show", agent)

    shell.type("agent", "quarantine", agent, "--reason", "to see")
    shell.type("agent", "release", agent)
    shell.type("agent", "terminate", agent, "--reason", "over")
    shell.type("agent", "decommission", agent)
    shell.json("events", "tail", "-n", "1")
    steps = [(step["to_state"], step["event"]) for step in shell.json("agent", "history", agent)]
    assert steps == [
        ("initializing", "agent.spawned"),
        ("ready", "agent.readied"),
        ("terminated", "agent.terminated"),
        ("decommissioned", "agent.decommissioned"),
    ]
    gone = shell.json("agent", "list", "--state", "decommissioned")
    assert agent in {row["id"] for row in gone}
    assert agent not in {row["id"] for row in shell.json("agent", "list", "--state", "terminated")}
    assert "decommissioned" in shell.type("agent", "show", agent)


def test_an_invalid_definition_makes_a_failed_agent_with_every_reason(shell: Shell) -> None:
    wrong = 'name = "x"\nversion = "next"\ntier = "steel"\n[limits]\nmemory_mb = "lots"\n'
    spawned = shell.spawn(wrong, code=1)
    assert spawned["state"] == "failed"
    assert [reason.split(":")[0] for reason in spawned["reasons"]] == ["version", "limits.memory_mb", "tier"]

    out = shell.type("agent", "spawn", str(shell.folder / "agent.toml"), code=1)
    assert all(reason in out for reason in spawned["reasons"])


def test_a_definition_may_be_replaced(shell: Shell) -> None:
    agent = shell.spawn()["agent_id"]
    path = shell.folder / "next.json"
    path.write_text('{"name": "tester", "version": "2.0.0"}')
    answer = shell.json("agent", "deploy", agent, str(path))
    shell.json("events", "tail", "-n", "1")
    assert answer["events"][0]["type"] == "symbi.agent.deployed.v2"
    assert shell.json("agent", "show", agent)["version"] == "2.0.0"


def test_what_the_state_forbids_ends_with_1_and_says_why(shell: Shell) -> None:
    agent = shell.spawn(AGENT, "--id", "twice")["agent_id"]
    shell.type("agent", "spawn", str(shell.folder / "agent.toml"), "--id", agent, code=1)
    assert "exists already" in shell.err
    shell.type("agent", "resume", agent, code=1)
    assert "is ready; only a suspended agent can be resumed" in shell.err
    shell.type("agent", "show", "nobody", code=1)
    assert "`symbi agent list`" in shell.err
    shell.type("task", "submit", "nobody", "--noop", code=1)
    assert "There is no agent nobody" in shell.err


def test_a_noop_task_from_its_submission_to_its_end(shell: Shell) -> None:
    agent = shell.spawn()["agent_id"]
    done = shell.json("task", "submit", agent, "--noop", "--wait", "--label", "a=b", "--priority", "3")
    assert (done["state"], done["agent"], done["priority"]) == ("completed", agent, 3)

    task = done["id"]
    assert shell.json("task", "show", task)["labels"] == {"a": "b"}
    assert [row["id"] for row in shell.json("task", "list", "--agent", agent)] == [task]
    assert shell.json("task", "list", "--agent", agent, "--state", "failed", "--state", "queued") == []
    assert "left no output" in (shell.type("task", "logs", task), shell.err)[1]
    shell.type("task", "cancel", task, code=1)
    assert "is completed already" in shell.err
    shell.type("task", "retry", task, code=1)


def test_a_task_needs_a_program_or_none_or_a_body(shell: Shell) -> None:
    agent = shell.spawn()["agent_id"]
    shell.type("task", "submit", agent, code=1)
    assert "has no body: give it a program" in shell.err
    shell.type("task", "submit", agent, "--noop", "--", "true", code=2)
    shell.type("task", "submit", agent, "--timeout", "soon", "--", "true", code=2)
    shell.type("task", "submit", agent, "--env", "X", "--", "true", code=2)
    shell.type("task", "submit", agent, "--file", "x=/no/such/file", "--", "true", code=2)
    shell.type("task", "submit", agent, "--noop", "--retries", "999", code=2)


def test_what_could_never_run_is_refused_with_every_reason(shell: Shell) -> None:
    agent = shell.spawn()["agent_id"]
    wrong = ("--image", "Not An Image", "--file", f"../x={__file__}", "--env", "A B=c")
    shell.type("task", "submit", agent, *wrong, "--", "", code=2)
    for reason in ("argv.0: the program has no name", "image: 'Not An Image'", "'A B'", "'../x' leads out"):
        assert reason in shell.err
    shell.type("task", "submit", agent, "--timeout", "1h", "--", "true", code=2)
    assert "limits.execution_timeout: 3600.0 is asked for, and its agent is allowed 300.0" in shell.err
    twice = ("--file", f"x={__file__}", "--file", f"x={__file__}")
    shell.type("task", "submit", agent, *twice, "--", "true", code=2)
    assert "'x' is given twice" in shell.err


def test_the_image_of_a_program_is_the_runtimes_and_not_that_of_whoever_asks(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYMBI_TASK_IMAGE", "mine:latest")
    agent = shell.spawn()["agent_id"]
    task = shell.json("task", "submit", agent, "--", "true")["task_id"]
    shell.json("events", "tail", "-n", "1")
    assert shell.json("task", "show", task)["work"]["image"] == "busybox:stable"
    named = shell.json("task", "submit", agent, "--image", "other:1", "--", "true")["task_id"]
    shell.json("events", "tail", "-n", "1")
    assert shell.json("task", "show", named)["work"]["image"] == "other:1"


@pytest.mark.docker
def test_a_program_runs_with_its_files_and_its_output_is_kept(image: str, shell: Shell) -> None:
    agent = shell.spawn()["agent_id"]
    (shell.folder / "words.txt").write_text("one\ntwo\n")
    given = ["--env", "GREETING=hello", "--file", f"in/w={shell.folder / 'words.txt'}"]
    program = ["--", "sh", "-c", "echo $GREETING; wc -l < in/w"]

    out = shell.type("task", "submit", agent, "--wait", "--image", image, *given, *program)
    assert out.startswith("hello\n2\n")
    task = shell.json("task", "list", "--agent", agent)[0]
    assert shell.type("task", "logs", task["id"]) == "hello\n2\n"
    assert shell.json("task", "logs", task["id"], "--follow")["text"] == "hello\n2\n"
    assert shell.type("task", "logs", task["id"], "--follow") == "hello\n2\n"

    slow = ("--", "sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.5; done")
    running = shell.json("task", "submit", agent, "--image", image, *slow)["task_id"]
    shell.json("events", "tail", "-n", "1")
    assert shell.type("task", "logs", running, "--follow") == "1\n2\n3\n"


@pytest.mark.docker
def test_a_program_that_fails_or_takes_too_long_ends_with_1(image: str, shell: Shell) -> None:
    agent = shell.spawn()["agent_id"]
    submit = ["task", "submit", agent, "--wait", "--image", image]
    failed = shell.json(*submit, "--", "sh", "-c", "echo no >&2; exit 3", code=1)
    assert (failed["state"], failed["exit_code"], failed["text"]) == ("failed", 3, "no\n")
    slow = shell.json(*submit, "--timeout", "500ms", "--", "sleep", "60", code=1)
    assert slow["state"] == "timed_out"


@pytest.mark.docker
def test_an_agent_is_suspended_resumed_and_halted_while_its_program_runs(image: str, shell: Shell) -> None:
    agent = shell.spawn()["agent_id"]
    task = shell.json("task", "submit", agent, "--image", image, "--", "sleep", "600")["task_id"]
    _until(shell, task, "task.started")
    shell.type("agent", "suspend", agent, "--reason", "a look")
    shell.type("agent", "resume", agent)
    shell.type("agent", "halt", agent)
    assert shell.json("task", "logs", task, "--follow")["state"] == "cancelled"
    steps = [step["to_state"] for step in shell.json("agent", "history", agent)]
    assert steps[-5:] == ["running", "suspended", "running", "suspended", "terminated"]


def _until(shell: Shell, task: str, event: str) -> None:
    """Return once the task has met that event."""
    for line in _following(shell, "--type", event):
        if line["aggregate_id"] == task:
            return


def _following(shell: Shell, *options: str) -> Generator[Any, None, None]:
    """What `symbi events tail --follow --json` prints, in a process of its own."""
    program = [sys.executable, "-c", "from app.cli import main; main()"]
    words = ["events", "tail", "--follow", "--json", *shell._where, *options]
    process = subprocess.Popen([*program, *words], stdout=subprocess.PIPE, text=True)
    ending = threading.Timer(60, process.kill)
    ending.start()
    try:
        assert process.stdout is not None
        for line in process.stdout:
            yield json.loads(line)
        raise AssertionError("it followed for a minute and the event did not come")
    finally:
        ending.cancel()
        process.kill()
        process.communicate()


def test_events_are_followed_as_they_happen(shell: Shell) -> None:
    following = _following(shell, "-n", "0", "--type", "agent.*", "--agent", "followed")
    found: list[str] = []

    def follow() -> None:
        for line in following:
            found.append(line["type"])
            if len(found) == 3:
                return

    reader = threading.Thread(target=follow)
    reader.start()
    # It says nothing until something happens, so something must until it does.
    shell.spawn(AGENT, "--id", "followed")
    shell.type("agent", "quarantine", "followed")
    # However long the follower takes to start; it gives up by itself.
    while reader.is_alive():
        shell.type("agent", "release", "followed")
        shell.type("agent", "quarantine", "followed")
        reader.join(0.2)
    following.close()
    assert all(name.startswith("agent.") for name in found)
    assert len(found) == 3


def test_events_are_found_and_shown(shell: Shell) -> None:
    agent = shell.spawn()["agent_id"]
    found = shell.json("events", "query", "--agent", agent, "--since", "1h", "--type", "agent.*")
    assert [event["type"] for event in found] == ["agent.registered", "agent.spawned", "agent.readied"]
    assert shell.json("events", "query", "--agent", agent, "--until", "1h") == []
    after = shell.json("events", "query", "--agent", agent, "--after", str(found[0]["seq"]), "--limit", "1")
    assert [event["seq"] for event in after] == [found[1]["seq"]]

    for name in (str(found[2]["seq"]), found[2]["id"]):
        shown = shell.json("events", "show", name)
        assert shown["payload"]["type"] == "symbi.agent.readied.v2"
        assert shown["key"] == shown["payload"]["actorkey"]
    assert "symbi.agent.readied.v2" in shell.type("events", "show", str(found[2]["seq"]))
    shell.type("events", "show", "999999999", code=1)
    shell.type("events", "query", "--since", "long ago", code=2)


def test_a_tail_leaves_out_what_the_log_says_about_itself(shell: Shell) -> None:
    shell.spawn()
    assert "log.producer.acknowledged" not in {line["type"] for line in shell.lines("events", "tail")}
    every = shell.lines("events", "tail", "--all", "-n", "100")
    assert "log.producer.acknowledged" in {line["type"] for line in every}
    assert [line["seq"] for line in every] == sorted(line["seq"] for line in every)
    assert len(shell.lines("events", "tail", "-n", "2")) == 2
    shell.type("events", "tail", "-n", "0", code=2)
    assert "add --follow" in shell.err


def test_nothing_is_in_quarantine_and_nothing_is_orphaned(shell: Shell) -> None:
    assert shell.json("events", "quarantine") == []
    assert shell.json("events", "orphans") == []
    assert "Nothing is in quarantine" in shell.type("events", "quarantine")


def test_an_identity_with_keys_acts_as_its_role_allows(shell: Shell, runtime: UpProcess) -> None:
    added = shell.json("identity", "add", "alice", "--role", "agent_owner", "--display-name", "Alice Ämter")
    for name in ("command_key", "login_key"):
        assert stat.S_IMODE(Path(added[name]).stat().st_mode) == 0o600
        assert Path(added[name]).is_relative_to(runtime.data_dir)
    shell.json("events", "tail", "-n", "1")

    shown = shell.json("identity", "show", "alice")
    assert (shown["display_name"], shown["roles"]) == ("Alice Ämter", ["agent_owner"])
    assert {key["use"] for key in shown["keys"]} == {"command", "login"}
    assert "Alice Ämter" in shell.type("identity", "list")

    shell.spawn(AGENT, "--id", "alices", "--as", "alice")
    assert shell.json("agent", "show", "alices")["owner"] == "human/alice"
    shell.type("agent", "terminate", "alices", "--as", "alice")
    shell.spawn(AGENT, "--id", "operators")
    shell.type("agent", "terminate", "operators", "--as", "alice", code=3)
    assert "alice may not agent.terminate: the agent is human/operator's" in shell.err
    assert "`symbi role grant alice operator`" in shell.err
    shell.type("identity", "add", "mallory", "--role", "operator", "--as", "alice", code=3)

    event = next(e for e in added["events"] if e["type"] == "symbi.identity.registered.v1")
    document = shell.json("events", "show", str(event["seq"]))
    assert document["in_clear"]["display_name"] == "Alice Ämter"
    assert "Alice" not in json.dumps(document["payload"], ensure_ascii=False)


def test_a_viewer_sees_everything_and_changes_nothing(shell: Shell) -> None:
    shell.type("identity", "add", "vera", "--role", "viewer")
    assert shell.json("agent", "list", "--as", "vera") is not None
    shell.type("projections", "verify", "lifecycle", "--as", "vera")
    shell.type("projections", "rebuild", "lifecycle", "--as", "vera", code=3)
    assert "vera may not rebuild projections: it takes the role operator" in shell.err
    assert "`symbi role grant vera operator`" in shell.err


def test_whoever_has_no_role_or_no_login_is_told_so_and_what_to_do(shell: Shell) -> None:
    shell.type("identity", "add", "nora")
    for words in (("agent", "list"), ("status",), ("events", "tail"), ("agent", "halt", "x")):
        shell.type(*words, "--as", "nora", code=3)
        assert "`symbi role grant nora viewer`" in shell.err
    shell.type("role", "grant", "nora", "viewer")
    shell.json("agent", "list", "--as", "nora")
    shell.type("identity", "terminate", "nora")
    shell.type("agent", "list", "--as", "nora", code=3)
    assert "does not let nora in" in shell.err


def test_keys_are_rotated_and_revoked(shell: Shell) -> None:
    shell.type("identity", "add", "bob", "--role", "viewer")
    shell.json("events", "tail", "-n", "1")
    [old] = shell.json("keys", "list", "--identity", "bob", "--use", "command")
    rotated = shell.json("keys", "rotate", old["id"])
    shell.json("events", "tail", "-n", "1")
    valid = {key["id"]: key for key in shell.json("keys", "list", "--identity", "bob", "--use", "command")}
    assert set(valid) == {old["id"], rotated["key_id"]}
    assert valid[rotated["key_id"]]["replaces"] == old["id"]

    shell.type("keys", "revoke", old["id"], "--reason", "compromised", "--suspected-since", "1")
    shell.json("events", "tail", "-n", "1")
    [gone] = [key for key in shell.json("keys", "list", "--identity", "bob", "--revoked") if not key["valid"]]
    assert (gone["id"], gone["revocation_reason"]) == (old["id"], "compromised")
    shell.type("keys", "revoke", old["id"], code=1)
    shell.type("keys", "revoke", "ed25519:none", code=1)
    assert "`symbi keys list`" in shell.err


def test_a_key_may_be_made_elsewhere(shell: Shell) -> None:
    shell.type("identity", "add", "carol", "--out", str(shell.folder / "keys"))
    assert {path.name for path in (shell.folder / "keys").iterdir()} == {"carol.key", "carol.nk"}
    shell.type("keys", "issue", "carol", "--public-key", "AAAA", "--possession", "AAAA", code=2)
    assert "an Ed25519 key has 32" in shell.err


def test_roles_are_granted_and_revoked(shell: Shell) -> None:
    shell.type("identity", "add", "dave")
    shell.type("role", "grant", "dave", "viewer")
    shell.type("role", "grant", "dave", "viewer", code=1)
    shell.type("role", "revoke", "dave", "viewer")
    shell.type("identity", "terminate", "dave", "--reason", "left")
    shell.json("events", "tail", "-n", "1")
    shown = shell.json("identity", "show", "dave")
    assert (shown["state"], shown["roles"]) == ("terminated", [])
    assert not any(key["valid"] for key in shown["keys"])
    shell.type("identity", "terminate", "operator", code=1)
    assert "last operator" in shell.err


def test_projections_equal_their_rebuild(shell: Shell) -> None:
    listed = shell.json("projections", "list")
    names = {row["projection"] for row in listed["projections"]}
    assert {"lifecycle", "scheduler", "identities", "history", "quarantine"} <= names
    verified = shell.lines("projections", "verify")
    assert {row["projection"] for row in verified} == names
    assert all(row["equal"] for row in verified)
    [rebuilt] = shell.lines("projections", "rebuild", "lifecycle")
    assert rebuilt["parked"] == []
    shell.type("projections", "verify", "lifecycle")
    shell.type("projections", "rebuild", "nope", code=2)
    assert "lifecycle" in shell.err


def test_the_status_is_the_health_of_every_part(shell: Shell, runtime: UpProcess) -> None:
    found = shell.json("status")
    assert set(found) == {"overall_status", "component_health", "resource_utilization", "recent_errors"}
    assert set(found["component_health"]) == {
        *("runtime", "gateway", "event_log", "postgres", "projections", "quarantine", "workers")
    }
    assert found["component_health"]["runtime"]["facts"]["pid"] == runtime.pid
    assert found["overall_status"] == "healthy"
    assert "The runtime is healthy." in shell.type("status")


def test_the_doctor_finds_the_servers(shell: Shell) -> None:
    checks = {check["name"]: check for check in shell.json("doctor")["checks"]}
    assert re.search(r"version 2\.\d+\.\d+ at nats://.*events in the log", checks["NATS"]["detail"])
    assert checks["PostgreSQL"]["result"] == "ok"
    assert checks["keys"]["result"] == "ok"


def test_a_second_runtime_in_the_same_directory_is_refused(shell: Shell, runtime: UpProcess) -> None:
    shell.type("up", code=1)
    assert f"process id {runtime.pid}" in shell.err
