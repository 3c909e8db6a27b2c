"""What could never run is refused when it is submitted, with every reason at once."""

import pytest

from app.domain.rejections import TaskInvalid
from app.domain.task import TASK
from app.domain.unrunnable import LONGEST_STRING, program_reasons, reasons_against
from app.errors import Invalid
from events.agent import AgentReadied
from events.agent_config import AgentConfig, ResourceLimits
from events.clock import to_wire
from events.commands import Program, SubmitTask, TaskLimits
from events.content import ContentRef
from events.task import CommandWork, NoopWork, TaskSubmitted
from tests.support.agent_life import BORN
from tests.support.given import given

NOW = 1_795_000_000_000_000_000
REF = ContentRef(digest="sha256:" + "0" * 64, size=1, scope="task/t1")
CONFIG = AgentConfig(name="greeter", limits=ResourceLimits(memory_mb=64))
READY = (*BORN, AgentReadied(agent_id="a1", config=CONFIG))


def program(**fields: object) -> Program:
    return Program.model_validate({"argv": ["true"], **fields})


def reasons(**fields: object) -> list[str]:
    return program_reasons(program(**fields), "busybox:stable")


def files(*paths: str) -> list[str]:
    return reasons(files=dict.fromkeys(paths, REF))


def test_what_can_run_has_nothing_against_it() -> None:
    fields = {
        "argv": ["sh", "-c", "echo $0", ""],
        "image": "registry.example:5000/team/tools_x/a-b.c:v1.2@sha256:" + "a" * 64,
        "environment": {"A_b": "x=y", "lower.case-2": ""},
        "files": dict.fromkeys(["a", "in/b.txt", "in/c/d", "-x", "ä ö"], REF),
    }
    submission = SubmitTask(
        agent_id="a1",
        work=program(**fields),
        deadline=to_wire(NOW + 1),
        limits=TaskLimits(memory_mb=64, execution_timeout=1.5),
    )
    assert reasons_against(submission, CONFIG.limits, now_ns=NOW, task_image="") == []


@pytest.mark.parametrize(
    "image",
    [
        *("busybox", "busybox:stable", "a/b/c", "localhost/x", "localhost:5000/x:1", "[::1]:5000/x"),
        *("sha256:" + "0" * 64, "x@sha256:" + "0" * 64, "symbi-standin/busybox:latest"),
    ],
)
def test_references_of_images(image: str) -> None:
    assert reasons(image=image) == []


@pytest.mark.parametrize(
    "image",
    [
        *("", " ", "Busybox", "busybox:", "busybox:a b", "busy box", "/busybox", "busybox/", "a//b", "../x"),
        *("busybox@sha256:12", "x:" + "t" * 129, "http://example/x", "-x", "x\n", "x\0", "a" * 256),
    ],
)
def test_what_is_no_reference_of_an_image(image: str) -> None:
    assert [reason.split(":")[0] for reason in reasons(image=image)] == ["image"]


def test_a_program_without_an_image_takes_the_runtimes() -> None:
    assert program_reasons(program(), "busybox:stable") == []
    assert program_reasons(program(), "")[0].startswith("image: none is named")
    assert program_reasons(program(), "Not An Image")[0].startswith("image: 'Not An Image'")


@pytest.mark.parametrize(
    ("argv", "where"),
    [
        ([], "argv: there is no program"),
        ([""], "argv.0: the program has no name"),
        (["echo", "a\0b"], "argv.1: it holds a NUL"),
        (["echo", "x" * (LONGEST_STRING + 1)], f"argv.1: it has {LONGEST_STRING + 1} bytes"),
    ],
)
def test_what_is_no_program(argv: list[str], where: str) -> None:
    [reason] = reasons(argv=argv)
    assert reason.startswith(where)


def test_an_argument_may_be_as_long_as_the_system_allows() -> None:
    assert reasons(argv=["echo", "x" * LONGEST_STRING]) == []


@pytest.mark.parametrize("name", ["", "A=B", "A B", "A\0", "A\n", "\t"])
def test_names_that_no_variable_can_have(name: str) -> None:
    [reason] = reasons(environment={name: "x"})
    assert reason == f"environment: {name!r} cannot name a variable"


def test_values_that_no_variable_can_have() -> None:
    [nul, long] = reasons(environment={"A": "\0", "B": "x" * LONGEST_STRING})
    assert nul.startswith("environment.A: it holds a NUL")
    assert long.startswith("environment.B: it has ")


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/etc/passwd", "is absolute"),
        ("../x", "leads out"),
        ("a/../../x", "leads out"),
        ("a/..", "leads out"),
        ("", "names no file"),
        (".", "names no file"),
        ("a/", "names no file"),
        ("a/.", "names no file"),
        ("a\0b", "holds a NUL"),
        ("a//b", "is not in its shortest form, 'a/b'"),
        ("./a", "is not in its shortest form, 'a'"),
        ("x" * 256, "is too long"),
        ("/".join(["x" * 200] * 21), "is too long"),
    ],
)
def test_paths_that_lead_to_no_file_below_the_working_directory(path: str, why: str) -> None:
    [reason] = files(path)
    assert reason.startswith(f"files: {path!r} {why}")


def test_paths_that_are_the_same_file_or_below_one() -> None:
    assert files("a/b", "a//b") == ["files: 'a//b' is there twice"]
    assert files("a", "a/b/c") == ["files: 'a/b/c' lies below another file"]
    assert files("a", "ab/c") == []


def test_every_reason_is_given_at_once() -> None:
    submission = SubmitTask(
        agent_id="a1",
        work=program(argv=[], image="No", environment={"": ""}, files={"/x": REF, "../y": REF}),
        deadline=to_wire(NOW),
        limits=TaskLimits(memory_mb=65, execution_timeout=301),
    )
    refusal = given(TASK, *READY).under(now_ns=NOW).when(submission).then_raises(TaskInvalid)
    assert isinstance(refusal, Invalid)
    found = refusal.facts["reasons"]
    assert isinstance(found, list)
    assert [reason.split(":")[0] for reason in found] == [
        *("deadline", "limits.memory_mb", "limits.execution_timeout"),
        *("argv", "image", "environment", "files", "files"),
    ]
    assert all(reason in refusal.message for reason in found)


@pytest.mark.parametrize("deadline", ["tomorrow", "2026-11-21T10:00:00+01:00", "2026-02-30T10:00:00Z", ""])
def test_a_deadline_is_a_time_in_utc(deadline: str) -> None:
    submission = SubmitTask(agent_id="a1", work=NoopWork(), deadline=deadline)
    [reason] = reasons_against(submission, CONFIG.limits, now_ns=NOW, task_image="")
    assert reason.startswith("deadline: ")


def test_the_image_that_it_runs_in_is_recorded() -> None:
    submission = SubmitTask(agent_id="a1", work=program())
    [submitted] = given(TASK, *READY).under(task_image="alpine:3").when(submission).events
    assert isinstance(submitted, TaskSubmitted)
    assert submitted.work == CommandWork(argv=["true"], image="alpine:3")
