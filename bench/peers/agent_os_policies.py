"""How many decisions a second the policy evaluator of agent-os-kernel makes on rules and requests from stdin.

The answer is one line of JSON: `cold` (each request once), `warm` (the same ones again), `denied` (how many).
"""

# agent-os-kernel is installed where this runs, in .peers, and not where the types are checked.
# mypy: disable-error-code="import-not-found,no-any-return"

import json
import logging
import sys
import time
from typing import Any

from agent_os.policies.evaluator import PolicyEvaluator
from agent_os.policies.schema import (
    PolicyAction,
    PolicyCondition,
    PolicyDefaults,
    PolicyDocument,
    PolicyOperator,
    PolicyRule,
)


def rule(one: dict[str, Any]) -> PolicyRule:
    """The same rule; denials are looked at first."""
    if "tool" in one:
        condition = PolicyCondition(field="tool", operator=PolicyOperator.EQ, value=one["tool"])
        return PolicyRule(name=one["name"], condition=condition, action=PolicyAction.ALLOW, priority=1)
    condition = PolicyCondition(field=one["field"], operator=PolicyOperator.GT, value=one["over"])
    return PolicyRule(name=one["name"], condition=condition, action=PolicyAction.DENY, priority=100)


def rate(evaluator: PolicyEvaluator, requests: list[dict[str, Any]]) -> tuple[float, int]:
    began = time.perf_counter()
    denied = sum(not evaluator.evaluate(request).allowed for request in requests)
    return len(requests) / (time.perf_counter() - began), denied


logging.disable(logging.CRITICAL)
asked = json.load(sys.stdin)
document = PolicyDocument(
    name="equal",
    rules=[rule(one) for one in asked["rules"]],
    defaults=PolicyDefaults(action=PolicyAction.DENY),
)
evaluator = PolicyEvaluator([document])
cold, denied = rate(evaluator, asked["requests"])
warm, _ = rate(evaluator, asked["requests"])
print(json.dumps({"cold": cold, "warm": warm, "denied": denied}), flush=True)
