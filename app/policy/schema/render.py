"""The schema as Cedar text."""

import json
from collections.abc import Iterator, Mapping

from .actions import ACTIONS, ACTORS, ALWAYS, GROUPS, WITH_ARGUMENTS
from .entities import ENTITIES
from .types import Attribute, AttributeType, RecordType

HEADER = """\
// What policies may speak of. Made by `make docs` from app/policy/schema/: change that.
// A bundle adds what its policies read of the arguments of tools, in `Arguments`.
"""

NONE: Mapping[str, Attribute] = {}


def render(
    arguments: Mapping[str, Attribute] = NONE,
    predicates: Mapping[str, Attribute] = NONE,
    *,
    all_present: bool = False,
) -> str:
    """The schema, with the tool arguments and the named conditions that a bundle declares.

    With *all_present*, attributes of the context that may be absent count as present: it is the schema of
    those for whom an absent one is an error.
    """
    return "\n".join([HEADER, *_Schema(all_present).declarations(arguments, predicates)])


class _Schema:
    def __init__(self, all_present: bool) -> None:
        self._all_present = all_present

    def declarations(
        self, arguments: Mapping[str, Attribute], predicates: Mapping[str, Attribute]
    ) -> Iterator[str]:
        for entity_type, shape in ENTITIES.items():
            parents = f" in [{', '.join(shape.parents)}]" if shape.parents else ""
            fields = "".join(self._fields(shape.attributes, optional=True))
            attributes = f" {{\n{fields}}}" if fields else ""
            tags = " tags String" if shape.tagged else ""
            yield f"{_doc(shape.doc)}entity {entity_type}{parents}{attributes}{tags};\n"
        yield self._record("Arguments", "What the tool, program or receiver is given.", arguments)
        yield self._record("Holds", "The conditions of agent definitions that Cedar cannot hold.", predicates)
        for group, doc in GROUPS.items():
            yield f"{_doc(doc)}action {group};\n"
        documented: set[str] = set()
        for action, action_shape in ACTIONS.items():
            context = {**ALWAYS, **action_shape.context}
            fields = "".join(self._fields(context, indent="    ", documented=documented))
            if action in WITH_ARGUMENTS:
                fields += f"    arguments{self._mark(False)}: Arguments,\n"
            yield (
                f"{_doc(action_shape.doc)}action {action} in [{action_shape.group}] appliesTo {{\n"
                f"  principal: [{', '.join(ACTORS)}],\n"
                f"  resource: [{', '.join(action_shape.resources)}],\n"
                f"  context: {{\n{fields}    holds: Holds,\n  }},\n}};\n"
            )
            documented |= ALWAYS.keys()

    def _record(self, name: str, doc: str, attributes: Mapping[str, Attribute]) -> str:
        return f"// {doc}\ntype {name} = {{\n{''.join(self._fields(attributes))}}};\n"

    def _fields(
        self,
        attributes: Mapping[str, Attribute],
        *,
        indent: str = "  ",
        optional: bool = False,
        documented: set[str] | frozenset[str] = frozenset(),
    ) -> Iterator[str]:
        """A line for each; with *optional*, what may be absent may be so whatever was asked for."""
        for name, attribute in attributes.items():
            mark = ("" if attribute.required else "?") if optional else self._mark(attribute.required)
            comment = f"  // {attribute.doc}" if attribute.doc and name not in documented else ""
            yield f"{indent}{_name(name)}{mark}: {self._type(attribute.type)},{comment}\n"

    def _type(self, of: AttributeType) -> str:
        if not isinstance(of, RecordType):
            return str(of)
        inner = (
            f"{_name(name)}{self._mark(attribute.required)}: {self._type(attribute.type)}"
            for name, attribute in of.attributes.items()
        )
        return f"{{{', '.join(inner)}}}"

    def _mark(self, required: bool) -> str:
        return "" if required or self._all_present else "?"


def _name(name: str) -> str:
    return name if name.isidentifier() and name.isascii() else json.dumps(name)


def _doc(text: str) -> str:
    return f"@doc({json.dumps(text, ensure_ascii=False)})\n"
