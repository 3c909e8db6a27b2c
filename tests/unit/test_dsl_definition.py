"""What the runtime keeps of a definition follows from what it says, and from nothing else."""

import hashlib
import json

import pytest

from app.dsl.definition import NoSuchAgent, Reading, read_definition
from app.dsl.settings.attributes import ATTRIBUTES
from events.agent_config import AgentConfig, MemoryKind, NetworkPolicy, Privacy, SandboxTier, SecurityLevel


def read(text: str) -> Reading:
    return read_definition(text.encode(), "test.symbi")


def config(text: str, agent: str | None = None) -> AgentConfig:
    reading = read(text)
    assert reading.definition is not None, "\n".join(reading.reasons)
    return reading.definition.agent(agent).config


def one(attributes: str, around: str = "") -> AgentConfig:
    return config(f"{around}\nagent one() {{ with {attributes} {{ }} }}")


def test_an_agent_that_says_nothing_has_the_defaults() -> None:
    assert one("") == AgentConfig(name="one")


@pytest.mark.parametrize(
    ("attributes", "field", "value"),
    [
        ('sandbox = "Tier1"', "tier", SandboxTier.DOCKER),
        ("sandbox = gvisor", "tier", SandboxTier.GVISOR),
        ("timeout = 30s", "limits.execution_timeout", 30),
        ("timeout = 5.minutes", "limits.execution_timeout", 300),
        ("timeout = 30_000", "limits.execution_timeout", 30),
        ("timeout = 1500", "limits.execution_timeout", 1.5),
        ('timeout = "30m"', "limits.execution_timeout", 1800),
        ('timeout = "250ms"', "limits.execution_timeout", 0.25),
        ("max_memory_mb = 512", "limits.memory_mb", 512),
        ("max_cpu_cores = 2", "limits.cpu_cores", 2.0),
        ("disk_io_mbps = 7", "limits.disk_io_mbps", 7),
        ("network_io_mbps = 8", "limits.network_io_mbps", 8),
        ('network_policy = "allow_all"', "network", NetworkPolicy.ALLOW_ALL),
        ('network_policy = ["api.example.com:443"]', "network", NetworkPolicy.ALLOW_LIST),
        ('network_policy = ["api.example.com:443"]', "network_hosts", ["api.example.com:443"]),
        ("priority = -5", "priority", -5),
        ('priority = "high"', "priority", 100),
        ('model = "small-1"', "model", "small-1"),
        ('memory = "encrypted"', "memory", MemoryKind.ENCRYPTED),
        ('privacy = "strict"', "privacy", Privacy.STRICT),
        ('security = "HIGH"', "security", SecurityLevel.HIGH),
        ('security_level = "maximum"', "security", SecurityLevel.MAXIMUM),
        ('security_level = "maximum"', "tier", SandboxTier.GVISOR),
        ('requires = "approval"', "requires", ["approval"]),
        ('requires = ["a", "b"]', "requires", ["a", "b"]),
    ],
)
def test_each_attribute_takes_effect_in_the_configuration(attributes: str, field: str, value: object) -> None:
    found: object = one(attributes)
    for name in field.split("."):
        found = getattr(found, name)
    assert found == value


def test_every_attribute_has_a_place_in_the_configuration() -> None:
    for attribute in ATTRIBUTES:
        fields = AgentConfig.model_fields
        first, *rest = attribute.field.split(".")
        assert first in fields
        if rest:
            assert rest[0] in fields[first].annotation.model_fields  # type: ignore[union-attr]


def test_items_of_an_agent_are_attributes_too() -> None:
    assert config('agent one() { memory = "session" with { } }').memory == MemoryKind.SESSION


def test_metadata_says_who_the_agent_is() -> None:
    made = one(
        "",
        'metadata { name = "ledger-1" version = "2.1" description = "Sums" author = "Ada" '
        'tags = ["a", b] keep = 30d labels = { team: "finance" } nested = { a: [1, true, null] } }',
    )
    assert (made.name, made.version, made.description) == ("ledger-1", "2.1.0", "Sums")
    assert made.labels == {"team": "finance"}
    assert made.metadata == {
        "author": "Ada",
        "tags": ["a", "b"],
        "keep": "30d",
        "nested": {"a": [1, True, None]},
    }


def test_inputs_and_the_result_are_kept_as_they_are_written() -> None:
    made = config(
        "type Row = { a: int }\n"
        "agent one(rows: List<Row>, n: int) -> Map<String, Row> { with { return {}; } }"
    )
    assert [(each.name, each.type) for each in made.inputs] == [("rows", "List<Row>"), ("n", "int")]
    assert made.result == "Map<String, Row>"


def test_capabilities_are_names() -> None:
    made = config('agent one() { capabilities: ["http.get", read] with { } }')
    assert made.capabilities == ["http.get", "read"]


RULES = """
policy everywhere { deny: "delete" }
agent one(rows: any) {
    policy figures {
        allow: read(rows, any, 3) if (rows.total > 3 || context.ok) && !rows.secret  // why
        deny: ["export", "http.post"]
        require: approval("finance", quorum = 2, timeout = 12h) if rows.total > 10_000
        require: { rate_limiting: "20/hour", max_data_size: "64KiB", sandbox_tier: "Tier2", odd: [1] }
        require: context.user.verified
        audit: all_operations
        audit: { log_level: "warn", include_input: false, alert_on_errors: true, compliance_tags: "GDPR" }
        audit: read(any)
    }
    with { }
}
"""

RATE = {"name": "rate_limiting", "value": {"count": 20, "window_s": 3600, "per": None}, "known": True}


def test_policies_are_kept_in_a_form_that_no_language_owns() -> None:
    everywhere, figures = config(RULES).model_dump(mode="json", exclude_none=True)["policies"]
    assert everywhere == {
        "name": "everywhere",
        "rules": [{"kind": "deny", "actions": [{"action": "delete"}], "line": 2}],
    }
    assert figures["rules"] == [
        {
            "kind": "allow",
            "actions": [
                {
                    "action": "read",
                    "arguments": [
                        {"kind": "named", "name": "rows"},
                        {"kind": "any"},
                        {"kind": "equal", "value": 3},
                    ],
                }
            ],
            "condition": "(rows.total > 3 || context.ok) && !rows.secret",
            "line": 5,
        },
        {"kind": "deny", "actions": [{"action": "export"}, {"action": "http.post"}], "line": 6},
        {
            "kind": "require",
            "requirements": [
                {
                    "name": "approval",
                    "value": {"role": "finance", "quorum": 2, "timeout_s": 43200},
                    "known": True,
                }
            ],
            "condition": "rows.total > 10000",
            "line": 7,
        },
        {
            "kind": "require",
            "requirements": [
                RATE,
                {"name": "max_data_size", "value": 65536, "known": True},
                {"name": "sandbox_tier", "value": "gvisor", "known": True},
                {"name": "odd", "value": [1], "known": False},
            ],
            "line": 8,
        },
        {"kind": "require", "requirements": [], "holds": "context.user.verified", "line": 9},
        {"kind": "audit", "actions": [], "settings": {}, "line": 10},
        {
            "kind": "audit",
            "actions": [],
            "settings": {
                "log_level": "warning",
                "include_input": False,
                "alert_on_errors": True,
                "compliance_tags": ["GDPR"],
            },
            "line": 11,
        },
        {
            "kind": "audit",
            "actions": [{"action": "read", "arguments": [{"kind": "any"}]}],
            "settings": {},
            "line": 12,
        },
    ]


SCHEDULED = """
schedule nightly { agent: a cron: "0 2 * * *" timezone: "Europe/Vienna" one_shot: true wait: 5m }
schedule { at: "2026-07-01T12:00:00" timezone: "Europe/Vienna" agent: b }
schedule { at: "2026-07-01T12:00:00-05:00" agent: b }
agent a(wait: Duration, note: Option<String>) { with { } }
agent b() { with { } }
"""


def test_a_schedule_is_kept_by_the_agent_that_it_names() -> None:
    [nightly] = config(SCHEDULED, "a").schedules
    assert nightly.model_dump() == {
        "name": "nightly",
        "cron": "0 2 * * *",
        "at": None,
        "timezone": "Europe/Vienna",
        "one_shot": True,
        "inputs": {"wait": 300_000, "note": None},
    }
    first, second = config(SCHEDULED, "b").schedules
    assert (first.name, first.at, first.one_shot) == ("schedule_2", "2026-07-01T10:00:00Z", True)
    assert (second.name, second.at) == ("schedule_3", "2026-07-01T17:00:00Z")


BLOCKS = """
memory history { store markdown path "data/h" retention 90d search { vector_weight 0.5 } }
webhook hook { path "/hooks/a" secret "vault://hooks/a" agent a filter { json_path "$.type" equals "x" } }
channel ops { platform: "slack", channels: ["#ops"], default_agent: "b"
    policy guard { deny: "deploy" } data_classification { pii: redact } }
agent a() { model = "m" with { } }
agent b() { with { } }
"""


def test_blocks_are_kept_by_the_agents_that_they_are_about() -> None:
    a, b = config(BLOCKS, "a"), config(BLOCKS, "b")
    history, hook = a.blocks
    assert history == b.blocks[0]
    assert history.settings == {
        "store": "markdown",
        "path": "data/h",
        "retention": 7_776_000,
        "search": {"vector_weight": 0.5},
    }
    assert hook.settings["filter"] == {"json_path": "$.type", "equals": "x"}
    ops = b.blocks[1]
    assert (ops.kind, ops.name) == ("channel", "ops")
    assert ops.settings["data_classification"] == {"pii": "redact"}
    assert "deploy" in json.dumps(ops.settings["policies"])


def test_what_has_no_effect_yet_is_said() -> None:
    definition = read(BLOCKS).definition
    assert definition is not None
    told = definition.agent("a").without_effect
    assert [sentence.split(" has no effect")[0] for sentence in told] == [
        "`model`",
        "The memory `history`",
        "The webhook `hook`",
    ]


def test_the_digest_is_that_of_the_bytes() -> None:
    text = "agent one() { with { } }"
    reading = read(text)
    assert reading.digest == "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    assert reading.definition is not None
    assert reading.definition.digest == reading.digest
    assert read(text + " ").digest != reading.digest


def test_an_agent_is_picked_by_its_name_where_there_are_several() -> None:
    definition = read(BLOCKS).definition
    assert definition is not None
    assert definition.agent("a").name == "a"
    with pytest.raises(NoSuchAgent, match="several agents, so one must be named: a, b"):
        definition.agent()
    with pytest.raises(NoSuchAgent, match="no agent c; there are a, b"):
        definition.agent("c")
    nothing = read("policy p { deny: a }").definition
    assert nothing is not None
    with pytest.raises(NoSuchAgent, match="defines no agent"):
        nothing.agent()


def test_a_file_that_is_wrong_has_reasons_and_no_definition() -> None:
    reading = read("agent one() {\n    with timeout = 9d { } // too long\n    with { }\n}")
    assert not reading.ok
    long, second = reading.reasons
    assert long.startswith("error[out-of-range]: `timeout`: `9d` is out of range\n --> test.symbi:2:20")
    assert "2 |     with timeout = 9d { } // too long\n  |                    ^^" in long
    assert second.startswith("error[duplicate-name]")
    assert read("agent {").reasons


def test_what_is_no_text_is_told_and_nothing_more() -> None:
    assert [one.code for one in read_definition(b"\xff\xfe\x00", "x").diagnostics] == ["not-utf8"]
