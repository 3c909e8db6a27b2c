"""The command line: `symbi`."""

import sys


def main() -> None:
    """Run the command that the process was given, and end the process with its exit code."""
    from .entry import run

    sys.exit(run(sys.argv[1:]))
