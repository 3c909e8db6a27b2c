"""Can the data directory be used?"""

from app.config import Settings
from app.embedded.data_dir import DataDir
from app.embedded.errors import DataDirMissing
from app.errors import SymbiError

from .finding import Finding, running

NAME = "data directory"


async def check_directory(settings: Settings) -> Finding:
    path = settings.data_dir
    try:
        DataDir.open(path, create=False)
    except DataDirMissing:
        return Finding(NAME, "ok", f"{path} is not there yet", "`symbi up` makes it.")
    except SymbiError as error:
        return Finding(NAME, "fail", error.message)
    info = running(settings)
    in_use = f"in use by process {info.pid}" if info else "no runtime uses it now"
    return Finding(NAME, "ok", f"{path}, {in_use}")
