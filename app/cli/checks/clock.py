"""Does the machine know what time it is? Commands are refused when it does not."""

import ctypes
import sys

from app.config import Settings

from .finding import Finding

NAME = "clock"
UNSYNCHRONISED = 5
"""What adjtimex(2) returns for a clock that nobody keeps right (TIME_ERROR)."""

_TIMEX_BYTES = 1024  # more than `struct timex` has anywhere


async def check_clock(settings: Settings) -> Finding:
    state = _kernel_state()
    if state is None:
        return Finding(NAME, "warn", "whether it is kept right cannot be told here", "See that NTP runs.")
    if state == UNSYNCHRONISED:
        return Finding(
            NAME,
            "warn",
            "nobody keeps it right (the kernel says: unsynchronised)",
            "Run chrony or systemd-timesyncd, here or, in a container, on its host. "
            f"A command whose time is off by more than {settings.security.max_clock_skew_s:g} s is refused.",
        )
    return Finding(NAME, "ok", "kept right by NTP")


def _kernel_state() -> int | None:
    """What the kernel says about its clock; None where it cannot be asked."""
    if sys.platform != "linux":
        return None
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        # The first field, `modes`, is 0: nothing is changed.
        state = libc.adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return None
    return int(state) if state >= 0 else None
