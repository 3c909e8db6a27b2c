"""What every test run has: the rules for skips, the containers, and the images that `make images` chose."""

import os
from pathlib import Path

pytest_plugins = [
    "tests.support.require",
    "tests.support.containers",
    "tests.support.hypothesis_profiles",
    "pytester",
]

_chosen_images = Path(__file__).parent.parent / ".images.env"


def pytest_configure() -> None:
    """What the environment names goes before what `make images` chose."""
    if _chosen_images.exists():
        for line in _chosen_images.read_text().splitlines():
            name, _, image = line.partition("=")
            os.environ.setdefault(name, image)
