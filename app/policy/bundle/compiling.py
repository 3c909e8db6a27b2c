"""From files to a bundle: read, put together, validate against the schema."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import cedarpy

from events.agent_policy import ActionRule, StatedPolicy

from ...dsl.source import Source
from ..interpreter import Interpreter
from ..request import Action
from ..schema.render import render
from ..schema.types import BOOL, Attribute
from . import cedar_text, dsl_text, yaml_text
from .bundle import Bundle
from .drafting import Draft
from .naming import ACTS
from .policy import Policy, from_cedar
from .predicates import Predicate, PredicateFailed
from .problems import BundleInvalid, Place, Problem
from .stated import Drafted, Holder, drafted
from .yaml_models import Manifest
from .yaml_nodes import Document

CEDAR, YAML, DSL = (".cedar",), (".yaml", ".yml"), (".symbi", ".dsl")
SUFFIXES = CEDAR + YAML + DSL

_POLICY = re.compile(r"for policy `policy(\d+)`, ")
_WHERE = re.compile(r' (?:in context )?for Action::"\w+"')
_UNGUARDED = re.compile(r"unable to guarantee safety of access to optional attribute `([\w.]+)`")


@dataclass
class _Found:
    """What the files hold."""

    policies: list[Policy] = field(default_factory=list)
    drafts: list[tuple[Drafted, Place]] = field(default_factory=list)
    manifests: list[tuple[Manifest, Document]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def read(self, source: Source, mapped: Mapping[str, str]) -> None:
        if source.name.endswith(CEDAR):
            policies, problems = cedar_text.read(source)
            self.policies += policies
            self.problems += problems
        elif source.name.endswith(YAML):
            yaml = yaml_text.read(source)
            self.policies += yaml.policies
            self.manifests += yaml.manifests
            self.problems += yaml.problems
        elif source.name.endswith(DSL):
            definition = dsl_text.read(source, mapped)
            self.drafts += definition.drafts
            self.problems += definition.problems
        else:
            text = f"policies are in files {', '.join(SUFFIXES)}"
            self.problems.append(Problem(Place(source.name), text))


def compile_bundle(
    sources: Sequence[Source], *, name: str, mapped: Mapping[str, str] | None = None
) -> Bundle:
    """The bundle that the files make; *name* is its name where no manifest gives one.

    A file's kind follows from its suffix (`SUFFIXES`). All files count, in any order. *mapped* says what an
    operator's own requirements of definitions mean (`requirements.meanings`).

    Raises:
        BundleInvalid: with every problem, each with its file and line.
    """
    found = _Found()
    for source in sources:
        found.read(source, mapped or {})
    problems = found.problems
    manifest = found.manifests[0][0] if found.manifests else Manifest(type="bundle", name=name)
    for other, document in found.manifests[1:]:
        problems.append(Problem(document.place(()), f"a second manifest, {other.name}; a bundle has one"))
    arguments = Bundle("", "", "", (), manifest.arguments).argument_types
    chosen, predicates = _chosen(found.drafts, arguments)
    problems += _uncompiled(predicates, found.drafts)
    policies = [*found.policies, *chosen]
    if not policies and not _errors(problems):
        problems.append(Problem(Place(name), "there is no policy in it"))
    problems += _repeated(policies)
    if len(policies) > cedar_text.MAX_POLICIES:
        problems.append(cedar_text.too_many(len(policies), Place(name)))
    bundle = Bundle(
        manifest.name,
        manifest.version,
        manifest.description,
        tuple(sorted(policies, key=lambda policy: policy.id)),
        manifest.arguments,
        predicates,
        tuple(sorted(problem for problem in problems if problem.severity == "warning")),
    )
    if not _errors(problems):
        types, by_name = bundle.predicate_types, {source.name: source for source in sources}
        problems += validate(found.policies, render(arguments, types), by_name)
        problems += validate(chosen, render(arguments, types, all_present=True), by_name)
    if errors := _errors(problems):
        raise BundleInvalid(errors)
    return bundle


def compile_own(
    policies: Sequence[StatedPolicy], holder: Holder, *, version: str, mapped: Mapping[str, str] | None = None
) -> Bundle:
    """The bundle of what one agent's definition states, by which the active one is narrowed.

    Where it allows something, it denies every other act of the agent; what is no act of the agent's (its
    allocation, its life cycle) is left to the active bundle.

    Raises:
        BundleInvalid: with every problem; lines are those of the definition.
    """
    name = holder.agent or "agents"
    drafts: list[tuple[Drafted, Place]] = []
    problems: list[Problem] = []
    for policy in policies:
        try:
            drafts += [(one, Place(name, one.line)) for one in drafted(policy, holder, mapped or {})]
        except ValueError as error:
            problems.append(Problem(Place(name, min(rule.line for rule in policy.rules)), str(error)))
    rules = [rule for policy in policies for rule in policy.rules]
    allows = any(isinstance(rule, ActionRule) and rule.kind == "allow" for rule in rules)
    left = [action for action in Action if not (allows and action in ACTS)]
    others = Draft("definition.silent", "permit", actions=left, reason="The definition says nothing of it.")
    chosen, predicates = _chosen(drafts, {})
    problems += _uncompiled(predicates, drafts)
    made = [*chosen, from_cedar(others.to_cedar(), Place(name))]
    bundle = Bundle(
        name, version, "", tuple(sorted(made, key=lambda policy: policy.id)), predicates=predicates
    )
    if not problems:
        problems += validate(made, render({}, bundle.predicate_types, all_present=True))
    problems += _repeated(made)
    if problems:
        raise BundleInvalid(problems)
    return bundle


def _errors(problems: Iterable[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity == "error"]


def _chosen(
    drafts: Sequence[tuple[Drafted, Place]], arguments: Mapping[str, Attribute]
) -> tuple[list[Policy], dict[str, Predicate]]:
    """Of each draft what Cedar can hold, and the predicates of the rest."""
    policies: list[Policy] = []
    predicates: dict[str, Predicate] = {}
    names = {name: Attribute(BOOL, True) for each, _ in drafts for name in each.predicates}
    schema = cedarpy.Schema.from_str(render(arguments, names, all_present=True))
    for each, place in drafts:
        draft, held = each.draft, each.predicates
        if each.otherwise is not None and not _fits(draft, place, schema):
            draft, held = each.otherwise, each.more
        policies.append(from_cedar(draft.to_cedar(), place))
        predicates.update(held)
    return policies, predicates


def _fits(draft: Draft, place: Place, schema: cedarpy.Schema) -> bool:
    """Whether the schema allows what the draft says, were every attribute present.

    One that is absent is an error then, which denies: as in the definition language.
    """
    try:
        policy = from_cedar(draft.to_cedar(), place)
    except ValueError:
        return False
    return not list(validate([policy], schema))


def _uncompiled(
    predicates: Mapping[str, Predicate], drafts: Iterable[tuple[Drafted, Place]]
) -> Iterator[Problem]:
    """Expressions that could never be evaluated."""
    places = {name: place for each, place in drafts for name in (*each.predicates, *each.more)}
    interpreter = Interpreter()
    for name, predicate in predicates.items():
        try:
            interpreter.compiled(predicate)
        except PredicateFailed as error:
            yield Problem(places[name], str(error))


def validate(
    policies: Sequence[Policy], schema: str | cedarpy.Schema, sources: Mapping[str, Source] | None = None
) -> Iterator[Problem]:
    """What in *policies* does not fit the schema, each once, however many actions it is about."""
    if not policies:
        return
    text = "\n".join(policy.source for policy in policies)
    result = cedarpy.validate_policies(text, schema)
    seen: set[tuple[str, str]] = set()
    for error in result.errors:
        policy = policies[int(error.policy_id.removeprefix("policy"))]
        message = _WHERE.sub("", _POLICY.sub("", error.error))
        if (policy.id, message) in seen:
            continue
        seen.add((policy.id, message))
        source = (sources or {}).get(policy.place.file)
        place = policy.place
        if source is not None and source.name.endswith(CEDAR):
            place = cedar_text.locate(source, place, message)
        yield Problem(place, f"{policy.id}: {_helpful(message)}")


def _helpful(message: str) -> str:
    if (found := _UNGUARDED.search(message)) is not None:
        of, _, attribute = f"context.{found[1]}".rpartition(".")
        return f"{found[1]} may be absent: write `{of} has {attribute} && …` before it is read"
    return message


def _repeated(policies: Iterable[Policy]) -> Iterator[Problem]:
    first: dict[str, Policy] = {}
    for policy in sorted(policies, key=lambda policy: policy.place):
        known = first.setdefault(policy.id, policy)
        if known is not policy:
            yield Problem(policy.place, f"the id {policy.id} is taken by the policy of {known.place}")
