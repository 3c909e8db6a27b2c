"""The entity types: who acts, and on what."""

from events.agent_config import DataClass

from ..request import Entity, EntityRef, EntityType
from .shapes import EntityShape
from .types import BOOL, LONG, STRING, Attribute, EntityIs, SetOf

DATA_CLASSES = SetOf(EntityIs(EntityType.DATA_CLASS))

ENTITIES: dict[EntityType, EntityShape] = {
    EntityType.TENANT: EntityShape("Whom agents, data and budgets belong to."),
    EntityType.ROLE: EntityShape("What principals are in; a role may be in others.", (EntityType.ROLE,)),
    EntityType.HUMAN: EntityShape("A person, under a pseudonymous id.", (EntityType.ROLE, EntityType.TENANT)),
    EntityType.SERVICE: EntityShape(
        "A program: an application, or a component of the runtime.",
        (EntityType.ROLE, EntityType.TENANT),
        {"component": Attribute(BOOL, True, "Whether it is a part of the runtime.")},
    ),
    EntityType.AGENT: EntityShape(
        "An agent.",
        (EntityType.ROLE, EntityType.TENANT),
        {
            "name": Attribute(STRING, True, "Of its definition, which many agents may share."),
            "version": Attribute(STRING, True),
            "definition": Attribute(STRING, True, "The digest of the definition."),
            "owner": Attribute(EntityIs(EntityType.HUMAN), doc="Absent where a service owns it."),
            "owning_service": Attribute(EntityIs(EntityType.SERVICE)),
            "code_source": Attribute(STRING, True, "built_in, signed, approved_digest or unknown."),
            "data_classes": Attribute(DATA_CLASSES, True, "Of its inputs."),
            "sensitivity": Attribute(LONG, True, "Of the most sensitive of those, 0 to 100."),
            "tier": Attribute(STRING, doc="The sandbox that it demands, docker or gvisor."),
            "capabilities": Attribute(SetOf(STRING), True, "What its definition says it may call."),
            "security": Attribute(STRING, True, "How much protection it demands: normal, high or maximum."),
            "privacy": Attribute(STRING, True, "normal, high or strict."),
            "network": Attribute(STRING, True, "What it may reach: deny_all, allow_list or allow_all."),
            "model": Attribute(STRING, doc="The language model that it speaks to."),
            "quarantined": Attribute(BOOL, True),
            "memory_mb": Attribute(
                LONG, True, "The most that one of its tasks may use; so are the next ones."
            ),
            "cpu_millis": Attribute(LONG, True, "Thousandths of a core."),
            "execution_timeout_s": Attribute(LONG, True, "Rounded up."),
            "max_concurrent_tasks": Attribute(LONG, True),
        },
        tagged=True,
    ),
    EntityType.TOOL_SERVER: EntityShape(
        "A server that offers tools.",
        (EntityType.TENANT,),
        {
            "verified": Attribute(BOOL, True, "Whether its key is pinned and its tools are signed with it."),
            "external": Attribute(BOOL, True, "Whether it is run by somebody else."),
            "trust_bundle": Attribute(STRING, doc="Which set of keys it was verified with."),
        },
    ),
    EntityType.TOOL: EntityShape(
        "Something that agents call, by the name under which they call it.",
        (EntityType.TOOL_SERVER, EntityType.TENANT),
        {
            "schema_verified": Attribute(BOOL, True, "Whether its schema's signature was verified."),
            "approved": Attribute(BOOL, True, "Whether a person approved this version of it."),
            "external": Attribute(BOOL, True, "Whether what it is given leaves the runtime."),
            "idempotent": Attribute(BOOL, True, "Whether calling it twice is as good as once."),
            "pinned_by": Attribute(STRING, doc="operator or first_use."),
            "data_classes": Attribute(DATA_CLASSES, True, "Of what it returns."),
        },
    ),
    EntityType.NODE: EntityShape(
        "A machine that runs tasks.",
        (EntityType.TENANT,),
        {
            "tiers": Attribute(SetOf(STRING), True, "The sandboxes that it has."),
            "memory_mb": Attribute(LONG, True),
            "cpu_millis": Attribute(LONG, True),
        },
        tagged=True,
    ),
    EntityType.TOPIC: EntityShape(
        "What messages are published under; a topic may be in a wider one.",
        (EntityType.TOPIC, EntityType.TENANT),
        {"external": Attribute(BOOL, True, "Whether others than agents of the runtime read it.")},
    ),
    EntityType.DATA_CLASS: EntityShape(
        "How sensitive data is.",
        (EntityType.DATA_CLASS,),
        {"sensitivity": Attribute(LONG, True, "0 (public) to 100.")},
    ),
    EntityType.KNOWLEDGE: EntityShape(
        "A collection of documents or memories; it may be in another one.",
        (EntityType.KNOWLEDGE, EntityType.TENANT),
        {
            "owner": Attribute(EntityIs(EntityType.AGENT), doc="Absent where it is nobody's own."),
            "shared": Attribute(BOOL, True, "Whether several agents use it."),
            "data_classes": Attribute(DATA_CLASSES, True),
        },
    ),
    EntityType.MODEL: EntityShape(
        "A language model.",
        (EntityType.TENANT,),
        {
            "provider": Attribute(STRING, True),
            "external": Attribute(BOOL, True, "Whether prompts leave the runtime."),
        },
    ),
    EntityType.CODE: EntityShape(
        "A program that runs in a sandbox, by its image or digest.",
        (EntityType.TENANT,),
        {
            "source": Attribute(STRING, True, "built_in, signed, approved_digest or unknown."),
            "trust": Attribute(LONG, True, "0 (unknown) to 100 (built in)."),
        },
    ),
}

SENSITIVITY: dict[DataClass, int] = {
    DataClass.PUBLIC: 0,
    DataClass.INTERNAL: 30,
    DataClass.CONFIDENTIAL: 60,
    DataClass.PII: 70,
    DataClass.PHI: 100,
    DataClass.FINANCIAL: 100,
    DataClass.SPECIAL: 100,
    DataClass.SECRET: 100,
}
"""In hundredths."""


def data_class_entities() -> list[Entity]:
    """The data classes, which exist everywhere."""
    return [
        Entity(EntityRef(EntityType.DATA_CLASS, name.value), {"sensitivity": sensitivity})
        for name, sensitivity in SENSITIVITY.items()
    ]
