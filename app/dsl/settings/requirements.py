"""What policies may require, and how acts may be recorded, by name.

`docs/reference/dsl.md` is made from these tables.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from events.agent_config import SandboxTier

from .kinds import Choice, Either, Flag, Kind, Lasting, Rate, Size, Text, Texts, Whole

_YEAR = Lasting(366 * 86_400, "a year")


@dataclass(frozen=True)
class Named:
    """One requirement, or one setting of an audit."""

    name: str
    kind: Kind
    meaning: str


REQUIREMENTS = (
    Named("rate_limiting", Rate(), "No more acts than that within the window."),
    Named("timeout_per_request", _YEAR, "Each act ends within that time."),
    Named("total_timeout", _YEAR, "All acts of one task together end within that time."),
    Named("max_concurrent_agents", Whole(1, 1_000_000), "No more agents of this definition run at once."),
    Named("max_retry_attempts", Whole(0, 1000), "A failed act is tried again no more often."),
    Named(
        "circuit_breaker",
        Either(Flag(), Whole(1, 1000)),
        "After so many failures in a row, 5 for `true`, acts are refused for a while.",
    ),
    Named(
        "sandbox_tier",
        Choice(
            {
                "docker": SandboxTier.DOCKER,
                "tier1": SandboxTier.DOCKER,
                "gvisor": SandboxTier.GVISOR,
                "tier2": SandboxTier.GVISOR,
            }
        ),
        "Code runs in that sandbox tier, or a stricter one.",
    ),
    Named("tls_verification", Flag(), "Connections are encrypted, and certificates verified."),
    Named("signature_verification", Flag(), "What comes in is signed, and the signature verified."),
    Named(
        "schemapin_mode",
        Choice.of("strict", "tofu"),
        'Tools are signed by pinned keys; with `"tofu"` the first key seen is pinned.',
    ),
    Named("verify_tool_schemas", Flag(), "A tool is called only while its definition is the approved one."),
    Named("trust_bundle", Text(), "The set of keys that tools may be signed by, by its name."),
    Named("pin_on_first_use", Flag(), "Whether a server's first key is pinned without a person's approval."),
    Named("schema_validation", Flag(), "Arguments and results fit the tool's schema."),
    Named("input_validation", Flag(), "A task's inputs fit the types that the agent declares."),
    Named("approval_mechanism", Text(), "How approvals are given."),
    Named("approval_expiry", _YEAR, "An approval is good for that long."),
    Named(
        "approval_scope",
        Choice({"single_action": "act", "act": "act", "task": "run", "run": "run", "session": "run"}),
        "What one approval covers: a single act, or all like it within a task.",
    ),
    Named("require_reason", Flag(), "Who approves has to say why."),
    Named("max_data_size", Size(), "What is handed on is no larger."),
    Named("max_document_size", Size(), "No single document is larger."),
    Named("consent_verification", Flag(), "The person that data is about has consented."),
)

AUDIT_SETTINGS = (
    Named(
        "log_level",
        Choice(
            {
                "debug": "debug",
                "info": "info",
                "warning": "warning",
                "warn": "warning",
                "error": "error",
                "critical": "critical",
            }
        ),
        "The severity under which the record is written.",
    ),
    Named("retention_days", Whole(1, 36_500), "The record is kept at least that long."),
    Named("compliance_tags", Texts(Text(64)), "Frameworks that the record is evidence for."),
)

PREFIXES = (
    Named("include_", Flag(), "Whether the record holds that part: `include_input`, `include_output`, …"),
    Named("alert_on_", Flag(), "Whether that is told at once: `alert_on_errors`, `alert_on_denied`, …"),
)
"""Settings of an audit that begin so."""

BY_NAME = {requirement.name: requirement for requirement in REQUIREMENTS}
AUDITS_BY_NAME = {setting.name: setting for setting in AUDIT_SETTINGS}

EVERYTHING = ("all_operations", "all_interactions")
"""Names after `audit:` that mean all that the agent does."""


def audit_setting(name: str) -> Named | None:
    """The setting of that name; None: there is none."""
    return AUDITS_BY_NAME.get(name) or next(_beginning(name), None)


def _beginning(name: str) -> Iterator[Named]:
    return (prefix for prefix in PREFIXES if name.startswith(prefix.name) and name != prefix.name)
