"""Why a task cannot run in a container, by the reason that the task's failure names."""

from ...errors import Invalid, Rejected, SymbiError, Unavailable


class EngineRefused(Rejected):
    """The Docker engine refused: {reason}"""


class NoSandbox(Unavailable):
    """No Docker engine answers at {address}: {reason}. Nothing runs without a sandbox: \
install Docker (Debian, Ubuntu: `apt-get install docker.io`), start it and let this user use it (group \
`docker`), or name another engine by DOCKER_HOST; then see `symbi doctor`."""


class WeakSandbox(Unavailable):
    """The Docker engine at {address} cannot limit {missing}, so nothing runs in it. Give it the \
cgroup controllers that it lacks (a rootless engine needs them delegated); then see `symbi doctor`."""


class ImageMissing(Unavailable):
    """The image {image} is not on this machine and could not be pulled: {reason}. Get it with \
`docker pull {image}` where a registry can be reached, or bring it with `docker save` and `docker load`."""


class UnusableJob(Invalid):
    """The task cannot run as it is: {reason}."""


class CalledOff(Rejected):
    """The run was cancelled before it started."""


class Unstartable(Rejected):
    """The program did not start: {reason}"""


REASONS: dict[type[SymbiError], str] = {
    NoSandbox: "no_sandbox",
    WeakSandbox: "no_sandbox",
    EngineRefused: "no_sandbox",
    ImageMissing: "image_missing",
    UnusableJob: "invalid",
}
"""What is refused, and the short code of its reason."""
