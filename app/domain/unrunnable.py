"""Why a task could never run, whatever happens: found when it is submitted, every reason at once."""

import re
from collections.abc import Iterator, Mapping, Sequence

from events import clock
from events.agent_config import ResourceLimits
from events.commands import Program, SubmitTask, TaskLimits

LONGEST_STRING = 131_071
"""Bytes that Linux passes on of one argument or one environment variable (MAX_ARG_STRLEN, less its end)."""
LONGEST_PATH, LONGEST_NAME = 4_000, 255
"""Bytes of a path, and of each of its parts."""

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_DOMAIN = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)"
_HOST = rf"(?:{_DOMAIN}(?:\.{_DOMAIN})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_IMAGE = re.compile(
    rf"(?:{_HOST}/)?{_COMPONENT}(?:/{_COMPONENT})*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"
    r"(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?"
)
"""A reference as https://pkg.go.dev/github.com/distribution/reference defines it."""
LONGEST_IMAGE = 255


def reasons_against(
    submission: SubmitTask, allowed: ResourceLimits, *, now_ns: int, task_image: str
) -> list[str]:
    """Why the task could never run, as `field: reason`; empty where nothing speaks against it.

    *allowed* are its agent's limits, and *task_image* is what a program runs in that names no image.
    """
    reasons = [*_deadline(submission.deadline, now_ns), *_limits(submission.limits, allowed)]
    if isinstance(submission.work, Program):
        reasons += program_reasons(submission.work, task_image)
    return reasons


def program_reasons(program: Program, task_image: str) -> list[str]:
    """What is wrong with a program; see `reasons_against`."""
    return [
        *_argv(program.argv),
        *_image(program.image, task_image),
        *_environment(program.environment),
        *_files(list(program.files)),
    ]


def _deadline(deadline: str | None, now_ns: int) -> Iterator[str]:
    if deadline is None:
        return
    try:
        at = clock.from_wire(deadline)
    except ValueError as error:
        yield f"deadline: {error}"
    else:
        if at <= now_ns:
            yield f"deadline: {deadline} is past"


def _limits(asked: TaskLimits | None, allowed: ResourceLimits) -> Iterator[str]:
    for name, value in asked or ():
        most = getattr(allowed, name)
        if value is not None and value > most:
            yield f"limits.{name}: {value} is asked for, and its agent is allowed {most}"


def _argv(argv: Sequence[str]) -> Iterator[str]:
    if not argv:
        yield "argv: there is no program"
    elif not argv[0]:
        yield "argv.0: the program has no name"
    for index, argument in enumerate(argv):
        yield from _string(f"argv.{index}", argument)


def _image(image: str | None, task_image: str) -> Iterator[str]:
    name = task_image if image is None else image
    if not name:
        yield "image: none is named, and the runtime has none for tasks that name none"
    elif len(name) > LONGEST_IMAGE or _IMAGE.fullmatch(name) is None:
        yield f"image: {name[:LONGEST_IMAGE]!r} is no reference of an image, such as busybox:stable"


def _environment(environment: Mapping[str, str]) -> Iterator[str]:
    for name, value in environment.items():
        if not name or "=" in name or not name.isprintable() or " " in name:
            yield f"environment: {name!r} cannot name a variable"
        else:
            yield from _string(f"environment.{name}", f"{name}={value}")


def _string(where: str, text: str) -> Iterator[str]:
    if "\0" in text:
        yield f"{where}: it holds a NUL, which no program can be given"
    if (size := len(text.encode("utf-8", "surrogatepass"))) > LONGEST_STRING:
        yield f"{where}: it has {size} bytes, and a program can be given {LONGEST_STRING}"


def _files(paths: Sequence[str]) -> Iterator[str]:
    known: set[str] = set()
    for path in paths:
        if (problem := _path(path)) is not None:
            yield f"files: {path!r} {problem}"
            continue
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if (whole := "/".join(parts)) in known:
            yield f"files: {path!r} is there twice"
        elif whole != path:
            yield f"files: {path!r} is not in its shortest form, {whole!r}"
        known.add(whole)
    for path in sorted(known):
        if any("/".join(path.split("/")[:depth]) in known for depth in range(1, path.count("/") + 1)):
            yield f"files: {path!r} lies below another file"


def _path(path: str) -> str | None:
    """What is wrong with one path, by itself."""
    parts = path.split("/")
    if path.startswith("/"):
        return "is absolute; paths are below the working directory"
    if ".." in parts:
        return "leads out of the working directory"
    if "\0" in path:
        return "holds a NUL"
    if not any(part not in ("", ".") for part in parts) or parts[-1] in ("", "."):
        return "names no file"
    if len(path.encode()) > LONGEST_PATH or any(len(part.encode()) > LONGEST_NAME for part in parts):
        return "is too long"
    return None
