"""Asking Cedar, and the interpreter for what Cedar cannot hold."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import cedarpy
import orjson

from ..bundle.predicates import PredicateFailed
from ..request import Action, EntityRef
from ..schema.actions import ACTIONS

_MISSES = re.compile(r"does not have the attribute `([^`]+)`")


class Undecided(ValueError):
    """The policies could not be evaluated; the text says why."""


class Evaluation:
    """One request, put to one set of policies after the other.

    *holds* evaluates a predicate by its name, or says None where there is no such predicate. It is asked only
    for those of policies that are reached: Cedar is asked without them, says which it misses, and is asked
    again.
    """

    def __init__(
        self,
        request: Mapping[str, Any],
        context: dict[str, Any],
        entities: cedarpy.Entities,
        holds: Callable[[str], bool | None],
    ) -> None:
        self._request = dict(request)
        self._context = context
        self._entities = entities
        self._holds = holds
        self.holds: dict[str, bool] = {}
        """The predicates that were evaluated."""

    def of(self, policies: cedarpy.PolicySet) -> tuple[bool, list[str]]:
        """Whether *policies* allow it, and the ids of those that determined that.

        A policy that forbids decides, even where others cannot be evaluated.

        Raises:
            Undecided: a policy could not be evaluated.
            PredicateFailed: a predicate that was asked for could not.
        """
        while True:
            self._request["context"] = orjson.dumps({**self._context, "holds": self.holds}).decode()
            result = cedarpy.is_authorized(self._request, policies, self._entities)
            errors = result.diagnostics.errors
            answer = result.allowed, result.diagnostics.reasons
            if not errors:  # without a decision there is one
                return answer
            forbidden = not result.allowed and bool(answer[1])
            try:
                more = self._more(errors)
            except PredicateFailed:
                if forbidden:
                    return answer
                raise
            if more:
                continue
            if forbidden:
                return answer
            raise Undecided("; ".join(errors) or "Cedar gave no decision")

    def _more(self, errors: Iterable[str]) -> bool:
        """Evaluate the predicates that the *errors* miss; whether there was any."""
        known = len(self.holds)
        for error in errors:
            if (found := _MISSES.search(error)) is not None and found[1] not in self.holds:
                held = self._holds(found[1])
                if held is not None:
                    self.holds[found[1]] = held
        return len(self.holds) > known


def uid(ref: EntityRef) -> dict[str, str]:
    """The entity as Cedar's requests have it."""
    return {"type": str(ref.type), "id": ref.id}


def action_entities(action: Action) -> list[dict[str, Any]]:
    """The action and the group that it is in, as Cedar's JSON has them."""
    group = {"type": "Action", "id": ACTIONS[action].group}
    return [
        {"uid": {"type": "Action", "id": str(action)}, "attrs": {}, "parents": [group]},
        {"uid": group, "attrs": {}, "parents": []},
    ]
