"""Puts the layers together and checks the whole: every problem at once, each with where it stands."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..errors import Invalid
from .environment import read_environment
from .errors import InvalidValue, SeveralProblems
from .file import read_file
from .layers import Layer, Setting
from .masking import masked
from .settings import DEFAULT_DATA_DIR, Settings

FILE_NAME = "symbi.toml"


def load(
    *,
    data_dir: Path | str | None = None,
    config: Path | str | None = None,
    options: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """The settings that hold: *options* before *environ* (the process's by default) before the file.

    *options* are keys as a file has them (`{"nats.url": "nats://…"}`); None means not given. The file is
    *config*, else what SYMBI_CONFIG_PATH names, else `symbi.toml` in the data directory where there is one.

    Raises:
        Invalid: something is unknown, malformed or unreadable; the message names every problem.
    """
    environment = read_environment(os.environ if environ is None else environ)
    given = {"data_dir": data_dir, "config_path": config, **(options or {})}
    line = Layer({key: Setting(value, option(key)) for key, value in given.items() if value is not None}, [])
    chosen = {**environment.settings, **line.settings}
    layers = [_file(chosen), environment, line]
    problems = [problem for layer in layers for problem in layer.problems]
    settings = {key: setting for layer in layers for key, setting in layer.settings.items()}
    try:
        built = Settings.model_validate(_nested(settings))
    except ValidationError as error:
        problems += [
            _invalid(item, settings) for item in error.errors(include_url=False, include_input=False)
        ]
    if problems:
        raise SeveralProblems.of(problems)
    built._sources = {key: setting.where for key, setting in settings.items()}
    return built


def option(key: str) -> str:
    """How the command line calls a key: `--nats-url`."""
    return "--config" if key == "config_path" else "--" + key.replace(".", "-").replace("_", "-")


def _file(chosen: Mapping[str, Setting]) -> Layer:
    """The file's layer, and which file it was."""
    named = chosen.get("config_path")
    if named is not None:
        path, where = Path(named.value).expanduser(), named.where
    else:
        data_dir = chosen["data_dir"].value if "data_dir" in chosen else DEFAULT_DATA_DIR
        path, where = Path(data_dir).expanduser() / FILE_NAME, "the data directory"
        if not path.exists():
            return Layer({}, [])
    layer = read_file(path.absolute(), where)
    return Layer({**layer.settings, "config_path": Setting(path.absolute(), where)}, layer.problems)


def _nested(settings: Mapping[str, Setting]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for key, setting in settings.items():
        section, _, name = key.rpartition(".")
        (document.setdefault(section, {}) if section else document)[name] = setting.value
    return document


def _invalid(item: Any, settings: Mapping[str, Setting]) -> Invalid:
    key = ".".join(str(part) for part in item["loc"][:2])
    setting = settings.get(key)
    reason = item["msg"].removeprefix("Value error, ")
    if setting is None:
        return InvalidValue(where="the defaults", key=key, reason=reason)
    given = masked(str(setting.value))[:80]
    return InvalidValue(where=setting.where, key=key, reason=f"{reason} (given {given})")
