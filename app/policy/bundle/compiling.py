"""From files to a bundle: read, put together, validate against the schema."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import cedarpy

from ...dsl.source import Source
from ..schema.render import render
from . import cedar_text, yaml_text
from .bundle import Bundle
from .policy import Policy
from .problems import BundleInvalid, Place, Problem
from .yaml_models import Manifest
from .yaml_nodes import Document

CEDAR, YAML, DSL = (".cedar",), (".yaml", ".yml"), (".symbi", ".dsl")
SUFFIXES = CEDAR + YAML + DSL

MAX_POLICIES = 10_000

_POLICY = re.compile(r"for policy `policy(\d+)`, ")
_WHERE = re.compile(r' (?:in context )?for Action::"\w+"')
_UNGUARDED = re.compile(r"unable to guarantee safety of access to optional attribute `([\w.]+)`")


def compile_bundle(sources: Sequence[Source], *, name: str) -> Bundle:
    """The bundle that the files make; *name* is its name where no manifest gives one.

    A file's kind follows from its suffix (`SUFFIXES`). All files count, in any order.

    Raises:
        BundleInvalid: with every problem, each with its file and line.
    """
    policies: list[Policy] = []
    problems: list[Problem] = []
    manifests: list[tuple[Manifest, Document]] = []
    by_name = {source.name: source for source in sources}
    for source in sources:
        if source.name.endswith(CEDAR):
            found, wrong = cedar_text.read(source)
            policies += found
            problems += wrong
        elif source.name.endswith(YAML):
            read = yaml_text.read(source)
            policies += read.policies
            problems += read.problems
            manifests += read.manifests
        else:
            problems.append(Problem(Place(source.name), f"policies are in files {', '.join(SUFFIXES)}"))
    manifest = manifests[0][0] if manifests else Manifest(type="bundle", name=name)
    for other, document in manifests[1:]:
        problems.append(Problem(document.place(()), f"a second manifest, {other.name}; a bundle has one"))
    if not policies and not problems:
        problems.append(Problem(Place(name), "there is no policy in it"))
    problems += _repeated(policies)
    if len(policies) > MAX_POLICIES:
        problems.append(Problem(Place(name), f"{len(policies)} policies; at most {MAX_POLICIES} are taken"))
    bundle = Bundle(
        manifest.name,
        manifest.version,
        manifest.description,
        tuple(sorted(policies, key=lambda policy: policy.id)),
        manifest.arguments,
    )
    if not problems:
        problems += validate(bundle.policies, render(bundle.argument_types, bundle.predicate_types), by_name)
    if problems:
        raise BundleInvalid(problems)
    return bundle


def validate(
    policies: Sequence[Policy], schema: str, sources: Mapping[str, Source] | None = None
) -> Iterator[Problem]:
    """What in *policies* does not fit the schema, each once, however many actions it is about."""
    text = "\n".join(policy.text for policy in policies)
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
