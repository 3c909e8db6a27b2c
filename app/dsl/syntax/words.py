"""Which words are keywords, and how what the grammar waits for is called in messages."""

from collections.abc import Collection, Mapping


def _kinds(names: str) -> frozenset[str]:
    return frozenset(names.split())


HARD = _kinds("LET IF ELSE FOR IN MATCH TRY CATCH RETURN BREAK CONTINUE NOT TRUE FALSE NULL")
"""Keywords everywhere, but not after a dot and not as a record's key."""

TOP_LEVEL = _kinds("METADATA AGENT POLICY TYPE FUNCTION SCHEDULE CHANNEL MEMORY WEBHOOK")
"""What a block of a program begins with."""

RULE_KINDS = _kinds("ALLOW DENY REQUIRE AUDIT")

SOFT = TOP_LEVEL | RULE_KINDS | _kinds("DATA_CLASSIFICATION SEARCH FILTER CAPABILITIES WITH")
"""Keywords only where the grammar waits for one, and names elsewhere."""

FOREIGN: Mapping[str, str] = {
    "and": "&&",
    "class": "agent",
    "const": "let",
    "def": "function",
    "elif": "else if",
    "elseif": "else if",
    "elsif": "else if",
    "except": "catch",
    "finally": "catch",
    "fn": "function",
    "foreach": "for",
    "fun": "function",
    "func": "function",
    "nil": "null",
    "or": "||",
    "struct": "type",
    "switch": "match",
    "var": "let",
}
"""Words of other languages, and what to write instead."""

_VALUE = _kinds("STRING INT FLOAT DURATION TRUE FALSE NULL NAME VAULT MINUS LSQB LBRACE")
_EXPRESSION = _VALUE | _kinds("LPAR NOT BANG IF")
_STATEMENT = _EXPRESSION | HARD - {"ELSE", "IN", "CATCH"} | {"SEMICOLON"}
_OPERATOR = _kinds("OPERATOR MINUS LESS MORE IN DOT LPAR LSQB")

_RULES: tuple[tuple[str, str, Collection[str]], ...] = (
    ("item", "a block such as `agent` or `policy`", TOP_LEVEL),
    ("agent_item", "`capabilities`, `policy`, `function`, `with` or a setting", SOFT | {"NAME"}),
    ("rule", "a rule (`allow`, `deny`, `require` or `audit`)", RULE_KINDS),
    ("arm", "an arm (`pattern => …`)", _VALUE),
    ("stmt", "a statement", _STATEMENT),
    ("setting", "a setting (`name = value`)", {"NAME"}),
    ("pair", "a setting (`name value`)", {"NAME"}),
    ("with_setting", "a setting (`name = value`)", {"NAME"}),
    ("param", "a parameter (`name: type`)", {"NAME"}),
    ("field_def", "a field (`name: type`)", {"NAME"}),
    ("type", "a type", {"NAME"}),
    ("pattern", "a pattern", _VALUE),
    ("field_pattern", "a field", {"NAME"}),
    ("field", "a field (`name: value`)", {"NAME", "STRING"}),
    ("expr", "an expression", _EXPRESSION),
    ("head", "an expression", _EXPRESSION),
    ("operand{postfix}", "an expression", _EXPRESSION),
    ("operand{bare}", "an expression", _EXPRESSION),
    ("value", "a value", _VALUE),
    ("number", "a number", {"INT", "FLOAT"}),
)
"""A rule, what it is called, and the terminals that this then says."""

_TERMINALS: Mapping[str, str] = {
    "NAME": "a name",
    "STRING": "a string",
    "INT": "a number",
    "FLOAT": "a number",
    "DURATION": "a duration",
    "VAULT": "a vault reference",
    "ASSIGN": "`=`",
    "$END": "the end of the file",
}


def expected_words(
    rules: Collection[str], terminals: Collection[str], spellings: Mapping[str, str]
) -> tuple[str, ...]:
    """What fits, in words: *rules* are those that may begin here, *terminals* those that may come next."""
    left = set(terminals) - {"ERROR"}
    if len(left) > 1:
        left.discard("$END")
    words = []
    for rule, called, says in _RULES:
        if rule in rules and not left.isdisjoint(says):
            words.append(called)
            left.difference_update(says)
    if "OPERATOR" in left:
        words.append("an operator")
        left -= _OPERATOR
    closing = [kind for kind in ("SEMICOLON", "RBRACE", "RPAR", "RSQB") if kind in left]
    words[:0] = [_TERMINALS.get(kind) or f"`{spellings[kind]}`" for kind in sorted(left.difference(closing))]
    words += [f"`{spellings[kind]}`" for kind in closing]
    return tuple(dict.fromkeys(words))


def listed(words: Collection[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def quoted(text: str) -> str:
    """In backticks, and shortened when it is long."""
    shown = text.splitlines()[0] if text else ""
    return f"`{shown}`" if len(shown) <= 40 else f"`{shown[:38]}…`"
