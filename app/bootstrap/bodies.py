"""What reads definitions and runs bodies: the tools, the thread that parses, what is asked before calls."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack

from app.dsl.run.builtins.signature import Builtin, declare

from ..adapters.declared_capabilities import DeclaredCapabilities
from ..ports.tools import Tools
from ..services.bodies.calling import World
from ..services.bodies.running import Bodies
from ..services.definitions import Definitions
from .core import Core


def declared(tools: Tools) -> dict[str, Builtin]:
    """What each tool takes and gives, as definitions are checked against it."""
    found = [tool for name in tools.names() if (tool := tools.find(name)) is not None]
    return {tool.name: next(declare(None, f"call{tool.signature}", tool.about)) for tool in found}


def definitions_of(stack: AsyncExitStack, core: Core, tools: Tools) -> Definitions:
    """The definitions that this process reads, in a thread of their own."""
    thread = ThreadPoolExecutor(1, thread_name_prefix="definitions")
    stack.callback(thread.shutdown, wait=False, cancel_futures=True)
    return Definitions(core.blobs, thread, declared(tools))


def bodies_of(core: Core, tools: Tools, definitions: Definitions) -> Bodies:
    """What this process's worker runs bodies with."""
    return Bodies(
        definitions=definitions,
        world=World(tools, DeclaredCapabilities(), core.blobs),
        log=core.log,
        verifier=core.verifier,
        memory_mb=core.settings.worker.body_memory_mb,
    )
