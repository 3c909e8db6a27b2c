"""How risky running some code is, factor by factor, and the sandbox tier that follows."""

from pydantic import Field

from .agent_config import SandboxTier
from .base import Record


class RiskFactor(Record):
    """One reason why code is more or less risky to run."""

    name: str
    """`data_sensitivity`, `code_trust`, `network`, `filesystem` or `external_apis`."""
    adds: float = Field(ge=0)
    """What it adds to the score."""
    because: str
    """In words: "its inputs are of the class pii"."""
    unknown: bool = False
    """Nothing is known about it, so that the runtime's default tier is the least."""


class RiskAssessment(Record):
    """What came of assessing a run before it was queued."""

    score: float = Field(ge=0)
    """From 0, no risk, to 1."""
    factors: list[RiskFactor]
    tier: SandboxTier
    """The tier that isolates the run: never a looser one."""
    because: str
    """Why that tier and no looser one, in words."""
