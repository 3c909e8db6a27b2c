"""Addresses without their secrets."""

import re

_LOGIN = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)(?P<login>[^/?#\s]*)@", re.IGNORECASE)
_PARAMETER = re.compile(r"(?P<name>[?&](?:password|sslpassword|token|secret)=)[^&#\s,]*", re.IGNORECASE)


def masked(text: str) -> str:
    """*text* with the password of every URL in it replaced by `***`; a login without one is a token."""
    return _PARAMETER.sub(r"\g<name>***", _LOGIN.sub(_hide, text))


def _hide(match: re.Match[str]) -> str:
    user, colon, _ = match["login"].partition(":")
    return f"{match['scheme']}{user}:***@" if colon else f"{match['scheme']}***@"
