"""The examples are what quickstart says they are, and its scene follows the events."""

import re
from pathlib import Path

import pytest

from app.cli.quickstart.examples import BadExample, Example, ExamplesMissing, load_examples
from app.cli.quickstart.scene import Scene, Watched
from app.cli.quickstart.telling import headline
from app.domain.agent import Agent, AgentState
from app.dsl.definition import read_definition
from events.agent import AgentInitializationFailed, AgentRegistered, AgentSpawned
from events.agent_config import validate_config
from events.task import TaskDeadLettered, TaskFailed, TaskRetried, TaskStarted
from tests.support.facts import DIGEST, History

EXAMPLES = {example.name: example for example in load_examples(None)}
ROOT = Path(__file__).parents[2]


def test_there_are_examples_worth_reading() -> None:
    assert len(EXAMPLES) >= 10
    for example in EXAMPLES.values():
        assert example.path.read_text().startswith(("# ", "// "))
        assert "config" not in example.given or example.given["config"]["name"] == example.name


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=lambda example: example.name)
def test_an_example_has_tasks_unless_it_is_wrong_on_purpose(example: Example) -> None:
    reasons = why_wrong(example)
    assert bool(reasons) == (example.name in ("misconfigured", "overreach"))
    assert bool(example.tasks) == (not reasons)
    for task in example.tasks:
        assert bool(task.argv) == ("config" in example.given)
        assert all((example.tasks_folder / local).is_file() for local in task.files.values())
    if reasons:
        assert len(reasons) >= 5


def why_wrong(example: Example) -> list[str]:
    if "config" in example.given:
        return validate_config(example.given["config"])[1]
    return read_definition(example.path.read_bytes(), example.path.name).reasons


def test_every_agent_of_a_file_is_an_example() -> None:
    assert {example.name for example in EXAMPLES.values() if example.path.stem == "nightly_report"} == {
        "nightly_report",
        "service_check",
    }


def test_a_task_is_a_program_or_the_agents_body(tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir()
    (tmp_path / "a.toml").write_text('name = "a"\n')
    (tmp_path / "tasks" / "a.toml").write_text('[[task]]\ntitle = "x"\nargv = ["x"]\ninputs = { n = 1 }\n')
    with pytest.raises(BadExample, match="or `inputs`"):
        load_examples(tmp_path)


def test_a_reason_is_told_by_its_first_line_and_its_place() -> None:
    assert headline("error[x]: no\n  --> a.symbi:3:4\n  |\n3 | no") == "error[x]: no (a.symbi:3:4)"
    assert headline("tier: no such") == "tier: no such"


def test_the_commands_in_the_examples_are_commands() -> None:
    from app.cli.program import command

    root = command()
    for path in (ROOT / "docs" / "examples").rglob("*.*"):
        for group, verb in re.findall(
            r"^(?:#|//)   symbi ([a-z]+) ([a-z]+) ", path.read_text(), re.MULTILINE
        ):
            assert verb in root.commands[group].commands


def test_where_there_are_no_examples_the_message_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ExamplesMissing, match="--examples"):
        load_examples(tmp_path)


def test_a_task_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir()
    (tmp_path / "a.toml").write_text('name = "a"\n')
    (tmp_path / "tasks" / "a.toml").write_text('[[task]]\ntitle = "x"\nargv = ["x"]\nimge = "y"\n')
    with pytest.raises(BadExample, match=r"tasks/a\.toml"):
        load_examples(tmp_path)


@pytest.fixture
def history() -> History:
    return History()


def scene_of(history: History, **watched: Watched) -> Scene:
    scene = Scene(agents={"a": Agent()}, tasks=watched)
    for fact in history.facts:
        scene.take(fact)
    return scene


def test_an_agent_is_still_when_its_tasks_are_over(history: History) -> None:
    history.spawn("a")
    history.submit("a", "t1")
    history.start("a", "t1")
    scene = scene_of(history, t1=Watched("a", "work", "completed"))
    assert scene.agents["a"].state is AgentState.RUNNING
    assert not scene.still

    history = History()
    history.spawn("a")
    history.run("a", "t1")
    scene = scene_of(history, t1=Watched("a", "work", "completed"))
    assert scene.agents["a"].state is AgentState.READY
    assert scene.still
    assert scene.tasks["t1"].as_expected
    assert scene.events == len(history.facts)


def test_a_task_that_has_retries_left_is_not_over_when_it_fails(history: History) -> None:
    history.spawn("a")
    history.submit("a", "t1", max_retries=1)
    history.start("a", "t1")
    history.add(TaskFailed(task_id="t1", assignment=1, reason="exit"), agent="a")
    watched = Watched("a", "work", "dead_lettered")
    assert not scene_of(history, t1=watched).still

    history.add(TaskRetried(task_id="t1", attempt=2, reason="retry"), agent="a")
    history.assign("a", "t1", number=2, attempt=2)
    history.add(
        TaskStarted(task_id="t1", node_id="n1", assignment=2),
        TaskFailed(task_id="t1", assignment=2, reason="exit"),
        TaskDeadLettered(task_id="t1", reason="gave up"),
        agent="a",
    )
    watched = Watched("a", "work", "dead_lettered")
    assert scene_of(history, t1=watched).still
    assert watched.as_expected
    assert not watched.not_runnable


def test_a_task_that_fails_for_another_reason_than_it_should_is_a_surprise(history: History) -> None:
    history.spawn("a")
    history.submit("a", "t1")
    history.start("a", "t1")
    history.add(TaskFailed(task_id="t1", assignment=1, reason="exit", exit_code=139), agent="a")
    watched = Watched("a", "work", "failed", because="a task has no network", proof="unreachable")
    scene_of(history, t1=watched)
    watched.written = "Segmentation fault"
    assert not watched.as_expected
    watched.written = "nc: Network is unreachable"
    assert watched.as_expected


@pytest.mark.parametrize("reason", ["no_sandbox", "image_missing"])
def test_a_task_that_no_sandbox_would_run_is_the_machines_failure(reason: str, history: History) -> None:
    history.spawn("a")
    history.submit("a", "t1")
    history.assign("a", "t1")
    history.add(TaskFailed(task_id="t1", assignment=1, reason=reason, detail="why"), agent="a")
    watched = Watched("a", "work", "completed")
    scene_of(history, t1=watched)
    assert watched.not_runnable
    assert watched.detail == "why"


def test_an_invalid_agent_is_still(history: History) -> None:
    history.add(
        AgentRegistered(agent_id="a", title="a", definition_digest=DIGEST, owner="human/alice"),
        AgentSpawned(agent_id="a", definition_digest=DIGEST),
        AgentInitializationFailed(agent_id="a", reasons=["no"]),
    )
    scene = scene_of(history)
    assert scene.still
    assert scene.agents["a"].state is AgentState.FAILED


def test_what_other_agents_do_is_only_counted(history: History) -> None:
    history.spawn("b")
    scene = scene_of(history)
    assert scene.agents == {"a": Agent()}
    assert scene.events == 3
