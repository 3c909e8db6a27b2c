"""The grammar leaves no doubt about what a text means."""

import logging

import pytest
from lark import Lark, logger

from app.dsl.syntax.builder import Builder
from app.dsl.syntax.grammar import GRAMMAR, EveryToken, lark, spellings
from app.dsl.syntax.words import FOREIGN, HARD, SOFT, TOP_LEVEL


def test_the_only_conflict_is_a_minus_behind_an_arm_without_a_comma(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logger, "level", logging.DEBUG)
    monkeypatch.setattr(logger, "propagate", True)
    with caplog.at_level(logging.DEBUG, logger=logger.name):
        Lark(
            GRAMMAR,
            parser="lalr",
            lexer="basic",
            start="program",
            maybe_placeholders=True,
            postlex=EveryToken(),
            debug=True,
        )
    conflicts = [record.getMessage() for record in caplog.records if "onflict" in record.getMessage()]
    assert conflicts
    assert set(conflicts) == {"Shift/Reduce conflict for terminal MINUS: (resolving as shift)"}


def test_every_rule_has_its_node() -> None:
    named = [rule for rule in lark().rules if rule.alias or not rule.options.expand1]
    made = {rule.alias or rule.options.template_source or str(rule.origin.name) for rule in named}
    assert {name for name in made if not name.startswith("_") and not hasattr(Builder, name)} == set()


def test_every_keyword_is_hard_or_soft() -> None:
    words = {name for name, text in spellings().items() if text.isidentifier()}
    assert words == HARD | SOFT
    assert not HARD & SOFT
    assert TOP_LEVEL <= SOFT
    assert not {text.upper() for text in FOREIGN} & words
