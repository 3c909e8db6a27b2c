"""What the operator chose: defaults < one TOML file < the environment < command-line options."""

from .errors import (
    ConfigFileMissing,
    ConfigSyntax,
    InvalidValue,
    SettingNotYet,
    SeveralProblems,
    UnknownSetting,
)
from .load import load
from .settings import Explained, Settings

__all__ = [
    "ConfigFileMissing",
    "ConfigSyntax",
    "Explained",
    "InvalidValue",
    "SettingNotYet",
    "Settings",
    "SeveralProblems",
    "UnknownSetting",
    "load",
]
