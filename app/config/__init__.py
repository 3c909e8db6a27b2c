"""What the operator chose: defaults < one TOML file < the environment < command-line options."""

from .errors import ConfigFileMissing, ConfigSyntax, InvalidValue, KeyNotYet, SeveralProblems, UnknownKey
from .load import load
from .settings import Explained, Settings

__all__ = [
    "ConfigFileMissing",
    "ConfigSyntax",
    "Explained",
    "InvalidValue",
    "KeyNotYet",
    "Settings",
    "SeveralProblems",
    "UnknownKey",
    "load",
]
