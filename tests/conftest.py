"""What every test run has: the rules for skips, the containers, and the images that `make images` chose."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

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


@pytest.fixture(autouse=True)
def _logging_of_its_own() -> Iterator[None]:
    """A command line that a test ran has set up logging to streams that are closed by now."""
    yield
    structlog.reset_defaults()
