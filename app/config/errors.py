"""What can be wrong with a configuration, and where."""

from collections.abc import Sequence

from ..errors import Invalid


class ConfigFileMissing(Invalid):
    """There is no readable configuration file at {path} ({reason}); {source} names it."""


class ConfigSyntax(Invalid):
    """{path} is not TOML: {reason}"""


class UnknownSetting(Invalid):
    """{where}: there is no {key}{hint}"""


class SettingNotYet(Invalid):
    """{where}: {key} is not in this version of symbi; remove it."""


class InvalidValue(Invalid):
    """{where}: {key}: {reason}"""


class SetTwice(Invalid):
    """{first} and {second} both set {key}, to different values; keep one."""


class SeveralProblems(Invalid):
    """The configuration has {count} problems:
    {listed}"""

    @classmethod
    def of(cls, problems: Sequence[Invalid]) -> Invalid:
        """All of *problems* as one error; the problem itself where there is one."""
        if len(problems) == 1:
            return problems[0]
        listed = "\n".join(f"  {problem.message}" for problem in problems)
        message = f"The configuration has {len(problems)} problems:\n{listed}"
        return cls(message, problems=[problem.message for problem in problems])
