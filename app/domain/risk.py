"""How risky it is to run some code, and which sandbox tier follows.

The score is `min(1, 0.4·data_sensitivity + 0.3·(1 − code_trust) + 0.1·network + 0.1·filesystem +
0.1·external_apis)`, counted in thousandths; below 0.5 Docker will do, from there on it takes gVisor. Whoever
demands a stricter tier gets it, and nobody a looser one.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from events.agent_config import AgentConfig, CodeSource, DataClass, NetworkPolicy, SandboxTier
from events.risk import RiskAssessment, RiskFactor

from .needs import strictest, strictness

SENSITIVITY: Mapping[DataClass, int] = {
    DataClass.PUBLIC: 0,
    DataClass.INTERNAL: 300,
    DataClass.CONFIDENTIAL: 600,
    DataClass.PII: 700,
    DataClass.PHI: 1000,
    DataClass.FINANCIAL: 1000,
    DataClass.SPECIAL: 1000,
    DataClass.SECRET: 1000,
}
"""In thousandths; of several classes the highest counts."""

TRUST: Mapping[CodeSource, int] = {
    CodeSource.BUILT_IN: 1000,
    CodeSource.SIGNED: 800,
    CodeSource.APPROVED_DIGEST: 600,
    CodeSource.UNKNOWN: 0,
}
"""In thousandths."""

STRICT_FROM = 500
"""The score, in thousandths, from which on code runs in gVisor."""

_SOURCES = {
    CodeSource.BUILT_IN: "is built in",
    CodeSource.SIGNED: "is signed by a pinned key",
    CodeSource.APPROVED_DIGEST: "has an approved digest",
    CodeSource.UNKNOWN: "comes from an unknown source",
}

INSTALL: Mapping[SandboxTier, str] = {
    SandboxTier.DOCKER: (
        "install Docker (on Debian: the package docker.io), start it, and start the worker again"
    ),
    SandboxTier.GVISOR: (
        "install gVisor beside Docker (the package runsc), register it with `runsc install`, "
        "restart Docker, and start the worker again"
    ),
}
"""What brings a tier to a machine."""

NAMES: Mapping[SandboxTier, str] = {SandboxTier.DOCKER: "Docker", SandboxTier.GVISOR: "gVisor"}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known about a run before it begins; none of a value stands for not known."""

    data_classes: Collection[DataClass] | None
    """Of everything that it is given."""
    code_source: CodeSource | None
    network: bool | None
    """Whether it may reach the network."""
    filesystem: bool | None
    """Whether it is given files."""
    external_apis: bool | None
    """Whether it is integrated with something outside: whether there is anything that its agent may call."""


def circumstances(
    config: AgentConfig, *, data_classes: Collection[DataClass], filesystem: bool
) -> Circumstances:
    """Those of a program that an agent of this configuration runs."""
    return Circumstances(
        data_classes=data_classes or None,
        code_source=config.code_source,
        network=config.network is not NetworkPolicy.DENY_ALL,
        filesystem=filesystem,
        external_apis=bool(config.capabilities),
    )


def assess(
    known: Circumstances, *, default: SandboxTier, demanded: Iterable[tuple[SandboxTier, str]] = ()
) -> RiskAssessment:
    """The score of a run, what it is made of, and the tier that isolates it.

    *default* is the least where a factor is not known; *demanded* are tiers, and who demands each, as "its
    agent".
    """
    factors = [*_factors(known)]
    score = min(1000, sum(round(factor.adds * 1000) for factor in factors))
    by_score = SandboxTier.DOCKER if score < STRICT_FROM else SandboxTier.GVISOR
    reasons = [(by_score, _by_score(score))]
    if missing := [factor.name for factor in factors if factor.unknown]:
        reasons.append((default, f"{' and '.join(missing)} unknown, and {NAMES[default]} is the default"))
    reasons += [(tier, f"{who} demands {NAMES[tier]}") for tier, who in demanded]
    tier = strictest(tier for tier, _ in reasons) or by_score
    because = next(why for reason, why in reasons if strictness(reason) == strictness(tier))
    return RiskAssessment(score=score / 1000, factors=factors, tier=tier, because=because)


def _by_score(score: int) -> str:
    side = "below" if score < STRICT_FROM else "not below"
    return f"the score {score / 1000:g} is {side} {STRICT_FROM / 1000:g}"


def _factors(known: Circumstances) -> Iterable[RiskFactor]:
    if known.data_classes is None:
        yield _unknown("data_sensitivity", "nothing is said about the classes of its data")
    else:
        highest = max(known.data_classes, key=SENSITIVITY.__getitem__, default=DataClass.PUBLIC)
        yield _factor("data_sensitivity", 4 * SENSITIVITY[highest], f"its data is {highest}")
    if known.code_source is None:
        yield _unknown("code_trust", "nothing is said about where its code comes from")
    else:
        distrust = 1000 - TRUST[known.code_source]
        yield _factor("code_trust", 3 * distrust, f"its code {_SOURCES[known.code_source]}")
    yield _yes_or_no("network", known.network, "it may reach the network", "it has no network")
    yield _yes_or_no("filesystem", known.filesystem, "it is given files", "it is given no files")
    yield _yes_or_no(
        "external_apis", known.external_apis, "its agent may call tools", "its agent may call nothing"
    )


def _factor(name: str, ten_thousandths: int, because: str) -> RiskFactor:
    return RiskFactor(name=name, adds=ten_thousandths / 10_000, because=because)


def _unknown(name: str, because: str) -> RiskFactor:
    return RiskFactor(name=name, adds=0.0, because=because, unknown=True)


def _yes_or_no(name: str, value: bool | None, yes: str, no: str) -> RiskFactor:
    if value is None:
        return _unknown(name, f"whether {yes} is not known")
    return _factor(name, 1000 if value else 0, yes if value else no)


def missing(tier: SandboxTier) -> str:
    """Why a task that needs *tier* is refused where no node offers it, and what to do."""
    return f"No node of this runtime offers {NAMES[tier]}, and nothing runs with less: {INSTALL[tier]}."
