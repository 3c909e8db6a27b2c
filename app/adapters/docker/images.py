"""The images of tasks: those that are here, and those that a registry gives in time."""

import posixpath
import re
from threading import Event
from typing import TYPE_CHECKING, Any

from .errors import ImageMissing, UnusableJob
from .settings import Image

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*")  # it becomes part of a URL

if TYPE_CHECKING:
    from docker import APIClient


def find(client: "APIClient", name: str) -> Image | None:
    """The image called *name* if it is on this machine. Raises `UnusableJob` or `ImageMissing`."""
    from docker.errors import APIError, ImageNotFound

    if not NAME.fullmatch(name) or ".." in name:
        raise UnusableJob(reason=f"{name!r} is no name of an image")
    try:
        found: Any = client.inspect_image(name)  # type: ignore[no-untyped-call]
    except ImageNotFound:
        return None
    except APIError as error:
        # Not a name at all: the engine has the best words for it.
        raise ImageMissing(image=name, reason=error.explanation or str(error)) from error
    volumes = (found.get("Config") or {}).get("Volumes") or {}
    return Image(found["Id"], frozenset(posixpath.normpath(path) for path in volumes))


def pull(client: "APIClient", name: str, enough: Event) -> None:
    """Get *name* from its registry, until *enough* is set. Raises `ImageMissing`."""
    from docker.errors import APIError
    from docker.utils import parse_repository_tag

    repository, tag = parse_repository_tag(name)
    try:
        for step in client.pull(repository, tag=tag or "latest", stream=True, decode=True):
            if "error" in step:
                raise ImageMissing(image=name, reason=step["error"])
            if enough.is_set():
                return
    except APIError as error:
        raise ImageMissing(image=name, reason=error.explanation or str(error)) from error
