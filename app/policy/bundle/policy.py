"""One policy of a bundle, whatever it was written in."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import cedarpy
from cedarpy import pst

from ..condition_text import lenient
from ..conditions import Condition
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

    cedar: Mapping[str, Any]
    """The policy in Cedar's JSON format; its annotations hold the id."""
    place: Place = field(compare=False)

    @cached_property
    def annotations(self) -> Mapping[str, str]:
        return {name: value or "" for name, value in self.cedar.get("annotations", {}).items()}

    @property
    def id(self) -> str:
        return self.annotations["id"]

    @cached_property
    def reason(self) -> str:
        return self.annotations.get("reason", "")

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """Those of a newer version are `Unknown`."""
        text = self.annotations.get("condition")
        return lenient(text) if text is not None else ()

    @property
    def forbids(self) -> bool:
        return bool(self.cedar["effect"] == "forbid")

    @property
    def binds(self) -> bool:
        """Whether it forbids unless its conditions are carried out."""
        return self.forbids and bool(self.conditions)

    @property
    def suspends(self) -> bool:
        return self.annotations.get("on_deny") == SUSPEND

    @cached_property
    def tree(self) -> pst.Template:
        """The policy as typed nodes, under its id."""
        document = {"staticPolicies": {self.id: self.cedar}, "templates": {}, "templateLinks": []}
        policies = cedarpy.PolicySet.from_json_str(json.dumps(document)).to_pst()
        return policies.static_policies[self.id]

    @cached_property
    def text(self) -> str:
        """The policy in Cedar's own words, formatted."""
        document = {"staticPolicies": {self.id: self.cedar}, "templates": {}, "templateLinks": []}
        return cedarpy.format_policies(cedarpy.policies_from_json_str(json.dumps(document)), 100, 4)


def from_cedar(text: str, place: Place) -> Policy:
    """The policy in *text*, which must be exactly one. Raises `ValueError` with the parser's words."""
    policies = json.loads(cedarpy.policies_to_json_str(text))
    if policies["templates"]:
        raise ValueError("a template has no effect here: name the principal and the resource")
    found = list(policies["staticPolicies"].values())
    if len(found) != 1:
        raise ValueError(f"it is {len(found)} policies, and one is needed")
    return Policy(found[0], place)
