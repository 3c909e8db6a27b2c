"""Bodies that make some sense: names are bound, types mostly fit, values are passed around and changed."""

from hypothesis import strategies as st

KEYS = ("a", "b", "c")
FUNCTIONS = """
function twice(x: int) { x * 2 }
function grown(l: any) { l.push(9); return l; }
function marked(m: any) { m.a = 7; m }
function down(n: int) { if n < 1 { return 0; } return down(n - 1) + 1; }
"""
_KINDS = st.lists(st.sampled_from(("int", "int", "list", "map")), max_size=3)
_LITERALS = st.sampled_from("01234")
_SMALLEST = {"list": "[1, [2]]", "map": "{c: [3]}", "fn": "(x => x)"}
_BY_KIND = {"int": "n", "list": "l", "map": "m", "fn": "f"}


class _Names:
    """The names in scope by the kind of what they hold."""

    def __init__(self) -> None:
        self.known: list[tuple[str, str]] = []
        self.count = 0

    def new(self, kind: str) -> str:
        self.count += 1
        return f"{_BY_KIND[kind]}{self.count}"

    def of(self, kind: str) -> list[str]:
        return [name for name, of in self.known if of == kind]


@st.composite
def bodies(draw: st.DrawFn) -> str:
    """The text of a body. Now and then a type does not fit, or there is no such element."""
    names = _Names()
    lines = ["let n0 = 3;", "let l0 = [1, 2, 3];", "let m0 = {a: 1, b: [4, 5]};", "let f0 = x => x + n0;"]
    names.known = [("n0", "int"), ("l0", "list"), ("m0", "map"), ("f0", "fn")]
    lines += _statements(draw, names, 3, in_loop=False)
    shown = ", ".join(name for name, kind in names.known if kind != "fn")
    return "\n".join([*lines, f"return [{shown}];"])


def _statements(draw: st.DrawFn, names: _Names, depth: int, *, in_loop: bool, most: int = 5) -> list[str]:
    return [_statement(draw, names, depth, in_loop) for _ in range(draw(st.integers(1, most)))]


def _block(draw: st.DrawFn, names: _Names, depth: int, in_loop: bool, *, result: str | None = None) -> str:
    before = list(names.known)
    inside = _statements(draw, names, depth - 1, in_loop=in_loop, most=3)
    last = "" if result is None else _expression(draw, names, result, depth - 1)
    names.known = before
    return "{ " + " ".join(inside) + f" {last} }}"


def _statement(draw: st.DrawFn, names: _Names, depth: int, in_loop: bool) -> str:
    choices = ["let", "let", "assign", "assign", "change", "change", "update", "act"]
    if depth > 0:
        choices += ["if", "for", "try"]
    if in_loop:
        choices += ["leave"]
    match draw(st.sampled_from(choices)):
        case "let":
            kind = draw(st.sampled_from(["int", "list", "map", "fn", "list"]))
            value = _expression(draw, names, kind, depth)
            name = names.new(kind)
            if draw(st.integers(0, 5)) == 0:
                name = draw(st.sampled_from(names.of(kind)))
            names.known.append((name, kind))
            return f"let {name} = {value};"
        case "assign":
            kind = draw(st.sampled_from(["int", "list", "map"]))
            return f"{draw(st.sampled_from(names.of(kind)))} = {_expression(draw, names, kind, depth)};"
        case "change":
            return f"{_place(draw, names, 'list', depth)}.{_changing(draw, names, depth)};"
        case "update":
            operator = draw(st.sampled_from(["=", "+=", "-=", "*="]))
            return f"{_place(draw, names, 'int', depth)} {operator} {_expression(draw, names, 'int', depth)};"
        case "act":
            return f"act({_expression(draw, names, draw(st.sampled_from(['int', 'list', 'map'])), depth)});"
        case "if":
            otherwise = f" else {_block(draw, names, depth, in_loop)}" if draw(st.booleans()) else ""
            return f"if {_condition(draw, names, depth)} {_block(draw, names, depth, in_loop)}{otherwise}"
        case "for":
            kind = draw(st.sampled_from(["int", "list"]))
            of = (
                "range(3)"
                if kind == "int"
                else f"[{_expression(draw, names, 'list', 0)}, {_expression(draw, names, 'list', 0)}]"
            )
            if draw(st.booleans()):
                kind, of = "int", _expression(draw, names, "list", 0)
            name = names.new(kind)
            before = list(names.known)
            names.known.append((name, kind))
            body = _block(draw, names, depth, True)
            names.known = before
            return f"for {name} in {of} {body}"
        case "try":
            return (
                f"try {_block(draw, names, depth, in_loop)} catch (e) {_block(draw, names, depth, in_loop)}"
            )
    return f"if {_condition(draw, names, depth)} {{ {draw(st.sampled_from(['break', 'continue']))}; }}"


def _changing(draw: st.DrawFn, names: _Names, depth: int) -> str:
    if draw(st.booleans()):
        return "pop()"
    kind = draw(st.sampled_from(["int", "int", "list", "map"]))
    return f"push({_expression(draw, names, kind, depth - 1)})"


def _place(draw: st.DrawFn, names: _Names, kind: str, depth: int) -> str:
    """Something that may be assigned to; what it holds is often of that kind."""
    lists, maps = st.sampled_from(names.of("list")), st.sampled_from(names.of("map"))
    match draw(st.integers(0, 3)):
        case 0:
            return draw(st.sampled_from(names.of(kind)))
        case 1:
            return f"{draw(lists)}[{_expression(draw, names, 'int', min(depth, 1))}]"
        case 2:
            return f"{draw(maps)}.{draw(st.sampled_from(KEYS))}"
    return f'{draw(maps)}["{draw(st.sampled_from(KEYS))}"]'


def _condition(draw: st.DrawFn, names: _Names, depth: int) -> str:
    if depth <= 0:
        return draw(st.sampled_from(["true", "false"]))
    inner = [_expression(draw, names, "int", depth - 1) for _ in range(2)]
    match draw(st.integers(0, 6)):
        case 0:
            return f"!({_condition(draw, names, depth - 1)})"
        case 1:
            return f"({_condition(draw, names, depth - 1)} && {_condition(draw, names, depth - 1)})"
        case 2:
            return f"({_condition(draw, names, depth - 1)} || {_condition(draw, names, depth - 1)})"
        case 3:
            return f"({inner[0]}) in ({_expression(draw, names, 'list', depth - 1)})"
        case 4:
            lists = [_expression(draw, names, "list", depth - 1) for _ in range(2)]
            return f"({lists[0]}) == ({lists[1]})"
        case 5:
            return f"({inner[0]}) {draw(st.sampled_from(['==', '!=']))} ({inner[1]})"
    return f"({inner[0]}) < ({inner[1]})"


def _expression(draw: st.DrawFn, names: _Names, kind: str, depth: int) -> str:
    known = names.of(kind)
    if depth <= 0 or draw(st.integers(0, 3)) == 0:
        if known and draw(st.integers(0, 4)) > 0:
            return draw(st.sampled_from(known))
        return draw(_LITERALS) if kind == "int" else _SMALLEST[kind]
    return _LARGER[kind](draw, names, depth - 1)


def _branches(draw: st.DrawFn, names: _Names, kind: str, depth: int) -> str:
    condition = _condition(draw, names, depth)
    then = _block(draw, names, depth, False, result=kind)
    return f"if {condition} {then} else {{ ({_expression(draw, names, kind, depth)}) }}"


def _int(draw: st.DrawFn, names: _Names, depth: int) -> str:
    def inner(kind: str) -> str:
        return _expression(draw, names, kind, depth)

    match draw(st.integers(0, 10)):
        case 0 | 1:
            return f"({inner('int')} {draw(st.sampled_from(['+', '-', '*', '%']))} {inner('int')})"
        case 2:
            return f"({inner('list')}).len()"
        case 3:
            return f"({inner('list')})[{inner('int')}]"
        case 4:
            return f"({inner('map')}).{draw(st.sampled_from(KEYS))}"
        case 5:
            return _branches(draw, names, "int", depth)
        case 6:
            return f"{draw(st.sampled_from(names.of('fn')))}({inner('int')})"
        case 7:
            return f"twice({inner('int')})"
        case 8:
            return f"act({inner('int')}, {inner('list')})"
        case 9:
            return f"{_place(draw, names, 'list', depth)}.pop()"
    return f"down({draw(st.integers(0, 5))})"


def _list(draw: st.DrawFn, names: _Names, depth: int) -> str:
    def inner(kind: str) -> str:
        return _expression(draw, names, kind, depth)

    match draw(st.integers(0, 9)):
        case 0 | 1:
            kinds = draw(_KINDS)
            return f"[{', '.join(inner(kind) for kind in kinds)}]"
        case 2:
            return f"({inner('list')} + {inner('list')})"
        case 3:
            return f"({inner('list')}).map({inner('fn')})"
        case 4:
            name = names.new("int")
            names.known.append((name, "int"))
            condition = _condition(draw, names, depth)
            names.known.remove((name, "int"))
            return f"({inner('list')}).filter({name} => {condition})"
        case 5:
            return f"grown({inner('list')})"
        case 6:
            return f"({inner('map')}).{draw(st.sampled_from(KEYS))}"
        case 7:
            return _branches(draw, names, "list", depth)
        case 8:
            return f"{_place(draw, names, 'list', depth)}.push({inner('int')})"
    return f"({inner('map')}).keys()"


def _map(draw: st.DrawFn, names: _Names, depth: int) -> str:
    match draw(st.integers(0, 3)):
        case 0:
            return f"marked({_expression(draw, names, 'map', depth)})"
        case 1:
            return _branches(draw, names, "map", depth)
    keys = draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=3))
    kinds = ("int", "list", "map")
    fields = (f"{key}: {_expression(draw, names, draw(st.sampled_from(kinds)), depth)}" for key in keys)
    return f"({{{', '.join(fields)}}})"


def _function(draw: st.DrawFn, names: _Names, depth: int) -> str:
    name = names.new("int")
    names.known.append((name, "int"))
    body = _expression(draw, names, draw(st.sampled_from(["int", "int", "list"])), depth)
    if draw(st.booleans()):
        body = _branches(draw, names, "int", depth)
    names.known.remove((name, "int"))
    return f"({name} => {body})"


_LARGER = {"int": _int, "list": _list, "map": _map, "fn": _function}
