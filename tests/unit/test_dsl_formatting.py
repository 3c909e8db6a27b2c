"""How definitions are laid out."""

from pathlib import Path

import pytest

from app.dsl.formatting import WIDTH, formatted, pretty
from app.dsl.tree import Program
from tests.support.dsl_text import SAMPLE, program, read, told

EXAMPLES = sorted((Path(__file__).parents[2] / "docs" / "examples").glob("*.symbi"))


def laid_out(text: str) -> str:
    parsed = read(text)
    assert parsed.ok, told(parsed)
    result = formatted(parsed)
    again = read(result)
    assert again.program == parsed.program
    assert formatted(again) == result
    return result


def body(text: str) -> str:
    """A function's body, laid out, without the function."""
    lines = laid_out(f"function f() {{{text}}}").splitlines()
    return "\n".join(line.removeprefix("    ") for line in lines[1:-1])


def test_the_sample_that_has_everything() -> None:
    assert max(map(len, laid_out(SAMPLE).splitlines())) <= WIDTH


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_are_laid_out(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert laid_out(text) == text


def test_blocks_stand_apart_and_have_one_kind_of_separator_each() -> None:
    assert (
        laid_out(
            'metadata{version:"1",a={b:1}}schedule{cron=x}channel c{platform=x;data_classification{a:b}}\n'
            'memory m{store=markdown,search{w 1}}webhook w{}agent  a{capabilities:[x,y]memory:"s"}'
        )
        == """\
metadata {
    version = "1"
    a = { b: 1 }
}

schedule {
    cron: x
}

channel c {
    platform: x
    data_classification {
        a: b
    }
}

memory m {
    store markdown
    search {
        w 1
    }
}

webhook w {}

agent a {
    capabilities = [x, y]
    memory = "s"
}
"""
    )


def test_attributes_are_on_the_line_of_with_or_each_on_its_own() -> None:
    assert laid_out("agent a { with { } }") == "agent a {\n    with {}\n}\n"
    assert (
        laid_out("agent a { with x=1,y=2 { f(); } }")
        == "agent a {\n    with x = 1, y = 2 {\n        f();\n    }\n}\n"
    )
    attributes = ", ".join(f'attribute_{n} = "a value that is long"' for n in range(3))
    assert (
        laid_out(f"agent a {{ with {attributes} {{ f(); }} }}")
        == """\
agent a {
    with
        attribute_0 = "a value that is long",
        attribute_1 = "a value that is long",
        attribute_2 = "a value that is long"
    {
        f();
    }
}
"""
    )


def test_statements_have_lines_of_their_own() -> None:
    assert (
        body(
            "let x=1;if a{f();}else if b{}else{g()}for r in rows{continue;}"
            'match x{"a"=>f(),_=>{return;}}try{f();}catch(E e){}x+=1;'
        )
        == """\
let x = 1;
if a {
    f();
} else if b {} else {
    g()
}
for r in rows {
    continue;
}
match x {
    "a" => f(),
    _ => {
        return;
    }
}
try {
    f();
} catch (E e) {}
x += 1;"""
    )


@pytest.mark.parametrize(
    "written",
    [
        "a + b * c",
        "(a + b) * c",
        "a - (b - c)",
        "a - b - c",
        "!(a && b) || not c",
        "-a.b",
        "(-a).b",
        "(a => b)(c)",
        "a => b => c",
        "(a, b) => a + b",
        "(5).seconds",
        "5.seconds",
        "vault://a/b[c].d",
        "(vault://a/b).d",
        "x.if({ a: 1 })",
        "10_000 + 0.50",
        r'"\u{e9}" + "é"',
        "if a { 1 } else { 2 } + 3",
    ],
)
def test_expressions_have_the_parentheses_they_need_and_literals_stay_as_written(written: str) -> None:
    shown = written.replace("if a { 1 } else { 2 } + 3", "(if a { 1 } else { 2 }) + 3")
    assert body(f"return {written};") == f"return {shown};"


def test_parentheses_that_are_not_needed_go() -> None:
    assert body("return ((a) + (b * c));") == "return a + b * c;"


def test_a_record_in_a_head_keeps_its_parentheses() -> None:
    assert body("if (R{a:1}).a{}") == "if (R { a: 1 }).a {}"
    assert body("match x{a=>({}),}") == "match x {\n    a => ({}),\n}"


def test_what_is_too_long_breaks_where_its_outermost_brackets_are() -> None:
    arguments = ", ".join(f"argument_number_{n}" for n in range(8))
    expected = ",\n    ".join(arguments.split(", "))
    assert body(f"f({arguments});") == f"f(\n    {expected}\n);"
    assert body(f"f([{arguments}]);") == f"f([\n    {expected}\n]);"
    assert body(f"let a = {arguments.replace(', ', ' && ')};") == (
        "let a = " + "\n    && ".join(arguments.split(", ")) + ";"
    )


def test_records_and_lists_that_the_source_has_in_lines_stay_so() -> None:
    assert body("f({\n a: 1, b: 2 });") == "f({\n    a: 1,\n    b: 2\n});"
    assert body("f({ a: 1,\n b: 2 });") == "f({ a: 1, b: 2 });"


def test_conditions_of_rules_that_are_too_long_go_to_the_next_line() -> None:
    actions = ", ".join(f'"action_number_{n}"' for n in range(5))
    assert laid_out(f"policy p {{ allow: [{actions}] if context.user.role == x }}") == (
        f"policy p {{\n    allow: [{actions}]\n        if context.user.role == x\n}}\n"
    )


def test_one_blank_line_is_kept_and_no_more() -> None:
    assert body("\n\n  f();\n\n\n\n  g();\n  h();\n\n") == "f();\n\ng();\nh();"


def test_comments_stay_where_they_are() -> None:
    text = """\
# About the file.

// About the agent.
agent a(
    x: int,  // its number
    y: int
) {
    // Before the first.
    memory = session  # behind

    policy p {
        // Nothing but this.
    }

    with
        // Before an attribute.
        sandbox = docker,  // behind it
        timeout = 5s
    {
        let list = [
            1,  // one
            // two
            2
        ];
        if a {
            f();
            // At the end of a block.
        } else {
            // Alone in a block.
        }
        f({
            // In a record.
            a: 1  // its only field
        });
        return;  // at once
    }
    // At the end of the agent.
}

// At the end of the file.
"""
    assert laid_out(text) == text


def test_a_comment_that_stands_nowhere_goes_before_its_statement() -> None:
    assert body("\n  let a = // why\n  1;\n") == "// why\nlet a = 1;"


def test_a_text_with_errors_is_not_laid_out() -> None:
    with pytest.raises(ValueError, match="has errors"):
        formatted(read("agent"))


def test_nothing_is_nothing() -> None:
    assert laid_out("") == ""
    assert laid_out("\n\n// only this\n\n") == "// only this\n"


def test_a_tree_of_no_file_is_written_out() -> None:
    assert pretty(Program(program("type A = { a: int }"))) == "type A = { a: int }\n"
