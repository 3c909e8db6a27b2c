"""What a runtime needs from its machine: one check per file."""

from collections.abc import Awaitable, Callable, Sequence

from app.config import Settings

from .clock import check_clock
from .crypto import check_keys
from .directory import check_directory
from .disk import check_disk
from .docker import check_docker
from .finding import Finding
from .nats import check_nats
from .postgres import check_postgres

CHECKS: Sequence[Callable[[Settings], Awaitable[Finding]]] = (
    check_directory,
    check_disk,
    check_clock,
    check_keys,
    check_nats,
    check_postgres,
    check_docker,
)

__all__ = ["CHECKS", "Finding"]
