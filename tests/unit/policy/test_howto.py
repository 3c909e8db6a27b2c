"""What docs/howto/policies.md shows is valid and decides as it says."""

from pathlib import Path

from app.dsl.source import Source
from app.policy.bundle.compiling import compile_bundle
from app.policy.interpreter import Interpreter
from app.policy.review import cases
from tests.support.snippets import snippets

SHOWN = snippets(Path(__file__).parents[3] / "docs" / "howto" / "policies.md")


def test_everything_that_it_shows_is_one_valid_bundle_whose_cases_pass() -> None:
    files = [Source(name, text) for name, text in SHOWN.items()]
    bundle = compile_bundle([one for one in files if not one.name.endswith(cases.SUFFIXES)], name="shown")
    assert bundle.name == "desk"
    assert {"desk.mail", "analysts.read", "health", "agents.max_memory_mb", "all"} <= bundle.by_id.keys()
    assert "clerk.figures.5" in bundle.by_id
    (tests,) = (one for one in files if one.name.endswith(cases.SUFFIXES))
    ((found, document),) = cases.read(tests)[0]
    for result in cases.run(found, document, bundle, Interpreter()):
        assert result.passed, result.failures
