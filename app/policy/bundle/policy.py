"""One policy of a bundle, whatever it was written in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import cedarpy
from cedarpy import pst

from ..condition_text import lenient
from ..conditions import Condition
from .cedar_tokens import MAX_NESTING, tokens, too_deep
from .problems import Place

ANNOTATIONS = ("id", "reason", "condition", "on_deny", "note")
"""What policies may say of themselves; `note` is for readers only."""

SUSPEND = "suspend"

POLICY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


@dataclass(frozen=True)
class Policy:
    """A Cedar policy with the id under which decisions name it.

    A `permit` with conditions allows under those. A `forbid` with conditions forbids unless they are carried
    out: where another policy permits, the act is allowed under them.
    """

    source: str
    """The policy in Cedar, as `from_cedar` writes it: without comments, and the same for equal policies."""
    place: Place = field(compare=False)

    @cached_property
    def tree(self) -> pst.Template:
        """The policy as typed nodes, under its id where it has one."""
        found = cedarpy.policies_to_pst(self.source)
        (tree,) = found.static_policies.values()
        return replace(tree, id=tree.annotations.get("id", tree.id))

    @property
    def annotations(self) -> Mapping[str, str]:
        return self.tree.annotations

    @property
    def id(self) -> str:
        return self.annotations["id"]

    @property
    def reason(self) -> str:
        return self.annotations.get("reason", "")

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """Those of a newer version are `Unknown`."""
        text = self.annotations.get("condition")
        return lenient(text) if text is not None else ()

    @property
    def forbids(self) -> bool:
        return self.tree.effect == "forbid"

    @cached_property
    def binds(self) -> bool:
        """Whether it forbids unless its conditions are carried out."""
        return self.forbids and bool(self.conditions)

    @property
    def suspends(self) -> bool:
        return self.annotations.get("on_deny") == SUSPEND

    @property
    def text(self) -> str:
        """The policy for people, on several lines."""
        return cedarpy.format_policies(self.source, 100, 4)


def from_cedar(text: str, place: Place) -> Policy:
    """The policy in *text*, which must be exactly one. Raises `ValueError` with the parser's words."""
    tree = _only(text)
    policy = Policy(written(pst.PolicySet({}, {tree.id: tree}, ())), place)
    if replace(_only(policy.source), id=tree.id) != tree:
        raise ValueError("Cedar does not write it as it reads it")
    return policy


def stored(text: str, place: Place) -> Policy:
    """The policy that was stored as *text*, which stays as it is. Raises as `from_cedar`."""
    _only(text)
    return Policy(text, place)


def _only(text: str) -> pst.Template:
    if too_deep(tokens(text)) is not None:
        raise ValueError(f"nested more than {MAX_NESTING} deep")
    found = cedarpy.policies_to_pst(text)
    if found.templates:
        raise ValueError("a template has no effect here: name the principal and the resource")
    if len(found.static_policies) != 1:
        raise ValueError(f"it is {len(found.static_policies)} policies, and one is needed")
    (tree,) = found.static_policies.values()
    return tree


def written(policies: pst.PolicySet) -> str:
    """Policies as Cedar text without line ends."""
    return " ".join(str(cedarpy.PolicySet.from_pst(policies)).split("\n")).strip()
