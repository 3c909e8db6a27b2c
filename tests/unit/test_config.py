"""Where settings come from, and what is said about those that are wrong."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from app.config import (
    ConfigFileMissing,
    ConfigSyntax,
    InvalidValue,
    SettingNotYet,
    Settings,
    SeveralProblems,
    UnknownSetting,
    load,
)
from app.config.environment import PREFIX
from app.config.known import NAMED_VARIABLES, variable
from app.config.masking import masked
from app.config.settings import keys
from app.errors import Invalid
from app.policy.roles import node_principal


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "symbi.toml"


def given(text: str, file: Path, environ: Mapping[str, str] | None = None, **options: object) -> Settings:
    file.write_text(text)
    return load(
        config=file, environ=environ or {}, options={k.replace("__", "."): v for k, v in options.items()}
    )


def sources(settings: Settings) -> dict[str, str]:
    return {key: source for key, _, source in settings.explain()}


def test_the_defaults_hold_where_nobody_says_otherwise(tmp_path: Path) -> None:
    settings = load(data_dir=tmp_path, environ={})

    assert settings.runtime.max_concurrent_agents == 10_000
    assert settings.audit_storage == tmp_path / "audit"
    assert settings.config_path is None
    assert sources(settings)["nats.port"] == "default"
    assert sources(settings)["worker.cpu_cores"] == "the machine"


def test_an_option_goes_before_the_environment_and_that_before_the_file(file: Path) -> None:
    text = '[nats]\nport = 1001\nreplicas = 3\n[runtime]\nlog_level = "error"\nmode = "development"\n'
    environ = {"SYMBI_LOG_LEVEL": "warning", "SYMBI_NATS__PORT": "1002"}

    settings = given(text, file, environ, nats__port=1003)

    assert (settings.nats.port, settings.nats.replicas) == (1003, 3)
    assert (settings.runtime.log_level, settings.runtime.mode) == ("warning", "development")
    assert sources(settings)["nats.port"] == "--nats-port"
    assert sources(settings)["nats.replicas"] == f"{file}:3"
    assert sources(settings)["runtime.log_level"] == "SYMBI_LOG_LEVEL"
    assert sources(settings)["runtime.mode"] == f"{file}:6"


def test_the_file_is_found_in_the_data_directory(file: Path) -> None:
    file.write_text('[worker]\nnode = "n-7"\n')

    settings = load(environ={"SYMBI_DATA_DIR": str(file.parent)})

    assert settings.worker.node == "n-7"
    assert settings.config_path == file
    assert sources(settings)["data_dir"] == "SYMBI_DATA_DIR"
    assert sources(settings)["config_path"] == "the data directory"


def test_the_file_that_the_environment_names_goes_before_the_data_directorys(file: Path) -> None:
    file.write_text("[nats]\nport = 1\n")
    other = file.with_name("other.toml")
    other.write_text("[nats]\nport = 2\n")

    environ = {"SYMBI_CONFIG_PATH": str(other), "SYMBI_DATA_DIR": str(file.parent)}

    assert load(environ=environ).nats.port == 2
    assert load(environ=environ, config=file).nats.port == 1


@pytest.mark.parametrize("key", keys())
def test_every_key_can_be_set_by_its_variable_and_says_so(key: str, tmp_path: Path) -> None:
    settings = load(data_dir=tmp_path, environ={})
    before = {row.key: row.value for row in settings.explain()}[key]
    text = str(before) or {"docker_host": "unix:///run/docker.sock"}.get(
        key.split(".")[1], f"{key.split('.')[0]}://h"
    )
    text = text.replace("postgres://", "postgresql://")

    settings = load(data_dir=tmp_path, environ={variable(key): text})

    row = {row.key: row for row in settings.explain()}[key]
    assert str(row.value) == text
    assert row.source == variable(key)


def test_every_named_variable_sets_a_key() -> None:
    assert set(NAMED_VARIABLES.values()) <= {*keys(), "data_dir", "config_path"}


def test_an_unknown_key_is_refused_with_file_line_and_the_nearest(file: Path) -> None:
    with pytest.raises(UnknownSetting) as refusal:
        given("# mine\n[runtime]\nmax_concurent_agents = 5\n", file)

    assert refusal.value.facts["nearest"] == "runtime.max_concurrent_agents"
    assert str(refusal.value) == (
        f"{file}:3: there is no key runtime.max_concurent_agents; "
        "the nearest is runtime.max_concurrent_agents."
    )


def test_a_key_in_the_wrong_section_is_sent_to_its_own(file: Path) -> None:
    with pytest.raises(UnknownSetting) as refusal:
        given("[security]\nmode = 'development'\n", file)

    assert refusal.value.facts["nearest"] == "runtime.mode"


def test_an_unknown_section_is_refused_with_the_nearest(file: Path) -> None:
    with pytest.raises(
        UnknownSetting, match=r"symbi\.toml:1: there is no section \[postgress\].*\[postgres\]"
    ):
        given("[postgress]\nurl = ''\n", file)


def test_a_key_without_its_section_is_told_where_it_belongs(file: Path) -> None:
    with pytest.raises(UnknownSetting, match=r"nearest is runtime\.log_level"):
        given("log_level = 'info'\n", file)
    with pytest.raises(UnknownSetting, match="SYMBI_DATA_DIR"):
        given("data_dir = '/x'\n", file)


def test_a_section_that_is_no_table_is_refused(file: Path) -> None:
    with pytest.raises(InvalidValue, match=r"symbi\.toml:2: nats: this is a section"):
        given("\nnats = 4222\n", file)


@pytest.mark.parametrize("text", ["[security]\ndefault_sandbox_tier = 'gvisor'", "[mcp]\nx = 1"])
def test_a_key_of_a_later_version_is_called_that(text: str, file: Path) -> None:
    with pytest.raises(SettingNotYet, match="not in this version"):
        given(text, file)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("SYMBI_NATS__PROT", "nats.port"),
        ("SYMBI_NATZ__PORT", "[nats]"),
        ("SYMBI_NATS_PORT", "SYMBI_NATS__PORT"),
        ("SYMBI_LOGLEVEL", "SYMBI_LOG_LEVEL"),
        ("SYMBI_DATADIR", "SYMBI_DATA_DIR"),
    ],
)
def test_an_unknown_variable_that_looks_like_a_key_is_refused(name: str, meant: str) -> None:
    with pytest.raises(UnknownSetting) as refusal:
        load(environ={name: "1"})

    assert refusal.value.facts["nearest"] == meant
    assert str(refusal.value).startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SYMBI_REQUIRE", "all"),
        ("SYMBI_TEST_NATS_IMAGE", "nats:2"),
        ("SYMBI_NATS_PORT", "tcp://10.0.0.1:4222"),
        ("SYMBI_NATS_SERVICE_PORT", "4222"),
        ("SYMBI_LOG_LEVEL", ""),
    ],
)
def test_other_variables_with_our_prefix_are_let_be(name: str, text: str, tmp_path: Path) -> None:
    assert name.startswith(PREFIX)
    assert load(data_dir=tmp_path, environ={name: text}) == load(data_dir=tmp_path, environ={})


def test_a_key_set_by_two_variables_to_different_values_is_refused() -> None:
    both = {"SYMBI_LOG_LEVEL": "info", "SYMBI_RUNTIME__LOG_LEVEL": "debug"}
    with pytest.raises(Invalid, match=r"both set runtime\.log_level"):
        load(environ=both)
    assert load(environ=dict.fromkeys(both, "debug")).runtime.log_level == "debug"


def test_all_problems_are_named_at_once(file: Path) -> None:
    text = '[nats]\nport = 70000\nurl = "http://x"\n[runtime]\nmode = "test"\nagents = 3\n'
    with pytest.raises(SeveralProblems) as refusal:
        given(text, file, {"SYMBI_SECURITY__CRYPTO_PROVIDER": "ring"})

    assert len(refusal.value.facts["problems"]) == 5  # type: ignore[arg-type]
    message = str(refusal.value)
    assert f"{file}:2: nats.port: Input should be less than or equal to 65535 (given 70000)" in message
    assert f"{file}:3: nats.url: this is not a URL that begins with nats://" in message
    assert f"{file}:5: runtime.mode: Input should be 'production' or 'development' (given test)" in message
    assert f"{file}:6: there is no key runtime.agents" in message
    assert "SYMBI_SECURITY__CRYPTO_PROVIDER: security.crypto_provider: there is no crypto provider" in message


def test_what_is_not_toml_is_refused_with_its_line(file: Path) -> None:
    with pytest.raises(ConfigSyntax, match=r"line 2"):
        given("[nats]\nport 1\n", file)


def test_a_file_that_is_named_must_be_there(file: Path) -> None:
    with pytest.raises(ConfigFileMissing, match="SYMBI_CONFIG_PATH names it"):
        load(environ={"SYMBI_CONFIG_PATH": str(file)})


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[nats]\n\nport=1", 3),
        ("nats.port = 1", 1),
        ('[ "nats" ]\n"port" = 1', 2),
        ("nats = {port = 1}", None),
    ],
)
def test_a_value_is_traced_to_its_line(text: str, line: int | None, file: Path) -> None:
    expected = f"{file}:{line}" if line else str(file)
    assert sources(given(text, file))["nats.port"] == expected


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://symbi:s3cr3t@db:5432/symbi", "postgresql://symbi:***@db:5432/symbi"),
        ("postgresql+asyncpg://u:p%40w@h/d?ssl=on", "postgresql+asyncpg://u:***@h/d?ssl=on"),
        ("postgresql://h/d?user=u&password=pw", "postgresql://h/d?user=u&password=***"),
        ("nats://a:b@h1,nats://token@h2", "nats://a:***@h1,nats://***@h2"),
        ("nats://h:4222", "nats://h:4222"),
    ],
)
def test_passwords_in_urls_are_masked(url: str, shown: str) -> None:
    assert masked(url) == shown


def test_a_password_appears_neither_in_the_explanation_nor_in_an_error(tmp_path: Path) -> None:
    settings = load(data_dir=tmp_path, options={"postgres.url": "postgresql://u:s3cr3t@h/d"}, environ={})
    assert "s3cr3t" not in str(settings.explain())
    with pytest.raises(InvalidValue) as refusal:
        load(options={"postgres.url": "mysql://u:s3cr3t@h/d"}, environ={})
    assert "s3cr3t" not in str(refusal.value)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load(environ={}).nats.port = 5  # type: ignore[misc]


def test_a_nodes_id_leaves_room_for_its_workers_name() -> None:
    longest = "n" * 57
    assert load(options={"worker.node": longest}, environ={}).worker.node == longest
    assert len(node_principal(longest)) == 64
    with pytest.raises(InvalidValue, match=r"worker\.node"):
        load(options={"worker.node": longest + "n"}, environ={})
