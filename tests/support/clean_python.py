"""A Python that has one wheel, what the wheel says it needs, and nothing else of ours."""

import subprocess
import sys
import venv
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path
from zipfile import ZipFile

from packaging.requirements import Requirement


@dataclass(frozen=True)
class CleanPython:
    """An environment of its own; nothing is downloaded, what is needed is borrowed from this one."""

    directory: Path

    @property
    def executable(self) -> Path:
        return self.directory / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        [found] = self.directory.glob("lib/python*/site-packages")
        return found

    def run(self, *arguments: str, timeout: float = 60) -> str:
        """What `python <arguments>` prints, run in isolation (`-I`) and away from this repository."""
        done = subprocess.run(
            [self.executable, "-I", "-W", "error", *arguments],
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def build_wheel(project: Path, into: Path) -> Path:
    """Build *project*'s wheel with what is installed here."""
    _python("-m", "build", "--wheel", "--no-isolation", "--outdir", into, project)
    [wheel] = into.glob("*.whl")
    return wheel


def clean_python(directory: Path, wheel: Path, extras: Collection[str] = ()) -> CleanPython:
    """An environment with *wheel* installed by pip, and its requirements linked from this environment."""
    venv.create(directory, with_pip=False, symlinks=True)
    python = CleanPython(directory)
    for needed in _closure(_requirements(wheel), extras):
        _link(needed, python.site_packages)
    pip = ("-m", "pip", "--disable-pip-version-check", "--python", python.executable)
    _python(*pip, "install", "--quiet", "--no-index", "--no-deps", wheel)
    return python


def _python(*arguments: str | Path) -> None:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def _requirements(wheel: Path) -> list[str]:
    with ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        lines = archive.read(name).decode().splitlines()
    return [line.removeprefix("Requires-Dist: ") for line in lines if line.startswith("Requires-Dist: ")]


def _closure(requirements: Collection[str], extras: Collection[str]) -> list[Distribution]:
    """Everything that these requirements lead to, as installed here."""
    waiting, found = list(_wanted(requirements, extras)), {}
    while waiting:
        requirement = waiting.pop()
        key = (requirement.name, frozenset(requirement.extras))
        if key not in found:
            found[key] = distribution(requirement.name)
            assert requirement.specifier.contains(found[key].version, prereleases=True), requirement
            waiting.extend(_wanted(found[key].requires or [], requirement.extras))
    return list({one.name: one for one in found.values()}.values())


def _wanted(requirements: Collection[str], extras: Collection[str]) -> Iterator[Requirement]:
    for requirement in map(Requirement, requirements):
        markers = [{"extra": extra} for extra in ("", *extras)]
        if requirement.marker is None or any(requirement.marker.evaluate(marker) for marker in markers):
            yield requirement


def _link(needed: Distribution, into: Path) -> None:
    """Link what *needed* has installed below site-packages; a folder that several share is shared again."""
    for top in {file.parts[0] for file in needed.files or [] if file.parts[0] not in ("..", "__pycache__")}:
        link, target = into / top, Path(str(needed.locate_file(top)))
        if not link.exists():
            link.symlink_to(target)
