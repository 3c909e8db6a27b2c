"""What a definition says besides code is checked: attributes, metadata, policies, schedules and blocks."""

import pytest

from tests.support.definitions import body, examined, told, words_of

ATTRIBUTES = [
    ('sandbox = ⟦"bare-metal"⟧', "wrong-kind", '"docker", "tier1", "gvisor" or "tier2"'),
    ("sandbox = ⟦2⟧", "wrong-kind", "found `2`"),
    ("timeout = ⟦8d⟧", "out-of-range", "at most 7 days"),
    ("timeout = ⟦0⟧", "out-of-range", "it must last"),
    ("timeout = ⟦1.5⟧", "wrong-kind", "write `30s`"),
    ('timeout = ⟦"soon"⟧', "wrong-kind", "expected a duration"),
    ("max_memory_mb = ⟦8⟧", "out-of-range", "16 to 1048576"),
    ("max_memory_mb = ⟦1.5⟧", "wrong-kind", "expected a whole number"),
    ("max_memory_mb = ⟦true⟧", "wrong-kind", "found `true`"),
    ("max_cpu_cores = ⟦0⟧", "out-of-range", "above 0 and up to 1024"),
    ("max_cpu_cores = ⟦-1⟧", "out-of-range", "`-1` is out of range"),
    ("disk_io_mbps = ⟦0⟧", "out-of-range", "1 to 1000000"),
    ('network_policy = ⟦"deny"⟧', "wrong-kind", '"deny_all" or "allow_all"'),
    ('network_policy = ⟦["not a host"]⟧', "wrong-kind", "api.example.com"),
    ("priority = ⟦2000⟧", "out-of-range", "-1000 to 1000"),
    ('priority = ⟦"urgent"⟧', "wrong-kind", '"low", "normal", "high" or "critical"'),
    ('memory = ⟦"forever"⟧', "wrong-kind", '"persistent" or "encrypted"'),
    ('privacy = ⟦"differential"⟧', "wrong-kind", '"normal", "high" or "strict"'),
    ('requires = ⟦["a", "a"]⟧', "duplicate-name", "twice"),
    ("⟦max_memory⟧ = 3", "unknown-attribute", "did you mean `max_memory_mb`?"),
    ("⟦coordination⟧ = true", "unknown-attribute", "there are sandbox, timeout"),
    ("timeout = 3s, ⟦timeout⟧ = 4s", "duplicate-name", "the second time"),
    ('security = "high", ⟦security_level⟧ = "high"', "duplicate-name", "says the same as `security`"),
    ('security = "maximum", sandbox = ⟦"docker"⟧', "contradiction", "strictest sandbox"),
]


@pytest.mark.parametrize(("attributes", "code", "words"), ATTRIBUTES)
def test_an_attribute_that_says_nothing_good_is_an_error(attributes: str, code: str, words: str) -> None:
    [found] = told(f"agent one() {{ with {attributes} {{ }} }}")
    assert (found.severity, found.code) == ("error", code)
    assert words in words_of(found)


def test_items_of_an_agent_and_settings_of_its_body_are_the_same_attributes() -> None:
    [found] = told('agent one() { memory = "session" with timeout = 3s, ⟦memory⟧ = "session" { } }')
    assert found.code == "duplicate-name"


CAPABILITIES = [
    ('["a", ⟦"a"⟧]', "duplicate-name", "declared twice"),
    ("[a, ⟦3⟧]", "bad-capability", '"http.get"'),
    ('[⟦"a b"⟧]', "bad-capability", "no name of a capability"),
]


@pytest.mark.parametrize(("capabilities", "code", "words"), CAPABILITIES)
def test_capabilities_are_names_each_given_once(capabilities: str, code: str, words: str) -> None:
    [found] = told(f"agent one() {{ capabilities = {capabilities} with {{ }} }}")
    assert (found.severity, found.code) == ("error", code)
    assert words in words_of(found)


def test_a_function_must_not_hide_a_capability() -> None:
    text = 'agent one() { capabilities = [⟦"go"⟧, ⟦"len"⟧] function go() { } with { go(); } }'
    assert [one.code for one in told(text)] == ["duplicate-name", "shadowed-capability"]


NAMES = [
    ("agent one() { with { } }\nagent ⟦one⟧() { with { } }", "the agent `one` is there twice"),
    ("agent one(a: int, ⟦a⟧: int) { with { } }", "two parameters are called `a`"),
    ("policy p { deny: a }\npolicy ⟦p⟧ { deny: b }", "the policy `p` is there twice"),
    ("agent one() { policy p { deny: a } policy ⟦p⟧ { deny: b } with { } }", "the policy `p` is there twice"),
    ("function f() { }\nfunction ⟦f⟧() { }", "the function `f` is declared twice"),
    ("function f() { }\nagent a() { function ⟦f⟧() { } with { } }", "the function `f` is declared twice"),
    ("function ⟦len⟧() { }", "`len` is a function of the language"),
    ("memory m { }\nmemory ⟦m⟧ { }", "the memory `m` is there twice"),
    ("agent one() { with { } ⟦with⟧ { } }", "`with` is given twice"),
    ("agent one() { capabilities = [a] ⟦capabilities⟧ = [b] with { } }", "`capabilities` is given twice"),
    ('metadata { a = 1 }\nmetadata { ⟦a⟧ = 2 }', "`a` is given twice in the metadata"),
    ('memory m { store a ⟦store⟧ b }', "`store` is given twice in a memory"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), NAMES)
def test_a_name_is_given_once(text: str, words: str) -> None:
    [found] = told(text, errors_only=True)
    assert found.code == "duplicate-name"
    assert words in words_of(found)


METADATA = [
    ('version = ⟦"next"⟧', "wrong-kind", '"1.4.0"'),
    ("version = ⟦1.0⟧", "wrong-kind", "expected a version"),
    ('name = ⟦"two words"⟧', "wrong-kind", "ledger-summary"),
    ('labels = ⟦"a"⟧', "wrong-kind", "expected a record of texts"),
    ("labels = { a: ⟦1⟧ }", "wrong-kind", "expected a text"),
    ('labels = { ⟦"a b"⟧: "c" }', "bad-name", "name of a label"),
    ("mine = ⟦99999999999999999⟧", "not-constant", "too large"),
]


@pytest.mark.parametrize(("settings", "code", "words"), METADATA)
def test_metadata_that_says_nothing_good_is_an_error(settings: str, code: str, words: str) -> None:
    [found] = told(f"metadata {{ {settings} }}")
    assert (found.severity, found.code) == ("error", code)
    assert words in words_of(found)


def test_one_name_is_not_given_to_several_agents() -> None:
    [found] = told('metadata { ⟦name⟧ = "x" } agent a() { with { } } agent b() { with { } }')
    assert found.code == "contradiction"


def test_an_agent_without_a_body_is_a_warning() -> None:
    [found] = told("agent ⟦one⟧() { }")
    assert (found.severity, found.code) == ("warning", "no-body")


POLICIES = [
    ("allow: ⟦a(any)⟧\n deny: a(x)", "error", "contradiction", "both allowed and denied"),
    ('allow: ⟦["b", "a"]⟧\n deny: "a"', "error", "contradiction", "`a` is both"),
    ("allow: ⟦a(x)⟧ if x.y\n deny: a(x) if x.y", "error", "contradiction", "both allowed"),
    ("allow: ⟦a(x)⟧ if true\n deny: a(any) if true", "error", "contradiction", "both allowed"),
    ("allow: ⟦a(1, x)⟧\n deny: a(1)", "error", "contradiction", "`a(1, x)`"),
    ("allow: ⟦a(x)⟧ if x.y\n deny: a(any)", "warning", "unreachable-rule", "so it is never allowed"),
    ("deny: a if ⟦false⟧", "warning", "unreachable-rule", "never applies"),
    ("deny: a(x) if x.y\n ⟦deny: a(x) if x.y⟧", "warning", "duplicate-rule", "there already"),
    ('deny: ["a", ⟦"a"⟧]', "warning", "duplicate-rule", "twice"),
    ("deny: ⟦any⟧", "error", "bad-action", "stands for an argument"),
    ("deny: ⟦1⟧", "error", "bad-action", "write a call pattern"),
    ('deny: ⟦"two words"⟧', "error", "bad-action", "names no action"),
    ("deny: ⟦[]⟧", "error", "bad-action", "names no action"),
    ("deny: a(⟦x + 1⟧)", "error", "bad-action", "behind `if`"),
    ("deny: a(x) if ⟦y⟧.z", "warning", "unbound-in-policy", "`context` holds the circumstances"),
    ("deny: a(x) if ⟦f⟧(x)", "error", "unknown-function", "calls no capabilities"),
    ("deny: a(x) if ⟦x + 1⟧ > 2 && ⟦\"a\"⟧", "error", "wrong-type", "needs a `bool`"),
    ("require: { rate_limiting: ⟦\"often\"⟧ }", "error", "wrong-kind", "1000/hour"),
    ("require: { rate_limiting: ⟦\"0/hour\"⟧ }", "error", "out-of-range", "use `deny`"),
    ("require: { max_retry_attempts: ⟦-1⟧ }", "error", "out-of-range", "0 to 1000"),
    ("require: { max_data_size: ⟦\"huge\"⟧ }", "error", "wrong-kind", "100MB"),
    ("require: { sandbox_tier: ⟦\"vm\"⟧ }", "error", "wrong-kind", '"gvisor"'),
    ("require: { ⟦rate_limit⟧: 3 }", "warning", "unknown-requirement", "acts that reach this are denied"),
    ("require: { ⟦rate_limitng⟧: 3 }", "warning", "unknown-requirement", "did you mean `rate_limiting`?"),
    ("require: ⟦validate(x)⟧", "warning", "unknown-requirement", "`validate`"),
    ("require: { require_reason: true, ⟦require_reason⟧: true }", "error", "duplicate-name", "twice"),
    ("require: ⟦approval()⟧", "error", "wrong-arity", 'approval("finance")'),
    ("require: approval(⟦3⟧)", "error", "wrong-kind", "name of a role"),
    ('require: approval("a", quorum = ⟦0⟧)', "error", "out-of-range", "1 to 100"),
    ('require: approval("a", ⟦by = 1⟧)', "error", "unknown-argument", "quorum = 2"),
    ("require: ⟦context⟧.x + 1 > 1 || ⟦3⟧", "error", "wrong-type", "needs a `bool`"),
    ("audit: { ⟦trace_id⟧: true }", "warning", "unknown-audit-setting", "include_…"),
    ("audit: { log_level: ⟦\"loud\"⟧ }", "error", "wrong-kind", '"critical"'),
    ("audit: { include_input: ⟦1⟧ }", "error", "wrong-kind", "`true` or `false`"),
    ("audit: { log_level: \"info\", ⟦log_level⟧: \"info\" }", "error", "duplicate-name", "twice"),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "severity", "code", "words"), POLICIES)
def test_a_rule_that_cannot_hold_is_told(rules: str, severity: str, code: str, words: str) -> None:
    if rules.count("⟦") > 1:  # only the last of them is told: the others show what is let through
        first, last = rules.rsplit("⟦", 1)
        rules = first.replace("⟦", "").replace("⟧", "") + "⟦" + last
    [found] = told(f"policy p {{ {rules} }}")
    assert (found.severity, found.code) == (severity, code)
    assert words in words_of(found)


FINE = [
    "allow: a(x) if x.y\n deny: a(x) if !x.y",
    "allow: a(1)\n deny: a(2)",
    "allow: a\n deny: a(2)",
    'allow: http.get(url) if url.starts_with("https")\n deny: "http.post"',
    "deny: a(x) if x.parts.any(part => part.secret) && len(x) > 3",
    "require: context.user.verified && !context.locked",
    "require: input_validation",
    "audit: all_operations\n audit: a(any)",
    "deny: a(x) if is_bad(x)\n require: is_bad(context.request)",
]


@pytest.mark.parametrize("rules", FINE)
def test_a_rule_that_can_hold_is_let_through(rules: str) -> None:
    used = "agent one() { with { is_bad(1); } }"
    told(f"function is_bad(x: any) -> bool {{ return x.bad; }}\npolicy p {{ {rules} }}\n{used}")


def test_a_policy_of_the_file_holds_for_every_agent() -> None:
    text = "policy p { deny: a(any) }\nagent one() { policy q { allow: ⟦a(x)⟧ } with { } }"
    assert [one.code for one in told(text)] == ["contradiction"]
    text = "policy p { allow: a(any) }\nagent one() { policy q { deny: ⟦a(x)⟧ } with { } }"
    assert [one.code for one in told(text)] == ["contradiction"]


def test_a_capability_that_is_always_denied_is_a_warning() -> None:
    text = "policy p { deny: a }\nagent one() { capabilities = [⟦a⟧] with { } }"
    assert [one.code for one in told(text)] == ["unreachable-capability"]


def test_inputs_of_the_agent_can_be_spoken_of_in_its_policies() -> None:
    told("agent one(rows: List<int>) { policy p { deny: a if rows.total > 3 } with { rows.len(); } }")


SCHEDULES = [
    ('cron: ⟦"0 25 * * *"⟧', "bad-cron", "'25' does not fit the field 'hour'"),
    ("cron: ⟦5⟧", "wrong-kind", "a cron expression"),
    ('cron: "@daily", ⟦at⟧: "2030-01-01"', "bad-schedule", "either `cron` or `at`"),
    ("one_shot: true", "bad-schedule", "says no time"),
    ('cron: "@daily", timezone: ⟦"Europe/Viena"⟧', "unknown-timezone", "did you mean `Europe/Vienna`?"),
    ('cron: "@daily", timezone: ⟦"../passwd"⟧', "unknown-timezone", "there is no time zone"),
    ('at: ⟦"tomorrow"⟧', "bad-schedule", "no date and time"),
    (
        'at: ⟦"2026-03-29T02:30:00"⟧, timezone: "Europe/Berlin"',
        "bad-schedule",
        "clocks of that time zone skip",
    ),
    ('at: "2030-01-01T00:00:00", one_shot: ⟦false⟧', "bad-schedule", "a single time"),
    ('cron: "@daily", one_shot: ⟦"yes"⟧', "wrong-kind", "`true` or `false`"),
    ('cron: "@daily", agent: ⟦"oen"⟧', "unknown-agent", "did you mean `one`?"),
    ('cron: "@daily", ⟦crom⟧: "x"', "unknown-attribute", "did you mean `cron`?"),
    ('cron: "@daily", ⟦cron⟧: "@daily"', "duplicate-name", "`cron` is given twice"),
    ('cron: "@daily", rows: ⟦"a"⟧', "wrong-type", "the input `rows` is `int`"),
]


@pytest.mark.parametrize(("settings", "code", "words"), SCHEDULES)
def test_a_schedule_that_says_no_time_is_an_error(settings: str, code: str, words: str) -> None:
    rows = "" if "rows" in settings else ", rows: 1"
    named = "⟦schedule⟧" if "says no time" in words else "schedule"
    [found] = told(f"{named} {{ {settings}{rows} }}\nagent one(rows: int) {{ with {{ rows + 1; }} }}")
    assert (found.severity, found.code) == ("error", code)
    assert words in words_of(found)


def test_a_schedule_names_its_agent_and_gives_it_what_it_takes() -> None:
    two = "agent a(x: int, y: Option<int>) { with { x + y; } } agent b() { with { } }"
    assert [one.code for one in told(f'⟦schedule⟧ {{ cron: "@daily" }} {two}')] == ["unknown-agent"]
    assert [one.code for one in told(f'⟦schedule⟧ {{ cron: "@daily", agent: a }} {two}')] == ["missing-input"]
    assert [one.code for one in told('⟦schedule⟧ { cron: "@daily" }')] == ["unknown-agent"]
    found = examined(f'schedule {{ cron: "@daily", agent: a, x: 1 }} {two}')
    assert found.diagnostics == []
    assert found.agents["a"].schedules[0].inputs == {"x": 1, "y": None}


BLOCKS = [
    ("memory m { ⟦vector_weight⟧ 1 }", "unknown-attribute", "there are store"),
    ("memory m { search { vector_weight ⟦2⟧ } }", "out-of-range", "0 to 1"),
    ("memory m { search { } ⟦search⟧ { } }", "duplicate-name", "the second time"),
    ("memory m { retention ⟦-1⟧ }", "out-of-range", "must last"),
    ("webhook ⟦w⟧ { provider github }", "missing-setting", "no `path`"),
    ('webhook w { path ⟦"hooks"⟧ }', "wrong-kind", "/hooks/orders"),
    ('webhook w { path "/a" secret ⟦"hunter2"⟧ }', "wrong-kind", "vault://hooks/key"),
    ('webhook w { path "/a" agent ⟦nobody⟧ }', "unknown-agent", "no agent `nobody`"),
    ('webhook w { path "/a" filter { json_path ⟦"type"⟧ } }', "wrong-kind", "$.type"),
    ("channel c { audit_level: ⟦loud⟧ }", "wrong-kind", '"full"'),
    ("channel c { data_classification { pii: ⟦burn⟧ } }", "wrong-kind", '"redact"'),
    ("channel c { policy p { allow: ⟦a(any)⟧ deny: a(any) } }", "contradiction", "both"),
]


@pytest.mark.parametrize(("block", "code", "words"), BLOCKS)
def test_a_block_that_says_nothing_good_is_an_error(block: str, code: str, words: str) -> None:
    [found] = told(f"{block}\nagent one() {{ with {{ }} }}")
    assert (found.severity, found.code) == ("error", code)
    assert words in words_of(found)


def test_the_name_of_a_memory_stands_for_itself_in_a_body() -> None:
    told(body("send(history);", around="memory history { store markdown }"))
