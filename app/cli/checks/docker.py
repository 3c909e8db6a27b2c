"""Can programs run in containers? Without an engine, tasks that run one are refused."""

from app.adapters.docker.engine import Engine
from app.adapters.docker.health import examine
from app.adapters.docker.images import find
from app.config import Settings
from app.errors import SymbiError

from .finding import Finding

NAME = "Docker"


async def check_docker(settings: Settings) -> Finding:
    image = settings.worker.task_image
    engine = Engine(settings.worker.docker_host or None, threads=1, call_within=10)
    try:
        facts = examine(engine.address, await engine.call(lambda client: client.info()))
        present = await engine.call(lambda client: find(client, image))
    except SymbiError as error:
        advice = "Start Docker, or set worker.docker_host; until then tasks that run a program are refused."
        return Finding(NAME, "warn", error.message, advice)
    finally:
        engine.close()
    if present is None:
        advice = f"`docker pull {image}` gets it, or set worker.task_image to one that is there."
        return Finding(NAME, "warn", f"{facts.description}; the image {image} is not here", advice)
    return Finding(NAME, "ok", f"{facts.description}; the image {image} is here")
