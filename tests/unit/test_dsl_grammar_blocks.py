"""Each production of a definition's blocks, and what it is read as."""

import pytest

from app.dsl.tree import (
    AgentDef,
    ArrayLiteral,
    Block,
    BoolLiteral,
    Call,
    Capabilities,
    ChannelDef,
    DataClassification,
    DurationLiteral,
    FieldDef,
    FilterBlock,
    FloatLiteral,
    FunctionDef,
    GenericType,
    Identifier,
    IntLiteral,
    Item,
    MemoryDef,
    Metadata,
    NamedType,
    NullLiteral,
    Param,
    PolicyDef,
    RecordField,
    RecordLiteral,
    RecordType,
    Return,
    Rule,
    ScheduleDef,
    SearchBlock,
    Setting,
    StringLiteral,
    TypeDef,
    Unary,
    VaultRef,
    WebhookDef,
    WithBlock,
)
from tests.support.dsl_text import SAMPLE, item, program, read, told

EMPTY = Block((), None)
X = Identifier("x")


def text(value: str) -> StringLiteral:
    return StringLiteral(value)


def test_the_sample_that_has_everything_is_read() -> None:
    parsed = read(SAMPLE)
    assert not parsed.diagnostics, told(parsed)
    assert [type(item) for item in parsed.program.items] == [
        Metadata,
        TypeDef,
        TypeDef,
        FunctionDef,
        PolicyDef,
        AgentDef,
        ScheduleDef,
        ScheduleDef,
        ChannelDef,
        MemoryDef,
        WebhookDef,
    ]


def test_a_program_is_blocks_in_the_order_of_the_file() -> None:
    assert program("") == ()
    assert program("// nothing\n# at all\n") == ()
    assert program("type A = B type C = D") == (
        TypeDef("A", NamedType("B")),
        TypeDef("C", NamedType("D")),
    )


@pytest.mark.parametrize(
    "inside",
    [
        'a = "x" b = 2',
        'a: "x" b: 2',
        'a = "x", b: 2,',
        'a: "x"; b = 2;',
        'a = "x"\nb\n=\n2',
    ],
)
def test_settings_take_both_separators_and_do_without_commas(inside: str) -> None:
    settings = (Setting("a", text("x")), Setting("b", IntLiteral(2)))
    assert item(f"metadata {{ {inside} }}") == Metadata(settings)
    assert item(f"schedule s {{ {inside} }}") == ScheduleDef("s", settings)
    assert item(f"channel c {{ {inside} }}") == ChannelDef("c", settings)
    assert item(f"memory m {{ {inside} }}") == MemoryDef("m", settings)
    assert item(f"webhook w {{ {inside} }}") == WebhookDef("w", settings)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('"x"', text("x")),
        ("30s", DurationLiteral(30, "s")),
        ("1_000", IntLiteral(1000)),
        ("-1", Unary("-", IntLiteral(1))),
        ("-0.5", Unary("-", FloatLiteral(0.5))),
        ("0.5", FloatLiteral(0.5)),
        ("true", BoolLiteral(True)),
        ("false", BoolLiteral(False)),
        ("null", NullLiteral()),
        ("docker", Identifier("docker")),
        ("vault://a/b", VaultRef("a/b")),
        ('["a", 1]', ArrayLiteral((text("a"), IntLiteral(1)))),
        ("{ a: 1 }", RecordLiteral(None, (RecordField("a", IntLiteral(1)),))),
    ],
)
def test_a_setting_has_a_value_of_any_kind(written: str, value: object) -> None:
    assert item(f"metadata {{ a = {written} }}") == Metadata((Setting("a", value),))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["agent", "policy", "type", "search", "filter", "with", "allow", "memory"])
def test_words_that_are_keywords_elsewhere_are_names_of_settings(name: str) -> None:
    assert item(f"metadata {{ a = x {name} = {name} }}") == Metadata(
        (Setting("a", X), Setting(name, Identifier(name)))
    )


def test_a_schedule_needs_no_name() -> None:
    assert item('schedule { cron: "0 9 * * *" }') == ScheduleDef(None, (Setting("cron", text("0 9 * * *")),))


def test_a_channel_has_settings_policies_and_data_classes() -> None:
    assert item(
        'channel ops { platform: "slack" policy p { deny: x } data_classification { pii: redact, a: b } }'
    ) == ChannelDef(
        "ops",
        (
            Setting("platform", text("slack")),
            PolicyDef("p", (Rule("deny", X, None),)),
            DataClassification((Setting("pii", Identifier("redact")), Setting("a", Identifier("b")))),
        ),
    )


def test_a_memory_has_pairs_and_a_search() -> None:
    assert item('memory m { store markdown path "d" retention 90d search { weight 0.7 } }') == MemoryDef(
        "m",
        (
            Setting("store", Identifier("markdown")),
            Setting("path", text("d")),
            Setting("retention", DurationLiteral(90, "d")),
            SearchBlock((Setting("weight", FloatLiteral(0.7)),)),
        ),
    )


def test_a_webhook_has_pairs_and_a_filter() -> None:
    assert item('webhook w { agent a, filter { equals "x", } provider github }') == WebhookDef(
        "w",
        (
            Setting("agent", Identifier("a")),
            FilterBlock((Setting("equals", text("x")),)),
            Setting("provider", Identifier("github")),
        ),
    )


def test_an_agent_may_have_parameters_and_a_result() -> None:
    rows = Param("rows", GenericType("List", (NamedType("Row"),)))
    period = Param("period", NamedType("String"))
    assert item("agent a { }") == AgentDef("a", (), None, ())
    assert item("agent a() { }") == AgentDef("a", (), None, ())
    assert item("agent a(rows: List<Row>, period: String,) -> Report { }") == AgentDef(
        "a", (rows, period), NamedType("Report"), ()
    )
    assert item("agent a(rows: List<Row> period: String) { }") == AgentDef("a", (rows, period), None, ())


@pytest.mark.parametrize("separator", ["=", ":"])
def test_an_agent_says_what_it_may_call(separator: str) -> None:
    assert item(f'agent a {{ capabilities {separator} ["x", y] }}') == AgentDef(
        "a", (), None, (Capabilities(ArrayLiteral((text("x"), Identifier("y")))),)
    )


@pytest.mark.parametrize("inside", ['memory = "x" privacy = strict', 'memory: "x", privacy: strict;'])
def test_an_agent_has_bare_items(inside: str) -> None:
    expected = (Setting("memory", text("x")), Setting("privacy", Identifier("strict")))
    assert item(f"agent a {{ {inside} }}") == AgentDef("a", (), None, expected)


def test_an_agent_has_policies_functions_and_a_body() -> None:
    assert item("agent a { policy p { } function f() { } with { } }") == AgentDef(
        "a",
        (),
        None,
        (PolicyDef("p", ()), FunctionDef("f", (), None, EMPTY), WithBlock((), EMPTY)),
    )


def test_a_body_has_attributes_with_and_without_commas() -> None:
    expected = (
        Setting("sandbox", text("docker")),
        Setting("timeout", DurationLiteral(30, "seconds")),
        Setting("requires", ArrayLiteral((X,))),
    )
    for inside in (
        'sandbox = "docker", timeout = 30.seconds, requires = [x]',
        'sandbox = "docker" timeout = 30.seconds requires = [x],',
    ):
        assert item(f"agent a {{ with {inside} {{ return x; }} }}") == AgentDef(
            "a", (), None, (WithBlock(expected, Block((Return(X),), None)),)
        )


def test_the_value_of_a_last_attribute_is_no_record() -> None:
    agent = item("agent a { with memory = session { } }")
    assert agent == AgentDef("a", (), None, (WithBlock((Setting("memory", Identifier("session")),), EMPTY),))


def test_a_policy_has_rules_of_four_kinds_with_and_without_conditions() -> None:
    rules = "allow: read(x) if x deny: [x, y] require: { a: true } audit: all if not x allow: x if true"
    assert item(f"policy p {{ {rules} }}") == PolicyDef(
        "p",
        (
            Rule("allow", call("read"), X),
            Rule("deny", ArrayLiteral((X, Identifier("y"))), None),
            Rule("require", RecordLiteral(None, (RecordField("a", BoolLiteral(True)),)), None),
            Rule("audit", Identifier("all"), Unary("not", X)),
            Rule("allow", X, BoolLiteral(True)),
        ),
    )


def call(name: str) -> Call:
    from app.dsl.tree import Argument

    return Call(Identifier(name), (Argument(None, X),))


def test_a_function_has_parameters_a_result_and_a_body() -> None:
    assert item("function f() { }") == FunctionDef("f", (), None, EMPTY)
    assert item("function f(a: int, b: Map<String, List<int>>) -> bool { x }") == FunctionDef(
        "f",
        (
            Param("a", NamedType("int")),
            Param(
                "b",
                GenericType("Map", (NamedType("String"), GenericType("List", (NamedType("int"),)))),
            ),
        ),
        NamedType("bool"),
        Block((), X),
    )


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("type A = B", TypeDef("A", NamedType("B"))),
        ("type A = List<B>;", TypeDef("A", GenericType("List", (NamedType("B"),)))),
        ("type A = { }", TypeDef("A", RecordType(()))),
        (
            "type A = { a: int, type: String\nc: B; }",
            TypeDef(
                "A",
                RecordType(
                    (
                        FieldDef("a", NamedType("int")),
                        FieldDef("type", NamedType("String")),
                        FieldDef("c", NamedType("B")),
                    )
                ),
            ),
        ),
    ],
)
def test_a_type_is_a_record_or_another_name(written: str, expected: Item) -> None:
    assert item(written) == expected


def test_both_kinds_of_comments_end_with_their_line() -> None:
    parsed = read('metadata { // one\n a = "# no // comment" # two // still\n}')
    assert parsed.program.items == (Metadata((Setting("a", text("# no // comment")),)),)
    assert [parsed.source.text_of(span) for span in parsed.comments] == ["// one", "# two // still"]


def test_every_node_knows_where_it_was_read() -> None:
    parsed = read("agent a(x: int) {\n  memory = session\n}\n")
    (agent,) = parsed.program.items
    assert isinstance(agent, AgentDef)
    assert parsed.source.text_of(agent.name_span) == "a"
    assert parsed.source.text_of(agent.params[0].span) == "x: int"
    assert parsed.source.text_of(agent.items[0].span) == "memory = session"
    assert parsed.source.position(agent.items[0].span.start) == (2, 3)
