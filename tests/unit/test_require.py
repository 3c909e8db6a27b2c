"""A skip for want of a service is a failure exactly where it is asked to be."""

import pytest

# The inner runs need none of the other plugins.
ALONE = ("-p", "no:cacheprovider", "-p", "no:asyncio", "-p", "no:hypothesispytest", "-p", "no:timeout")
PLUGIN = 'pytest_plugins = ["tests.support.require"]'
LACKING = """
    import pytest
    from tests.support.require import skip_or_fail

    def test_needs_docker():
        skip_or_fail("no engine")

    def test_needs_shared_data():
        skip_or_fail("no data", needs="data")

    def test_skips_by_itself():
        pytest.skip("no reason to require")

    @pytest.mark.xfail(reason="known")
    def test_known_to_fail():
        raise AssertionError
"""


@pytest.fixture
def integration(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest(PLUGIN)
    pytester.mkdir("integration").joinpath("test_lacking.py").write_text(_dedent(LACKING))
    return pytester


def _dedent(source: str) -> str:
    return "\n".join(line.removeprefix("    ") for line in source.splitlines())


@pytest.mark.parametrize(
    ("require", "failed", "skipped"),
    [("", 0, 3), ("docker", 1, 2), ("embedded, docker", 1, 2), ("data", 0, 3), ("all", 2, 1)],
)
def test_require_decides_which_skips_fail(
    integration: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, require: str, failed: int, skipped: int
) -> None:
    monkeypatch.setenv("SYMBI_REQUIRE", require)
    result = integration.runpytest(*ALONE)
    result.assert_outcomes(failed=failed, skipped=skipped, xfailed=1)


def test_a_module_that_skips_itself_fails_where_services_are_required(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYMBI_REQUIRE", "all")
    pytester.makeconftest(PLUGIN)
    body = "import pytest\npytest.skip('not here', allow_module_level=True)\n"
    pytester.mkdir("fault").joinpath("test_absent.py").write_text(body)
    result = pytester.runpytest(*ALONE)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*SYMBI_REQUIRE=all forbids a skip: *not here*"])


def test_skips_outside_the_service_tests_stay_skips(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYMBI_REQUIRE", "all")
    pytester.makeconftest(PLUGIN)
    pytester.mkdir("unit").joinpath("test_other.py").write_text(
        "import pytest\n\ndef test_other():\n    pytest.skip('another platform')\n"
    )
    pytester.runpytest(*ALONE).assert_outcomes(skipped=1)


@pytest.mark.parametrize("socket", ["absent", "silent"])
def test_a_test_marked_docker_names_the_missing_engine(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, socket: str
) -> None:
    monkeypatch.delenv("SYMBI_REQUIRE", raising=False)
    pytester.path.joinpath("silent").touch()
    monkeypatch.setenv("DOCKER_HOST", f"unix://{pytester.path}/{socket}")
    pytester.makeconftest(PLUGIN)
    pytester.makeini("[pytest]\nmarkers = docker: needs an engine\nfilterwarnings = error")
    pytester.makepyfile("import pytest\n\n@pytest.mark.docker\ndef test_it():\n    pass\n")
    result = pytester.runpytest_subprocess("-ra", *ALONE)
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*no Docker engine answers*"])
