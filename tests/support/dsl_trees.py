"""Any definition that the parser can give, as a tree: what a text can say, whether or not it makes sense."""

from typing import get_args

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from app.dsl import tree
from app.dsl.syntax.words import HARD

Expressions = SearchStrategy[tree.Expression]
Blocks = SearchStrategy[tree.Block]

KEYWORDS = frozenset(word.lower() for word in HARD)
LARGEST = 2**63 - 1

words = st.from_regex(r"[a-z_][a-z0-9_]{0,5}", fullmatch=True) | st.sampled_from(
    ["agent", "policy", "type", "memory", "allow", "audit", "with", "search", "seconds", "s", "vault", "None"]
)
names = words.filter(lambda word: word not in KEYWORDS)
any_words = words | st.sampled_from(sorted(KEYWORDS))
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
paths = st.from_regex(r"[A-Za-z0-9_-]{1,5}(?:[./][A-Za-z0-9_-]{1,4}){0,2}", fullmatch=True)


def many(
    of: SearchStrategy[tree.Node], *, least: int = 0, most: int = 3
) -> SearchStrategy[tuple[tree.Node, ...]]:
    return st.lists(of, min_size=least, max_size=most).map(tuple)


def operators(of: object) -> SearchStrategy[str]:
    return st.sampled_from(get_args(of))


# Types and patterns

types: SearchStrategy[tree.Type] = st.deferred(
    lambda: (
        st.builds(tree.NamedType, names) | st.builds(tree.GenericType, names, many(types, least=1, most=2))
    )
)
params = st.builds(tree.Param, names, types)

ints = st.builds(tree.IntLiteral, st.integers(0, LARGEST))
floats = st.builds(tree.FloatLiteral, st.floats(0, allow_nan=False, allow_infinity=False).map(abs))
plain: Expressions = st.one_of(
    st.builds(tree.StringLiteral, texts),
    ints,
    floats,
    st.builds(tree.BoolLiteral, st.booleans()),
    st.just(tree.NullLiteral()),
    st.builds(tree.DurationLiteral, st.integers(0, LARGEST), operators(tree.DurationUnit)),
)
negative = st.builds(tree.Unary, st.just("-"), ints | floats)

patterns: SearchStrategy[tree.Pattern] = st.deferred(
    lambda: st.one_of(
        st.just(tree.WildcardPattern()),
        st.builds(tree.LiteralPattern, plain | negative),
        st.builds(tree.BindingPattern, names.filter(lambda name: name != "_")),
        st.builds(tree.ConstructorPattern, names, many(patterns, most=2)),
        st.builds(tree.RecordPattern, names, many(field_patterns, most=2)),
    )
)
field_patterns: SearchStrategy[tree.FieldPattern] = st.builds(tree.FieldPattern, names, st.none() | patterns)

# Expressions


def _vault(entries: Expressions) -> Expressions:
    return st.builds(tree.VaultRef, paths, st.none() | entries)


def _larger(inner: Expressions) -> Expressions:
    """One step around *inner*."""
    arguments = st.builds(tree.Argument, st.none() | names, inner)
    fields = st.builds(tree.RecordField, any_words | texts, inner)
    # `vault://a[b]` is an entry, and no element of what the reference stands for.
    indexed = inner.filter(lambda node: not isinstance(node, tree.VaultRef) or node.entry is not None)
    lambdas = names.map(lambda name: (name,)) | st.lists(names, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(tree.Binary, operators(tree.BinaryOperator), inner, inner),
        st.builds(tree.Unary, operators(tree.UnaryOperator), inner),
        st.builds(tree.Member, inner, any_words),
        st.builds(tree.Index, indexed, inner),
        st.builds(tree.Call, inner, many(arguments)),
        st.builds(tree.ArrayLiteral, many(inner)),
        st.builds(tree.RecordLiteral, st.none() | names, many(fields)),
        st.builds(tree.Lambda, lambdas, inner),
        _vault(inner),
        _ifs(inner, _small_blocks(inner), complete=True),
    )


def _ifs(inner: Expressions, blocks: Blocks, *, complete: bool) -> SearchStrategy[tree.If]:
    conditions = inner | st.builds(tree.LetCondition, patterns, inner)
    whole: SearchStrategy[tree.If] = st.builds(tree.If, conditions, blocks, blocks)
    whole |= st.builds(tree.If, conditions, blocks, whole)
    if complete:
        return whole
    without_else = st.builds(tree.If, conditions, blocks, st.none())
    return whole | without_else | st.builds(tree.If, conditions, blocks, without_else)


def _small_blocks(inner: Expressions) -> Blocks:
    return st.builds(_block, many(st.builds(tree.Let, names, inner), most=1), st.none() | inner)


def _block(statements: tuple[tree.Statement, ...], result: tree.Expression | None) -> tree.Block:
    """An `if` with an `else` that comes last is the result, never a statement."""
    if result is None and statements and isinstance(last := statements[-1], tree.If) and _is_complete(last):
        return tree.Block(statements[:-1], last)
    return tree.Block(statements, result)


def _is_complete(node: tree.If) -> bool:
    return _is_complete(node.otherwise) if isinstance(node.otherwise, tree.If) else node.otherwise is not None


leaves: Expressions = plain | st.builds(tree.Identifier, names) | _vault(plain)
expressions: Expressions = st.recursive(leaves, _larger, max_leaves=8)

# Statements


def _statements(blocks: Blocks) -> SearchStrategy[tree.Statement]:
    arms = st.builds(tree.Arm, patterns, expressions | blocks)
    catches = st.builds(tree.Catch, names, st.none() | st.builds(tree.NamedType, names), blocks)
    return st.one_of(
        _ifs(expressions, blocks, complete=False),
        st.builds(tree.For, names, expressions, blocks),
        st.builds(tree.Match, expressions, many(arms)),
        st.builds(tree.Try, blocks, many(catches, most=2)),
    )


simple: SearchStrategy[tree.Statement] = st.one_of(
    st.builds(tree.Let, names, expressions),
    st.builds(
        tree.Assign,
        expressions.filter(lambda node: not isinstance(node, tree.Binary | tree.Unary | tree.Lambda)),
        operators(tree.AssignmentOperator),
        expressions,
    ),
    st.builds(tree.ExpressionStatement, expressions),
    st.builds(tree.Return, st.none() | expressions),
    st.just(tree.Break()),
    st.just(tree.Continue()),
)
blocks: Blocks = st.recursive(
    st.builds(_block, many(simple), st.none() | expressions),
    lambda inner: st.builds(_block, many(simple | _statements(inner)), st.none() | expressions),
    max_leaves=4,
)

# Blocks of a program

arrays = st.builds(tree.ArrayLiteral, many(expressions))
records = st.builds(
    tree.RecordLiteral, st.none(), many(st.builds(tree.RecordField, any_words | texts, expressions))
)
values = st.one_of(
    plain, negative, st.builds(tree.Identifier, names), st.builds(tree.VaultRef, paths), arrays
)


def _settings(*taken: str, of: Expressions = values) -> SearchStrategy[tree.Setting]:
    return st.builds(tree.Setting, names.filter(lambda name: name not in taken), of)


settings = _settings(of=values | records)
rules = st.builds(tree.Rule, operators(tree.RuleKind), expressions, st.none() | expressions)
policies = st.builds(tree.PolicyDef, names, many(rules))
functions = st.builds(tree.FunctionDef, names, many(params), st.none() | types, blocks)
agents = st.builds(
    tree.AgentDef,
    names,
    many(params),
    st.none() | types,
    many(
        st.one_of(
            st.builds(tree.Capabilities, arrays),
            policies,
            functions,
            st.builds(tree.WithBlock, many(_settings()), blocks),
            _settings("capabilities", "policy", "function", "with", of=values | records),
        )
    ),
)
channel_items = st.one_of(
    _settings("policy", "data_classification", of=values | records),
    policies,
    st.builds(tree.DataClassification, many(settings)),
)
items: SearchStrategy[tree.Item] = st.one_of(
    agents,
    policies,
    functions,
    st.builds(tree.Metadata, many(settings)),
    st.builds(
        tree.TypeDef,
        names,
        types | st.builds(tree.RecordType, many(st.builds(tree.FieldDef, names, types))),
    ),
    st.builds(tree.ScheduleDef, st.none() | names, many(settings)),
    st.builds(tree.ChannelDef, names, many(channel_items)),
    st.builds(
        tree.MemoryDef, names, many(_settings("search") | st.builds(tree.SearchBlock, many(_settings())))
    ),
    st.builds(
        tree.WebhookDef, names, many(_settings("filter") | st.builds(tree.FilterBlock, many(_settings())))
    ),
)
programs = st.builds(tree.Program, many(items))
