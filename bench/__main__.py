"""`python -m bench [GROUP…]`: measures, shows and keeps the results; `--docs` writes them into the docs."""

import sys
import traceback

from app.cli.logs import warnings_only

from . import docs, groups
from .harness import Row, load_now, results, show


def main(arguments: list[str]) -> int:
    """Run the groups named, or all of them. A floor that is missed is no error; what crashes is."""
    if arguments == ["--docs"]:
        print(f"wrote {docs.write()}")
        return 0
    warnings_only()
    unknown = [name for name in arguments if name not in groups.GROUPS]
    if unknown:
        print(f"There is no group {unknown[0]}; there are: {', '.join(groups.GROUPS)}", file=sys.stderr)
        return 2
    return max(_run(name) for name in arguments or groups.GROUPS)


def _run(group: str) -> int:
    load_before, rows, code = load_now(), list[Row](), 0
    for measurement in groups.GROUPS[group]:
        print(f"{group}: {measurement.title}", file=sys.stderr, flush=True)
        try:
            rows += measurement.run()
        except Exception:
            traceback.print_exc()
            code = 1
    found = results(group, rows, load_before)
    show(found)
    print(f"kept in {found.write()}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
