"""Feeds the tokens to the tables, and goes on behind an error.

An error is first repaired in the ways that people write things wrong: a word misspelt, a separator that is
missing, wrong or twice. What fits well enough with what follows is taken, and told. Otherwise the innermost
element of a list that is being read is given up (ERROR in the grammar), and reading goes on behind it.
"""

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches

from lark import Token, UnexpectedToken
from lark.parsers.lalr_analysis import Shift

from ..diagnostics import Diagnostic, error
from ..source import Source, Span
from ..tree import MAX_DEPTH, Node, Program
from .brackets import PARTNERS, Balanced, too_deep
from .grammar import lark, spellings
from .lexing import lex, span_of
from .words import FOREIGN, HARD, SOFT, expected_words, listed, quoted

_LOOK_AHEAD = 3
"""How many tokens have to fit for a repair to be taken."""

_LOOK_BEHIND_A_WORD = 2
"""How many have to fit behind a word that is nearly the keyword that is waited for."""

_CALM = 3
"""How many tokens have to fit before the next error is news, and no consequence of the last."""

_MAX_ERRORS = 200
"""After so many repairs the rest is not read."""

_END = "$END"
_CLOSERS = frozenset(PARTNERS.values())
_INSTEAD = {
    "COLON": ("EQUALS", "COMMA"),
    "EQUALS": ("COLON", "OPERATOR", "ARROW"),
    "COMMA": ("SEMICOLON", "COLON", "EQUALS"),
    "SEMICOLON": ("COMMA", "COLON"),
    "ARROW": ("THIN_ARROW", "EQUALS", "COLON"),
    "THIN_ARROW": ("ARROW", "COLON"),
    "ASSIGN": ("EQUALS",),
}
"""What a separator may have been meant to be."""

_LARGEST_STACK = 16 * MAX_DEPTH
"""Symbols that wait to be completed; a level of nesting has a few."""

_LONGEST_WORD = 40
"""A longer one was not meant to be a keyword."""

_MISSING = ("SEMICOLON", "COMMA", "COLON", "EQUALS", "ARROW", "IN")
_NEED_A_VALUE = frozenset(_INSTEAD) - {"COMMA", "SEMICOLON"} | {
    "OPERATOR",
    "MINUS",
    "LESS",
    "MORE",
    "NOT",
    "BANG",
}


class Reader:
    """Reads one text. *told* are the diagnostics of its tokens: what follows from them is not told again."""

    def __init__(self, source: Source, balanced: Balanced, told: Iterable[Diagnostic]) -> None:
        self.source = source
        end = len(source.text)
        self.tokens = [*balanced.tokens, Token(_END, "", end, end_pos=end)]
        self.depths = [*balanced.depths, 0]
        self.diagnostics: list[Diagnostic] = []
        self.told_lines = {source.position(diagnostic.span.start).line for diagnostic in told}
        self.state = lark().parse_interactive(start="program").parser_state
        self.stack = self.state.state_stack
        self.table = self.state.parse_conf.states
        self.calm = _CALM
        self.errors = 0

    def read(self) -> Program:
        feed = self.state.feed_token
        at = 0
        result = None
        while result is None:
            token = self.tokens[at]
            if (token.type in SOFT and not self.step(self.stack[:], token.type)) or (
                token.type in HARD and self.is_key(at)
            ):
                token.type = "NAME"
            try:
                result = feed(token, token.type == _END)
            except UnexpectedToken:
                at = self.recover(at)
            else:
                at += 1
                self.calm += 1
                if len(self.stack) > _LARGEST_STACK:
                    self.tell(too_deep(span_of(token)))
                    at = self.give_up()
        assert isinstance(result, Program)
        return result

    def is_key(self, at: int) -> bool:
        """Whether the keyword at *at* is the key of a record."""
        if self.tokens[at + 1].type != "COLON":
            return False
        state = self.taking("NAME")
        return state is not None and "field" in self.table[state]

    def fits(self, stack: Sequence[int], kinds: Iterable[str]) -> bool:
        """Whether tokens of these *kinds* can follow, from the states of *stack*."""
        stack = list(stack)
        for kind in kinds:
            if not self.step(stack, kind) and not (kind in SOFT and self.step(stack, "NAME")):
                return False
        return True

    def step(self, stack: list[int], kind: str) -> bool:
        """Take one token; on False *stack* is as it was."""
        before = stack[:]
        while (entry := self.table[stack[-1]].get(kind)) is not None:
            action, argument = entry
            if action is Shift:
                stack.append(argument)
                return True
            if size := len(argument.expansion):
                del stack[-size:]
            stack.append(self.table[stack[-1]][argument.origin.name][1])
            if kind == _END and stack[-1] == self.state.parse_conf.end_state:
                return True
        stack[:] = before
        return False

    def kinds(self, at: int, count: int = _LOOK_AHEAD) -> list[str]:
        """Those of the next tokens."""
        return [token.type for token in self.tokens[at : at + count]]

    # Going on

    def recover(self, at: int) -> int:
        """Tell the error at token *at*, and get ready to read on at the token that is returned."""
        self.errors += 1
        if self.errors > _MAX_ERRORS:
            return self.give_up()
        for repair in _REPAIRS:
            if (repaired := repair(self, at)) is not None:
                told, at = repaired
                self.tell(told)
                return at
        self.tell(self.unexpected(at))
        behind = self.skip(at)
        ended = self.is_first(behind) or self.tokens[behind - 1].type == "SEMICOLON"
        self.calm = _CALM if ended and behind > at else 0
        return behind

    def tell(self, told: Diagnostic | None) -> None:
        """Unless it follows from what was told already; None is for what was."""
        if told is None:
            return
        line = self.source.position(told.span.start).line
        anything = bool(self.diagnostics or self.told_lines)
        if not anything or (self.calm >= _CALM and line not in self.told_lines):
            self.diagnostics.append(told)

    def give_up(self) -> int:
        while not self.fits(self.stack, (_END,)):
            self.pop()
        return len(self.tokens) - 1

    def skip(self, at: int) -> int:
        """Give up the innermost element that can be given up, and find where the next one begins."""
        while not self.fits(self.stack, ("ERROR",)):
            self.pop()
        among_statements = "stmt" in self.table[self.stack[-1]]
        before_a_block = "with_setting" in self.table[self.stack[-1]]
        depth = sum(_opens(value) for value in self.state.value_stack)
        self.state.feed_token(Token("ERROR", ""))
        for index in range(at, len(self.tokens)):
            token, inside = self.tokens[index], self.depths[index]
            if token.type == _END or (token.type in _CLOSERS and inside < depth):
                return index
            if inside > depth or token.type in _CLOSERS:
                continue
            if token.type == "SEMICOLON" or (token.type == "COMMA" and not among_statements):
                return index + 1
            begins = self.is_first(index) or (before_a_block and token.type == "LBRACE")
            if begins and index > at and self.fits(self.stack, (token.type,)):
                return index
        return len(self.tokens) - 1

    def pop(self) -> None:
        del self.stack[-1]
        del self.state.value_stack[-1]

    def is_first(self, at: int) -> bool:
        """Whether a token is the first on its line."""
        if at == 0:
            return True
        between = self.source.text[span_of(self.tokens[at - 1]).end : span_of(self.tokens[at]).start]
        return "\n" in between or "\r" in between

    def is_on_top(self, token: Token) -> bool:
        """Whether the last symbol that was read is nothing but *token*."""
        top = self.state.value_stack[-1] if self.state.value_stack else None
        if isinstance(top, Token):
            return top is token
        return isinstance(top, Node) and top.span == span_of(token)

    # Repairs: each gives what to tell and where to go on, or None when it does not fit

    def misspelt(self, at: int) -> "Repaired":
        """This word or the one before was meant to be a keyword."""
        token = self.tokens[at]
        if token.type == "NAME" and (meant := self.keyword_meant(self.stack, at)):
            told = self.unexpected(at, help=f"did you mean `{meant}`?")
            self.replace(at, meant)
            return told, at
        before = self.tokens[at - 1] if at else token
        if before.type != "NAME" or self.is_first(at) or not self.is_on_top(before):
            return None
        if (meant := self.keyword_meant(self.stack[:-1], at - 1)) is None:
            return None
        self.pop()
        self.replace(at - 1, meant)
        message = f"there is no keyword `{before}`"
        return error("unknown-keyword", message, span_of(before), help=f"did you mean `{meant}`?"), at - 1

    def keyword_meant(self, stack: Sequence[int], at: int) -> str | None:
        word = str(self.tokens[at])
        accepted = [spellings()[kind] for kind in self.table[stack[-1]] if kind in HARD or kind in SOFT]
        nearest = get_close_matches(word, accepted, n=1, cutoff=0.7) if len(word) <= _LONGEST_WORD else []
        for meant in filter(None, (FOREIGN.get(word), *nearest)):
            behind = self.kinds(at + 1, _LOOK_BEHIND_A_WORD)
            if self.fits(stack, [*(kind for kind, _ in _as_tokens(meant)), *behind]):
                return meant
        return None

    def keyword_as_name(self, at: int) -> "Repaired":
        token = self.tokens[at]
        if token.type not in HARD or not self.fits(self.stack, ["NAME", *self.kinds(at + 1)]):
            return None
        token.type = "NAME"
        message = f"`{token}` is a keyword, and cannot be a name"
        return error("keyword-as-name", message, span_of(token), help=f"write `{token}_`"), at

    def wrong_separator(self, at: int) -> "Repaired":
        token = self.tokens[at]
        for kind in _INSTEAD.get(token.type, ()):
            if self.fits(self.stack, [kind, *self.kinds(at + 1)]):
                meant = "==" if kind == "OPERATOR" else spellings()[kind]
                help = "`=` assigns, `==` compares" if kind == "OPERATOR" else f"write `{meant}`"
                told = self.unexpected(at, words=(f"`{meant}`",), help=help)
                self.replace(at, meant)
                return told, at
        return None

    def missing(self, at: int) -> "Repaired":
        """A separator is missing before this token."""
        meant = [kind for kind in _MISSING if self.fits(self.stack, [kind, *self.kinds(at)])]
        if not meant:
            return None
        told = self.unexpected(at, words=tuple(f"`{spellings()[kind]}`" for kind in meant), before=True)
        self.insert(at, meant[0])
        return told, at

    def missing_value(self, at: int) -> "Repaired":
        """Nothing stands where a value should: before this token, or before the name on this line."""
        if at == 0 or not self.fits(self.stack, ["NULL", *self.kinds(at)]):
            return self.missing_value_above(at)
        if self.tokens[at - 1].type not in _NEED_A_VALUE:
            return None
        told = self.unexpected(at, before=True)
        self.insert(at, "NULL")
        return told, at

    def missing_value_above(self, at: int) -> "Repaired":
        name = at - 1
        if name < 1 or not self.is_first(name) or not self.is_on_top(self.tokens[name]):
            return None
        if self.tokens[name - 1].type not in _NEED_A_VALUE:
            return None
        if not self.fits(self.stack[:-1], ["NULL", *self.kinds(name)]):
            return None
        self.pop()
        told = self.unexpected(name, before=True)
        self.insert(name, "NULL")
        return told, name

    def superfluous(self, at: int) -> "Repaired":
        token = self.tokens[at]
        if token.type == _END or token.type in PARTNERS or token.type in _CLOSERS:
            return None
        if not self.fits(self.stack, self.kinds(at + 1)):
            return None
        return self.unexpected(at), at + 1

    def replace(self, at: int, text: str) -> None:
        """Take the token for *text*, which may be two; it stands where it stood."""
        start, end = span_of(self.tokens[at])
        tokens = [Token(kind, value, start, end_pos=end) for kind, value in _as_tokens(text)]
        self.tokens[at : at + 1] = tokens
        self.depths[at : at + 1] = [self.depths[at]] * len(tokens)

    def insert(self, at: int, kind: str) -> None:
        place = span_of(self.tokens[at - 1]).end
        self.tokens.insert(at, Token(kind, spellings()[kind], place, end_pos=place))
        self.depths.insert(at, self.depths[at])

    # Telling

    def unexpected(
        self, at: int, *, words: tuple[str, ...] = (), help: str = "", before: bool = False
    ) -> Diagnostic | None:
        """What was expected, and what is there; *before* it points to where something is missing."""
        token = self.tokens[at]
        if token == "" and token.type != _END:
            return None  # a bracket that was put in, and told
        words = words or self.expected()
        place = span_of(token)
        if at and (before or token.type == _END):
            place = Span(end := span_of(self.tokens[at - 1]).end, end)
        expected = f"expected {listed(words)}"
        return error(
            "unexpected-token",
            f"{expected}, found {_called(token)}",
            place,
            label=expected,
            help=help or self.hint(at, words),
            expected=words,
        )

    def expected(self) -> tuple[str, ...]:
        rules: set[str] = set()
        terminals = []
        for name in self.table[self.stack[-1]]:
            if name.isupper() and (state := self.taking(name)) is not None:
                terminals.append(name)
                rules.update(rule for rule in self.table[state] if not rule.isupper())
        return expected_words(rules, terminals, spellings())

    def taking(self, kind: str) -> int | None:
        """The state that takes a token of this *kind*, after what is complete before it."""
        stack = self.stack[:]
        return stack[-2] if self.step(stack, kind) else None

    def hint(self, at: int, words: Sequence[str]) -> str:
        """What to write instead, for what is often written."""
        token = self.tokens[at]
        before = [token.type for token in self.tokens[max(0, at - 2) : at]]
        if token.type == "COLON" and before == ["LET", "NAME"]:
            return "`let` takes no type: `let name = value;`"
        if token.type == "COLON" and before == ["LBRACE", "NAME"]:
            return "a record behind `if`, `for` or `match` stands in parentheses"
        if token.type == "ARROW" and before[-1:] == ["RPAR"]:
            return "a function of one value is written `x => …`, without parentheses"
        if words == ("`else`",):
            return "an `if` that is a value needs an `else`"
        for word in map(str, self.on_line_until(at)):
            if word in FOREIGN:
                return f"instead of `{word}` write `{FOREIGN[word]}`"
            if word == "while":
                return "there is no `while`; `for` goes through a list"
        return ""

    def on_line_until(self, at: int) -> list[Token]:
        first = at
        while not self.is_first(first):
            first -= 1
        return self.tokens[first : at + 1]


Repaired = tuple[Diagnostic | None, int] | None

_REPAIRS: tuple[Callable[[Reader, int], Repaired], ...] = (
    Reader.misspelt,
    Reader.keyword_as_name,
    Reader.wrong_separator,
    Reader.missing_value,
    Reader.missing,
    Reader.superfluous,
)


def _opens(value: object) -> int:
    """1 for an opening bracket on the stack, -1 for a closing one."""
    if not isinstance(value, Token):
        return 0
    return (value.type in PARTNERS) - (value.type in _CLOSERS)


def _as_tokens(text: str) -> list[tuple[str, str]]:
    return [(token.type, str(token)) for token in lex(Source("", text)).tokens]


def _called(token: Token) -> str:
    if token.type == _END:
        return "the end of the file"
    if token.type in HARD:
        return f"the keyword `{token}`"
    return quoted(str(token))
