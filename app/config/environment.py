"""The environment: SYMBI_<SECTION>__<KEY> for every key, and the variables with a name of their own."""

from collections.abc import Mapping

from ..errors import Invalid
from .errors import SetTwice, UnknownSetting
from .known import NAMED_VARIABLES, nearest, problem_with_key, problem_with_section, variable
from .layers import Layer, Setting
from .settings import keys, sections

PREFIX = "SYMBI_"


def read_environment(environ: Mapping[str, str]) -> Layer:
    """What *environ* sets; a variable that is empty sets nothing."""
    settings: dict[str, Setting] = {}
    problems: list[Invalid] = []
    for name, text in sorted(environ.items()):
        if not name.startswith(PREFIX) or not text:
            continue
        key = NAMED_VARIABLES.get(name) or _key_of(name)
        if key is None:
            problems.extend(_problem(name, text))
        elif key in settings and settings[key].value != text:
            problems.append(SetTwice(first=settings[key].where, second=name, key=key))
        else:
            settings[key] = Setting(text, name)
    return Layer(settings, problems)


def _key_of(name: str) -> str | None:
    section, double, key = name.removeprefix(PREFIX).lower().partition("__")
    found = f"{section}.{key}"
    return found if double and found in keys() else None


def _problem(name: str, text: str) -> list[Invalid]:
    """What is wrong with a variable that sets nothing; nothing, where it looks like no key of ours."""
    section, double, key = name.removeprefix(PREFIX).lower().partition("__")
    if double:
        known = section in sections()
        return [problem_with_key(section, key, name) if known else problem_with_section(section, name)]
    # Kubernetes describes a service called `symbi-nats` to its neighbours in variables such as these.
    if text.startswith(("tcp://", "udp://")):
        return []
    meant = _meant(name)
    return (
        [UnknownSetting(where=name, key="such variable", nearest=meant, hint=f"; the nearest is {meant}.")]
        if (meant)
        else []
    )


def _meant(name: str) -> str | None:
    """The variable that *name* is most likely a slip for: other programs' variables begin with SYMBI_ too."""
    squeezed = {known.replace("_", ""): known for known in (*NAMED_VARIABLES, *map(variable, keys()))}
    found = nearest(name.replace("_", ""), squeezed, cutoff=0.9)
    return squeezed[found[0]] if found else None
