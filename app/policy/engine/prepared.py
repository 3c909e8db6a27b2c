"""A slice with everything that can be found out before a request comes."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field

from ..bundle.bundle import Bundle
from ..bundle.policy import Policy
from ..bundle.predicates import Predicate
from ..request import EntityRef, Principal
from ..schema.actions import WITH_ARGUMENTS, context_of
from ..schema.entities import ENTITIES
from ..schema.types import Attribute, AttributeType, EntityIs, RecordType
from .entities import Look
from .identity import told_by_name
from .projection import everything, known
from .reads import Reads, Tree
from .reads import of as reads_of
from .slices import Slice
from .views import Views


@dataclass(frozen=True, eq=False)
class Prepared:
    """A slice, with what follows from the schema."""

    slice: Slice
    attributes: Mapping[str, Attribute]
    """Of the action's context."""
    tree: Tree
    """What is read of them."""
    flat: tuple[str, ...] | None
    """Their names, where no attribute is read in parts."""
    predicates: Mapping[str, Predicate]
    """Those that its policies ask for."""
    naming: Tree
    """The attributes of the context that name an entity which is looked at."""
    literals: tuple[EntityRef, ...]
    """Entities that conditions name and look at."""
    views: Views
    by_name: tuple[bool, bool]
    """Whether its policies can tell principals apart that look the same, and resources."""
    needs_tenant: bool
    contents: tuple[dict[Principal, Hashable], dict[EntityRef, Hashable]] = field(
        default_factory=lambda: ({}, {})
    )
    """What principals and resources look like, while no entity changes."""


def prepare(slice_: Slice, bundle: Bundle) -> Prepared:
    """The slice of *bundle*, ready for requests."""
    attributes = dict(context_of(slice_.action))
    if slice_.action in WITH_ARGUMENTS:
        attributes["arguments"] = Attribute(RecordType(bundle.argument_types))
    reads = slice_.reads
    tree = everything(attributes) if reads.whole_context else known(reads.context, attributes)
    predicates = {
        name: bundle.predicates[name] for policy in slice_.policies for name in predicates_read(policy)
    }
    trees = [policy.tree for policy in slice_.policies]
    return Prepared(
        slice_,
        attributes,
        tree,
        tuple(tree) if all(_read_whole(tree, name, attributes) for name in tree) else None,
        predicates,
        _naming(reads, tree, attributes),
        tuple(sorted((ref for ref in reads.entities if ref.type != "Action"), key=str)),
        Views(reads.attributes | _looked_at(predicates.values()), reads.tags),
        (
            told_by_name("principal", slice_.principal, trees, attributes)
            or _by_name("principal", predicates.values()),
            told_by_name("resource", slice_.resource, trees, attributes)
            or _by_name("resource", predicates.values()),
        ),
        "tenant" in tree or bool(predicates),
    )


def look(bundle: Bundle) -> Look:
    """What anything in the bundle reads of entities."""
    reads = reads_of(policy.tree.clauses for policy in bundle.policies)
    return Look(reads.attributes | _looked_at(bundle.predicates.values()), reads.tags)


def predicates_read(policy: Policy) -> Iterable[str]:
    """The names of the predicates that the policy asks for."""
    held = reads_of([policy.tree.clauses]).context.get("holds", {})
    return sorted(held) if isinstance(held, dict) else ()


def attributes_read(prepared: Prepared) -> set[str]:
    """The attributes of the context that can matter; `*` where all can."""
    found = set(prepared.tree)
    for predicate in prepared.predicates.values():
        for bound in predicate.bindings.values():
            match bound.source.partition(":")[0]:
                case "context":
                    found |= {path[0] if path else "*" for path in bound.reads}
                case "argument":
                    found |= {"arguments", "positional"}
                case "input":
                    found.add("input")
        if predicate.equals:
            found |= {"arguments", "positional"}
    return found


def _read_whole(tree: Tree, name: str, attributes: Mapping[str, Attribute]) -> bool:
    return tree[name] is True or not isinstance(attributes[name].type, RecordType)


def _naming(reads: Reads, tree: Tree, attributes: Mapping[str, Attribute]) -> Tree:
    """Attributes that name an entity whose own attributes, or what it is in, can matter.

    The elements of a set can only be compared: nothing in Cedar looks at them.
    """
    return {
        name: below
        for name, below in tree.items()
        if _names_an_entity(attributes[name].type)
        and (reads.whole_context or name in reads.looked_into or (isinstance(below, dict) and below))
    }


def _names_an_entity(of: AttributeType) -> bool:
    match of:
        case EntityIs():
            return True
        case RecordType(attributes=attributes):
            return any(_names_an_entity(attribute.type) for attribute in attributes.values())
        case _:
            return False


def _looked_at(predicates: Iterable[Predicate]) -> set[str]:
    """The attributes of entities that *predicates* read."""
    paths = [
        path
        for predicate in predicates
        for bound in predicate.bindings.values()
        if bound.source in ("principal", "resource")
        for path in bound.reads
    ]
    if () in paths:
        return {name for shape in ENTITIES.values() for name in shape.attributes}
    return {path[0] for path in paths}


def _by_name(source: str, predicates: Iterable[Predicate]) -> bool:
    """Whether *predicates* look at the id of principal or resource."""
    return any(
        path == () or path[0] in ("id", "name")
        for predicate in predicates
        for bound in predicate.bindings.values()
        if bound.source == source
        for path in bound.reads
    )
