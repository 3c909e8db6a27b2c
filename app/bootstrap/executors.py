"""Which executor runs the programs of tasks."""

from ..config import Settings
from ..embedded.data_dir import DataDir
from ..ports.executor import Executor
from .keys import runtime_id


def docker_executor(settings: Settings, data: DataDir) -> Executor:
    """Docker containers, labelled with this runtime so that those a crash leaves behind are found."""
    from ..adapters.docker.executor import DockerExecutor

    return DockerExecutor(runtime_id(data, settings.worker.node), address=settings.worker.docker_host or None)
