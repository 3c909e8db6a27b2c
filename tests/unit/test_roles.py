from typing import NamedTuple

import pytest

from app.policy.roles import Asked, NotPermitted, authorize, authorize_rebuild, node_principal
from events.commands import (
    BY_NAME,
    ActivatePolicy,
    AssignTask,
    CancelTask,
    Command,
    CompleteTask,
    CompleteToolCall,
    DeadLetterTask,
    DecommissionAgent,
    DenyApproval,
    DenyToolCall,
    DeployAgent,
    DrainNode,
    ExpireApproval,
    ExpireTask,
    FailTask,
    FailToolCall,
    FireSchedule,
    GrantApproval,
    GrantRole,
    HaltAgent,
    IssueKey,
    JoinNode,
    LoseNode,
    PreemptTask,
    ProgressTask,
    QuarantineAgent,
    RecordViolation,
    RefuseTask,
    RegisterIdentity,
    RegisterPolicy,
    ReleaseAgent,
    RemoveNode,
    RequestApproval,
    RequestToolCall,
    RequeueTask,
    ResumeAgent,
    RetirePolicy,
    RetryTask,
    RevokeKey,
    RevokeRole,
    RollBackPolicy,
    RotateKey,
    SpawnAgent,
    StartTask,
    SubmitTask,
    SuspendAgent,
    TaskLimits,
    TerminateAgent,
    TerminateIdentity,
    TimeOutTask,
    YieldTask,
)
from events.content import ContentRef
from events.identity import IdentityKind, KeyUse, Role
from events.node import Capacity
from events.task import NoopWork

OPERATOR, OWNER, SCHEDULER, WORKER = Role.OPERATOR, Role.AGENT_OWNER, Role.SCHEDULER, Role.WORKER


class Row(NamedTuple):
    command: Command
    ones_own: set[Role]
    """Who may, about an agent or a node of their own."""
    anothers: set[Role]
    """Who may, about somebody else's, or about what is nobody's."""


TASK = {"agent_id": "a1", "task_id": "t1"}
REPORT = {**TASK, "node_id": "n1", "assignment": 1}
CONTENT = ContentRef(digest="sha256:" + "0" * 64, size=2, scope="task/t1")
CALL = {**REPORT, "call_id": "c1"}
DIGEST = "sha256:" + "0" * 64
APPROVAL = {
    "requester": "agent/a1",
    "decision_id": "d1",
    "asked": {
        "principal": {"type": "Agent", "id": "a1"},
        "action": "call_tool",
        "resource": {"type": "Tool", "id": "mail"},
    },
    "act_digest": DIGEST,
    "role": "operator",
}
KEY = {"identity_id": "bob", "public_key": "", "use": KeyUse.COMMAND}

ASSIGN = AssignTask.model_validate({**TASK, "node_id": "n1"})
HALT = HaltAgent(agent_id="a1")
RESUME = ResumeAgent(agent_id="a1")
RELEASE = ReleaseAgent(agent_id="a1")
REQUEUE = RequeueTask.model_validate(TASK)
JOIN = JoinNode(node_id="n1", capacity=Capacity(cpu_cores=1, memory_mb=64, tasks=1))
START = StartTask.model_validate(REPORT)

ROWS = [
    Row(SpawnAgent(config={}), {OPERATOR, OWNER}, {OPERATOR, OWNER}),
    Row(DeployAgent(agent_id="a1", config={}), {OPERATOR, OWNER}, {OPERATOR}),
    Row(SuspendAgent(agent_id="a1"), {OPERATOR, OWNER, SCHEDULER}, {OPERATOR, SCHEDULER}),
    Row(RESUME, {OPERATOR}, {OPERATOR}),
    Row(HALT, {OPERATOR, OWNER, SCHEDULER}, {OPERATOR, SCHEDULER}),
    Row(QuarantineAgent(agent_id="a1"), {OPERATOR, OWNER, SCHEDULER}, {OPERATOR, SCHEDULER}),
    Row(RELEASE, {OPERATOR}, {OPERATOR}),
    Row(TerminateAgent(agent_id="a1"), {OPERATOR, OWNER, SCHEDULER}, {OPERATOR, SCHEDULER}),
    Row(DecommissionAgent(agent_id="a1"), {OPERATOR, OWNER}, {OPERATOR}),
    Row(SubmitTask(agent_id="a1", work=NoopWork()), {OPERATOR, OWNER}, {OPERATOR}),
    Row(CancelTask.model_validate(TASK), {OPERATOR, OWNER, SCHEDULER}, {OPERATOR, SCHEDULER}),
    Row(RetryTask.model_validate(TASK), {OPERATOR, OWNER, SCHEDULER}, {OPERATOR, SCHEDULER}),
    Row(ASSIGN, {SCHEDULER}, {SCHEDULER}),
    Row(PreemptTask.model_validate({**TASK, "reason": "urgent"}), {SCHEDULER}, {SCHEDULER}),
    Row(REQUEUE, {SCHEDULER}, {SCHEDULER}),
    Row(RefuseTask.model_validate({**TASK, "reason": "no_sandbox"}), {SCHEDULER}, {SCHEDULER}),
    Row(ExpireTask.model_validate(TASK), {SCHEDULER}, {SCHEDULER}),
    Row(DeadLetterTask.model_validate(TASK), {SCHEDULER}, {SCHEDULER}),
    Row(START, {WORKER}, set()),
    Row(ProgressTask.model_validate(REPORT), {WORKER}, set()),
    Row(CompleteTask.model_validate(REPORT), {WORKER}, set()),
    Row(FailTask.model_validate({**REPORT, "reason": "exit"}), {WORKER}, set()),
    Row(TimeOutTask.model_validate({**REPORT, "after_seconds": 9}), {WORKER}, set()),
    Row(YieldTask.model_validate(REPORT), {WORKER}, set()),
    Row(
        FireSchedule(agent_id="a1", schedule="nightly", due_at="2026-11-21T02:00:00Z"),
        {SCHEDULER},
        {SCHEDULER},
    ),
    Row(
        RequestToolCall.model_validate({**REPORT, "index": 0, "tool": "log", "arguments": CONTENT}),
        {WORKER},
        set(),
    ),
    Row(CompleteToolCall.model_validate({**CALL, "result": CONTENT}), {WORKER}, set()),
    Row(FailToolCall.model_validate({**CALL, "reason": "timeout"}), {WORKER}, set()),
    Row(DenyToolCall.model_validate({**CALL, "reason": "no"}), {WORKER}, set()),
    Row(JOIN, {WORKER}, set()),
    Row(DrainNode(node_id="n1"), {OPERATOR, WORKER}, {OPERATOR}),
    Row(LoseNode(node_id="n1"), {OPERATOR, SCHEDULER}, {OPERATOR, SCHEDULER}),
    Row(RemoveNode(node_id="n1"), {OPERATOR, SCHEDULER}, {OPERATOR, SCHEDULER}),
    Row(RegisterPolicy(digest=DIGEST, bundle={}), {OPERATOR}, {OPERATOR}),
    Row(ActivatePolicy(digest=DIGEST), {OPERATOR}, {OPERATOR}),
    Row(RetirePolicy(digest=DIGEST), {OPERATOR}, {OPERATOR}),
    Row(RollBackPolicy(), {OPERATOR}, {OPERATOR}),
    Row(
        RecordViolation(agent_id="a1", decision_id="d1", policies=["p"], reason="no"),
        {WORKER, SCHEDULER},
        {WORKER, SCHEDULER},
    ),
    Row(RequestApproval.model_validate(APPROVAL), {WORKER, SCHEDULER}, {WORKER, SCHEDULER}),
    Row(GrantApproval(approval_id="ap1", act_digest=DIGEST), {OPERATOR}, {OPERATOR}),
    Row(DenyApproval(approval_id="ap1"), {OPERATOR}, {OPERATOR}),
    Row(ExpireApproval(approval_id="ap1"), {SCHEDULER}, {SCHEDULER}),
    Row(RegisterIdentity(identity_id="bob", kind=IdentityKind.HUMAN), {OPERATOR}, {OPERATOR}),
    Row(IssueKey.model_validate(KEY), {OPERATOR}, {OPERATOR}),
    Row(RotateKey.model_validate({**KEY, "old_key_id": "k"}), {OPERATOR}, {OPERATOR}),
    Row(RevokeKey(identity_id="bob", key_id="k"), {OPERATOR}, {OPERATOR}),
    Row(TerminateIdentity(identity_id="bob"), {OPERATOR}, {OPERATOR}),
    Row(GrantRole(identity_id="bob", role=OPERATOR), {OPERATOR}, {OPERATOR}),
    Row(RevokeRole(identity_id="bob", role=OPERATOR), {OPERATOR}, {OPERATOR}),
]
COMMANDS = [row.command for row in ROWS]


def permits(role: Role, asked: Asked) -> bool:
    try:
        authorize({role}, asked)
    except NotPermitted:
        return False
    return True


def about_ones_own(role: Role, command: Command) -> Asked:
    principal = node_principal("n1") if role is WORKER else "alice"
    return Asked(principal, command, agent_owner=f"human/{principal}", actor=f"human/{principal}")


def about_anothers(role: Role, command: Command) -> Asked:
    principal = node_principal("n2") if role is WORKER else "alice"
    return Asked(principal, command, agent_owner="human/bob", actor=f"human/{principal}")


def about_nobodys(role: Role, command: Command) -> Asked:
    principal = node_principal("n2") if role is WORKER else "alice"
    return Asked(principal, command, agent_owner=None, actor=f"human/{principal}")


def test_the_table_holds_every_command_that_exists_once() -> None:
    assert sorted(command.name for command in COMMANDS) == sorted(BY_NAME)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.command.name)
def test_each_command_is_for_these_roles_and_no_others(row: Row) -> None:
    assert {role for role in Role if permits(role, about_ones_own(role, row.command))} == row.ones_own
    assert {role for role in Role if permits(role, about_anothers(role, row.command))} == row.anothers
    assert {role for role in Role if permits(role, about_nobodys(role, row.command))} == row.anothers


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_without_a_role_nothing_is_allowed(command: Command) -> None:
    with pytest.raises(NotPermitted) as refusal:
        authorize(frozenset(), about_ones_own(OPERATOR, command))
    assert refusal.value.message.startswith(f"alice may not {command.name}: ")
    assert refusal.value.message.endswith("(roles held: none).")


def test_one_role_of_several_is_enough() -> None:
    authorize({Role.VIEWER, OWNER, SCHEDULER}, about_ones_own(OWNER, HALT))


def test_roles_do_not_add_up_to_what_none_of_them_allows() -> None:
    with pytest.raises(NotPermitted) as refusal:
        authorize({OWNER, Role.VIEWER}, about_anothers(OWNER, HALT))
    assert refusal.value.message.endswith("(roles held: agent_owner, viewer).")


def test_an_owner_is_known_by_the_name_in_the_log_and_not_by_the_principals() -> None:
    namesake = Asked("alice", HALT, agent_owner="service/alice", actor="human/alice")
    with pytest.raises(NotPermitted):
        authorize({OWNER}, namesake)


def test_an_owner_sets_the_limits_of_tasks_of_own_agents_only() -> None:
    submit = SubmitTask(agent_id="a1", work=NoopWork(), limits=TaskLimits(memory_mb=16))
    authorize({OWNER}, about_ones_own(OWNER, submit))
    with pytest.raises(NotPermitted):
        authorize({OWNER}, about_anothers(OWNER, submit))


def test_a_worker_speaks_for_its_own_node_only() -> None:
    other = DrainNode(node_id="n2")
    authorize({WORKER}, Asked(node_principal("n2"), other))
    with pytest.raises(NotPermitted):
        authorize({WORKER}, Asked(node_principal("n1"), other))
    with pytest.raises(NotPermitted):
        authorize({WORKER}, Asked("n2", other))


@pytest.mark.parametrize(
    ("command", "needed"),
    [
        (START, "only the worker of the node that runs the task reports about it"),
        (ASSIGN, "only the scheduler decides this"),
        (JOIN, "only the node's own worker offers its capacity"),
        (HALT, "the agent is human/bob's, and an agent is for its owner, with the role agent_owner"),
        (HALT, "ask one of them, or an operator gives it: `symbi role grant alice operator`"),
        (RESUME, "it takes the role operator; an operator gives it: `symbi role grant alice operator`"),
        (SpawnAgent(config={}), "the role agent_owner or operator"),
    ],
    ids=["report", "decision", "join", "owner", "what to do", "for operators", "spawn"],
)
def test_a_refusal_says_who_may(command: Command, needed: str) -> None:
    with pytest.raises(NotPermitted) as refusal:
        authorize({Role.VIEWER}, about_anothers(Role.VIEWER, command))
    assert needed in refusal.value.message


def test_whoever_owns_the_agent_and_lacks_the_role_is_told_to_ask_for_it() -> None:
    with pytest.raises(NotPermitted) as refusal:
        authorize({Role.VIEWER}, about_ones_own(OWNER, HALT))
    assert "`symbi role grant alice agent_owner`" in refusal.value.message


@pytest.mark.parametrize("role", set(Role) - {OPERATOR})
def test_projections_are_made_again_for_operators_only(role: Role) -> None:
    authorize_rebuild("alice", {OPERATOR, role})
    with pytest.raises(NotPermitted) as refusal:
        authorize_rebuild("alice", {role})
    assert refusal.value.message.startswith("alice may not rebuild projections: it takes the role operator")
