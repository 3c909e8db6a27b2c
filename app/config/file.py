"""The TOML file: its keys, and the line that each stands on."""

import re
import tomllib
from pathlib import Path
from typing import Any

from ..errors import Invalid
from .errors import ConfigFileMissing, ConfigSyntax, InvalidValue
from .known import problem_with_key, problem_with_section
from .layers import Layer, Setting
from .settings import keys, sections

_HEADER = re.compile(r"""\s*\[\s*["']?(?P<section>[\w-]+)["']?\s*\]""")
_KEY = re.compile(r"""\s*["']?(?P<first>[\w-]+)["']?\s*(?:\.\s*["']?(?P<second>[\w-]+)["']?\s*)?=""")


def read_file(path: Path, source: str) -> Layer:
    """What the file at *path*, which *source* names, sets.

    Raises:
        ConfigFileMissing: it cannot be read.
        ConfigSyntax: it is not TOML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigFileMissing(path=path, reason=error.strerror, source=source) from None
    except UnicodeDecodeError as error:
        raise ConfigSyntax(path=path, reason=f"it is not UTF-8 ({error.reason})") from None
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigSyntax(path=path, reason=str(error)) from None
    return _layer(document, path, _lines(text))


def _layer(document: dict[str, Any], path: Path, lines: dict[str, int]) -> Layer:
    settings: dict[str, Setting] = {}
    problems: list[Invalid] = []

    def at(name: str) -> str:
        return f"{path}:{lines[name]}" if name in lines else str(path)

    for section, content in document.items():
        if section not in sections():
            problems.append(problem_with_section(section, at(section)))
        elif not isinstance(content, dict):
            reason = f"this is a section; write [{section}] and its keys below"
            problems.append(InvalidValue(where=at(section), key=section, reason=reason))
        else:
            for name, value in content.items():
                key = f"{section}.{name}"
                if key in keys():
                    settings[key] = Setting(value, at(key))
                else:
                    problems.append(problem_with_key(section, name, at(key)))
    return Layer(settings, problems)


def _lines(text: str) -> dict[str, int]:
    """Where each section and key first stands; what is written too oddly to be found has no line."""
    found: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            section = header["section"]
            found.setdefault(section, number)
        elif key := _KEY.match(line):
            name = ".".join(filter(None, (section, key["first"], key["second"])))
            found.setdefault(name, number)
            found.setdefault(name.partition(".")[0], number)
    return found
