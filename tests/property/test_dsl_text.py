"""What is written is read as it was meant, and laying it out changes neither meaning nor comments."""

from hypothesis import given
from hypothesis import strategies as st

from app.dsl.formatting import formatted, pretty
from app.dsl.source import Source
from app.dsl.syntax import Parsed, parse
from app.dsl.syntax.lexing import lex, span_of
from app.dsl.tree import Program, walk
from tests.support.dsl_trees import programs


def read(text: str) -> Parsed:
    return parse(Source("drawn.symbi", text))


@given(programs)
def test_a_tree_that_is_written_and_read_is_the_same_tree(program: Program) -> None:
    parsed = read(pretty(program))
    assert not parsed.diagnostics
    assert parsed.program == program


@given(programs)
def test_each_node_stands_inside_its_parent(program: Program) -> None:
    parsed = read(pretty(program))
    for node in walk(parsed.program):
        assert 0 <= node.span.start <= node.span.end <= len(parsed.source.text)


@given(programs)
def test_what_is_laid_out_stays_as_it_is(program: Program) -> None:
    text = formatted(read(pretty(program)))
    assert formatted(read(text)) == text


@given(programs, st.data())
def test_comments_survive_wherever_they_stand(program: Program, data: st.DataObject) -> None:
    text = with_comments(pretty(program), data)
    before = read(text)
    assert not before.diagnostics
    laid_out = formatted(before)
    after = read(laid_out)
    assert after.program == before.program
    assert comments(after) == comments(before)
    assert formatted(after) == laid_out


def with_comments(text: str, data: st.DataObject) -> str:
    """*text* with comments between its tokens, on lines of their own or at the end of one."""
    places = [span_of(token).end for token in lex(Source("", text)).tokens]
    chosen = data.draw(st.lists(st.sampled_from(places), max_size=6, unique=True)) if places else []
    for number, place in enumerate(sorted(chosen, reverse=True)):
        lead = data.draw(st.sampled_from([" // ", "\n# ", "\n\n    // "]))
        text = f"{text[:place]}{lead}note {number}\n{text[place:]}"
    return text


def comments(parsed: Parsed) -> list[str]:
    return sorted(parsed.source.text_of(span).strip() for span in parsed.comments)
