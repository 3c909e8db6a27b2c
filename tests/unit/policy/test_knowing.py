"""Entities are what the log says."""

from app.policy.engine.entities import Entities
from app.policy.knowing import Knowing, new_agent
from app.policy.request import EntityRef
from events.agent import (
    AgentDecommissioned,
    AgentDeployed,
    AgentInitializationFailed,
    AgentQuarantined,
    AgentReadied,
    AgentRegistered,
    AgentReleased,
    AgentTerminated,
)
from events.agent_config import AgentConfig, DataClass, SandboxTier
from events.base import Event
from events.identity import (
    IdentityKind,
    IdentityRegistered,
    IdentityTerminated,
    Role,
    RoleGranted,
    RoleRevoked,
)
from events.node import Capacity, NodeDrained, NodeJoined, NodeRemoved

DIGEST, OTHER = "sha256:" + "1" * 64, "sha256:" + "2" * 64
CONFIG = AgentConfig(
    name="clerk",
    data_classes=[DataClass.INTERNAL, DataClass.PII],
    tier=SandboxTier.GVISOR,
    labels={"team": "x"},
)
REGISTERED = AgentRegistered(agent_id="a1", title="clerk", definition_digest=DIGEST, owner="human/ann")
READIED = AgentReadied(agent_id="a1", config=CONFIG)
AGENT, HOME = EntityRef("Agent", "a1"), EntityRef("Tenant", "acme")


def known(*events: Event) -> Entities:
    knowing = Knowing(Entities())
    for event in events:
        knowing.take(event, "acme")
    return knowing.entities


def test_an_agent_is_known_once_its_configuration_is_valid() -> None:
    assert known(REGISTERED).get(AGENT) is None
    assert known(REGISTERED, AgentInitializationFailed(agent_id="a1", reasons=[])).get(AGENT) is None
    agent = known(REGISTERED, READIED).get(AGENT)
    assert agent is not None
    assert agent.parents == {HOME}
    assert agent.tags == {"team": "x"}
    expected = {"name": "clerk", "owner": "ann", "definition": DIGEST, "sensitivity": 70, "tier": "gvisor"}
    assert expected.items() <= agent.attributes.items()
    assert agent == new_agent("a1", CONFIG, DIGEST, "human/ann", "acme")


def test_a_new_version_replaces_what_is_known_but_not_whose_it_is() -> None:
    config = CONFIG.model_copy(update={"version": "2.0.0", "tier": None})
    agent = known(
        REGISTERED, READIED, AgentDeployed(agent_id="a1", definition_digest=OTHER, config=config)
    ).get(AGENT)
    assert agent is not None
    assert (agent.attributes["version"], agent.attributes["definition"]) == ("2.0.0", OTHER)
    assert agent.attributes["owner"] == "ann"


def test_quarantine_is_known_and_the_end_forgets_the_agent() -> None:
    events: list[Event] = [REGISTERED, READIED, AgentQuarantined(agent_id="a1", reason="")]
    for event, quarantined in ((None, True), (AgentReleased(agent_id="a1", reason=""), False)):
        events += [event] if event else []
        agent = known(*events).get(AGENT)
        assert agent is not None
        assert agent.attributes["quarantined"] is quarantined
    assert known(*events, AgentTerminated(agent_id="a1", reason="")).get(AGENT) is not None
    assert known(*events, AgentDecommissioned(agent_id="a1", reason="")).get(AGENT) is None


def test_an_agent_of_a_service_has_no_human_owner() -> None:
    for actor, attribute in (("service/app", "owning_service"), ("component/scheduler", "owning_service")):
        agent = known(REGISTERED.model_copy(update={"owner": actor}), READIED).get(AGENT)
        assert agent is not None
        assert attribute in agent.attributes
        assert "owner" not in agent.attributes


def test_people_services_and_components_and_what_they_may() -> None:
    ann = IdentityRegistered(identity_id="ann", kind=IdentityKind.HUMAN, subject_ref="s")
    app = IdentityRegistered(identity_id="app", kind=IdentityKind.SERVICE, subject_ref="s")
    gate = IdentityRegistered(identity_id="gate", kind=IdentityKind.COMPONENT, subject_ref="s")
    granted = RoleGranted(identity_id="ann", role=Role.OPERATOR)
    entities = known(ann, app, gate, granted)
    human = entities.get(EntityRef("Human", "ann"))
    assert human is not None
    assert human.parents == {HOME, EntityRef("Role", "operator")}
    for name, component in (("app", False), ("gate", True)):
        service = entities.get(EntityRef("Service", name))
        assert service is not None
        assert service.attributes == {"component": component}
    revoked = known(ann, granted, RoleRevoked(identity_id="ann", role=Role.OPERATOR)).get(
        EntityRef("Human", "ann")
    )
    assert revoked is not None
    assert revoked.parents == {HOME}
    assert known(ann, IdentityTerminated(identity_id="ann", reason="")).get(EntityRef("Human", "ann")) is None


def test_an_agents_own_identity_is_the_agent() -> None:
    entities = known(
        REGISTERED,
        READIED,
        IdentityRegistered(identity_id="a1", kind=IdentityKind.AGENT, subject_ref="s"),
        RoleGranted(identity_id="a1", role=Role.VIEWER),
    )
    agent = entities.get(AGENT)
    assert agent is not None
    assert EntityRef("Role", "viewer") in agent.parents


def test_nodes_come_and_go() -> None:
    joined = NodeJoined(
        node_id="n1",
        capacity=Capacity(cpu_cores=1.5, memory_mb=64, tasks=1),
        tiers=[SandboxTier.GVISOR],
        labels={"zone": "a"},
    )
    node = known(joined, NodeDrained(node_id="n1", reason="")).get(EntityRef("Node", "n1"))
    assert node is not None
    assert node.attributes == {"tiers": ["gvisor"], "memory_mb": 64, "cpu_millis": 1500}
    assert node.tags == {"zone": "a"}
    assert known(joined, NodeRemoved(node_id="n1", reason="")).get(EntityRef("Node", "n1")) is None
