"""Short texts in the definition language, and what they are read as."""

from typing import TypeVar

from app.dsl import tree
from app.dsl.rendering import render
from app.dsl.source import Source
from app.dsl.syntax import Parsed, parse

SAMPLE = """\
# Everything the language has, in one file.
metadata {
    version = "1.0", author: "Ada"
    tags = ["ledger", "sums"]
    limits: { rows: 10_000, share: 0.5 }
}

type Row = { account: String, total: float, tags: List<String> }
type Rows = List<Row>

function sum(rows: List<Row>, start: float) -> float {
    let total = start;
    for row in rows {
        if row.total < 0 && !row.tags.contains("refund") { continue; }
        total += row.total;
    }
    total
}

policy figures {
    allow: ["read_rows", "summarise"]
        if context.user.role == "clerk" || context.user.role == "admin"  // both
    deny: export(rows) if not context.approved
    require: approval("finance") if rows.total > 10000
    require: { rate_limiting: "100/hour", timeout_per_request: 5s }
    audit: all_operations
}

agent ledger_summary(rows: List<Row>, period: String) -> Report {
    capabilities = ["read_rows", "summarise"]
    memory = "session"
    policy own { deny: write(any) }
    function label(n: int) -> String { if n > 1 { "many" } else { "one" } }

    with
        sandbox = "docker",
        timeout = 30.seconds,     # long enough
        max_memory_mb = 512
    {
        let key = vault://ledger/keys[period];
        let big = rows.filter(row => row.total > 1000).map(row => row.total);
        report = Report { title: "Sums of " + period, "by key": {}, big: big };
        try {
            match period {
                "day" => { report.total = 0; },
                -1 => log("none", at = key),
                Some(x) => break_up({ a: x }),
                _ => { }
            }
        } catch (ReadError e) { log("WARNING", e.message); }
        if let Some(row) = big.first() { return row; } else if period in [] { return; }
        return report;
    }
}

schedule { cron: "0 9 * * *", timezone: "Europe/Berlin", agent: ledger_summary }
schedule nightly { at = "2026-11-21T02:00:00Z" one_shot = true }
channel ops {
    platform: "slack"
    policy guard { allow: invoke("ledger_summary") audit: all_interactions }
    data_classification { pii: redact, public: allow }
}
memory notes { store markdown path "data/notes" retention 90d search { vector_weight 0.7 } }
webhook alerts { path "/hooks/a", provider: github, agent ledger_summary filter { equals "x" } }
"""

N = TypeVar("N", bound=tree.Node)


def read(text: str, name: str = "a.symbi") -> Parsed:
    return parse(Source(name, text))


def program(text: str) -> tuple[tree.Item, ...]:
    """The items of a text that has no errors."""
    parsed = read(text)
    assert not parsed.diagnostics, told(parsed)
    return parsed.program.items


def item(text: str) -> tree.Item:
    (only,) = program(text)
    return only


def body(text: str) -> tree.Block:
    """A function's body."""
    function = item(f"function f() {{ {text} }}")
    assert isinstance(function, tree.FunctionDef)
    return function.body


def statement(text: str) -> tree.Statement:
    block = body(text)
    assert block.result is None
    (only,) = block.statements
    return only


def expression(text: str) -> tree.Expression:
    result = body(text).result
    assert result is not None
    return result


def pattern(text: str) -> tree.Pattern:
    match = statement(f"match x {{ {text} => 0 }}")
    assert isinstance(match, tree.Match)
    return match.arms[0].pattern


def told(parsed: Parsed) -> str:
    return render(parsed.source, parsed.diagnostics)


def errors(text: str) -> list[str]:
    """`line:column message` of each."""
    parsed = read(text)
    places = [parsed.source.position(told.span.start) for told in parsed.diagnostics]
    return [
        f"{place.line}:{place.column} {told.message}"
        for place, told in zip(places, parsed.diagnostics, strict=True)
    ]
