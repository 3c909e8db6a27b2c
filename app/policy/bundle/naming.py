"""The names by which definitions speak of acts, and what those acts are."""

from ..request import Action
from ..schema.actions import ACTIONS

ACTS: tuple[Action, ...] = tuple(
    action for action, shape in ACTIONS.items() if shape.group in ("tools", "messaging", "data")
)
"""What an agent does to the world: whatever its definition requires, it requires of these."""

_REACHES_OUT = (
    '(action == Action::"run_code" && context.network != "none")'
    ' || (action == Action::"call_tool" && resource is Tool && resource.external)'
)

ALIASES: dict[str, str] = {
    "invoke_tool": 'action == Action::"call_tool"',
    "execute_code": 'action == Action::"run_code"',
    "use_llm": 'action == Action::"invoke_model"',
    "memory_read": 'action == Action::"read_data"',
    "memory_write": 'action == Action::"write_data"',
    "network_access": _REACHES_OUT,
    **{action.value: f'action == Action::"{action}"' for action in Action},
}
"""Names that stand for acts of any capability, as Cedar tests. Any other name is that of a capability."""

OF_RESOURCES: dict[tuple[str, str], Action] = {
    ("invoke_tool", "tool"): Action.CALL_TOOL,
    ("call_tool", "tool"): Action.CALL_TOOL,
    ("execute_code", "code"): Action.RUN_CODE,
    ("run_code", "code"): Action.RUN_CODE,
    ("use_llm", "model"): Action.INVOKE_MODEL,
    ("invoke_model", "model"): Action.INVOKE_MODEL,
    ("publish", "topic"): Action.PUBLISH,
    ("subscribe", "topic"): Action.SUBSCRIBE,
    ("spawn_agent", "agent"): Action.SPAWN_AGENT,
    ("allocate", "node"): Action.ALLOCATE,
}
"""Names of an act and of its argument that stand for the resource, and the act."""
