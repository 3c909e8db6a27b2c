"""Two versions of a definition differ in what they mean, and in nothing else."""

import pytest

from app.dsl.definition import Definition, read_definition
from app.dsl.diff import Change, diff

BEFORE = """
metadata { version = "1.0.0" labels = { team: "finance" } }
type Row = { account: String, amount: float }
function total(rows: List<Row>) -> float {
    let sum = rows.map(row => row.amount).sum();
    return sum;
}
schedule nightly { cron: "0 2 * * *" rows: [] }
memory history { store markdown retention 90d }
agent ledger(rows: List<Row>) -> float {
    capabilities = ["read", "log"]
    policy figures {
        allow: read(any)
        deny: export(rows) if rows.secret
    }
    with timeout = 30s {
        log("begin");
        return total(rows);
    }
}
"""


def read(text: str) -> Definition:
    reading = read_definition(text.encode(), "test.symbi")
    assert reading.definition is not None, reading.reasons
    return reading.definition


def changes(*replaced: tuple[str, str]) -> list[Change]:
    after = BEFORE
    for old, new in replaced:
        assert old in after
        after = after.replace(old, new)
    return diff(read(BEFORE), read(after))


def test_layout_comments_and_the_order_of_rules_change_nothing() -> None:
    assert changes(
        ("    with timeout", "\n\n // as before\n with   timeout"),
        ("allow: read(any)\n", "\n"),
        ("if rows.secret", "if (rows.secret) allow: read(any)"),
        ('"0 2 * * *" rows', '"0 2 * * *", rows'),
    ) == []  # fmt: skip


ALLOWED = "figures: allow: read(any)"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("timeout = 30s", "timeout = 1m", ("configuration", "limits.execution_timeout", 30.0, 60.0)),
        ('"1.0.0"', '"1.1.0"', ("configuration", "version", "1.0.0", "1.1.0")),
        ('team: "finance"', 'team: "data"', ("configuration", "labels.team", "finance", "data")),
        ("ledger(rows: List<Row>)", "ledger(rows: List<Row>, n: Option<int>)", None),
        ('"read", "log"', '"read", "log", "save"', ("capabilities", "save", None, "save")),
        ('["read", "log"]', '["log"]', ("capabilities", "read", "read", None)),
        ("allow: read(any)", "", ("policies", ALLOWED, ALLOWED, None)),
        ('"0 2 * * *"', '"0 3 * * *"', ("schedules", "nightly.cron", "0 2 * * *", "0 3 * * *")),
        ("retention 90d", "retention 1d", ("blocks", "memory history.retention", 7776000, 86400)),
        ("amount: float", "amount: int", ("types", "Row.amount", "float", "int")),
        ('log("begin");', "", ("body", "body", 'log("begin");', None)),
        ('log("begin");', 'log("start");', ("body", "body", 'log("begin");', 'log("start");')),
        ("return sum;", "return sum + 0;", ("functions", "total", "return sum;", "return sum + 0;")),
        ("function total(rows: List<Row>) -> float", "function total(rows: List<Row>) -> any",
         ("functions", "total", "(rows: List<Row>) -> float", "(rows: List<Row>) -> any")),
    ],
)  # fmt: skip
def test_each_part_is_told_apart(old: str, new: str, expected: tuple[object, ...] | None) -> None:
    [change] = changes((old, new)) if expected else changes((old, new))[:1]
    if expected is None:
        expected = ("inputs", "n", None, "Option<int>")
    assert (change.part, change.name, change.before, change.after) == expected
    assert change.kind == (
        "added" if change.before is None else "removed" if change.after is None else "changed"
    )
    assert change.agent == (None if change.part in ("types", "functions") else "ledger")


def test_a_block_or_schedule_that_went_is_one_change() -> None:
    found = changes(('schedule nightly { cron: "0 2 * * *" rows: [] }', ""))
    assert [(one.part, one.name, one.kind) for one in found] == [("schedules", "nightly", "removed")]


def test_an_agent_by_another_name_is_the_same_one_where_it_is_alone() -> None:
    found = changes(("agent ledger", "agent books"))
    assert [(one.part, one.before, one.after) for one in found] == [
        ("agent", "ledger", "books"),
        ("configuration", "ledger", "books"),
    ]


def test_of_several_agents_those_of_the_same_name_are_compared() -> None:
    before = read("agent a() { with { } } agent b() { with { } }")
    after = read("agent b() { with timeout = 3s { } } agent c() { with { } }")
    found = [(one.agent, one.part, one.before, one.after) for one in diff(before, after)]
    assert found == [
        ("b", "configuration", 300.0, 3.0),
        (None, "agent", "a", None),
        (None, "agent", None, "c"),
    ]
    assert [one.part for one in diff(before, after, ("a", "c"))] == ["agent", "configuration"]
