"""`app`, `events` and `projections` are common names; ours must be the only ones here."""

from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["app", "events", "projections"])
def test_no_other_distribution_claims_this_name(name: str) -> None:
    claimed_by = set(packages_distributions().get(name, ()))
    assert claimed_by <= {"symbi"}, f"uninstall {claimed_by - {'symbi'}}: it installs a package {name!r} too"


@pytest.mark.parametrize("name", ["app", "events", "projections"])
def test_the_name_is_ours(name: str) -> None:
    spec = find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin) == ROOT / name / "__init__.py"
