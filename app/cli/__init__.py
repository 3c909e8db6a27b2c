"""The command line: `symbi`."""

import os
import signal
import sys
from types import FrameType

INTERRUPTED = 130
"""The exit code after Ctrl-C (128 and the number of SIGINT)."""


def main() -> None:
    """Run the command that the process was given, and end the process with its exit code."""
    # While it loads, which may take a while, nothing is begun that could be left half done.
    signal.signal(signal.SIGINT, _end_at_once)
    from .entry import run

    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = INTERRUPTED
    signal.signal(signal.SIGINT, _end_at_once)
    sys.exit(code)


def _end_at_once(number: int, frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)
