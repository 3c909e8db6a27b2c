"""Whatever a definition says, checking it ends with words; what it lets through can be spawned and run."""

from hypothesis import given

from app.dsl.check import examine
from app.dsl.configuration import configuration
from app.dsl.definition import read_definition
from app.dsl.formatting import pretty
from app.dsl.run import compile_program
from app.dsl.settings.expression_text import expression_of, text_of
from app.dsl.source import Source
from app.dsl.syntax import parse
from app.dsl.tree import Expression, Program
from tests.support.dsl_bodies import FUNCTIONS, bodies
from tests.support.dsl_trees import expressions, programs


@given(programs)
def test_no_tree_makes_the_checker_fail(program: Program) -> None:
    examined = examine(program, Source("drawn.symbi", ""))
    for name in examined.agents if examined.ok else ():
        configuration(examined, name)


@given(programs)
def test_what_is_told_stands_in_the_file_and_what_is_let_through_compiles(program: Program) -> None:
    text = pretty(program)
    reading = read_definition(text.encode(), "drawn.symbi")
    for told in reading.diagnostics:
        assert 0 <= told.span.start <= told.span.end <= len(text)
        assert told.message.rstrip(".") == told.message != ""
    if reading.definition is not None:
        for agent in reading.definition.agents.values():
            if agent.has_body:
                compile_program(reading.definition.program, agent.name)


@given(bodies())
def test_a_body_that_is_let_through_can_be_compiled(body: str) -> None:
    text = f"{FUNCTIONS}\nagent one() {{ capabilities = [act] with {{ {body} }} }}"
    reading = read_definition(text.encode(), "drawn.symbi")
    assert parse(Source("", text)).ok
    if reading.definition is not None:
        compile_program(reading.definition.program, "one")
    else:
        assert reading.reasons


@given(expressions)
def test_an_expression_that_stands_alone_is_read_as_it_was(expression: Expression) -> None:
    assert expression_of(text_of(expression)) == expression
