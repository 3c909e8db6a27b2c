"""Asks a timestamp authority over HTTP (RFC 3161, 3.4)."""

import asyncio
import urllib.error
import urllib.request
from collections.abc import Sequence
from urllib.parse import urlsplit

from cryptography.x509 import Certificate
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

from ...errors import Invalid
from ...ports.timestamps import TimestampRefused, TokenRejected
from .tokens import verify_token

WITHIN_S = 30.0
MAX_TOKEN = 64 * 1024


class NotAnAuthorityUrl(Invalid):
    """{url!r} is no address of a timestamp authority: it begins with https:// or http://."""


class HttpAuthority:
    """`app.ports.timestamps.TimestampAuthority` at one address."""

    def __init__(self, name: str, url: str, roots: Sequence[Certificate], within_s: float = WITHIN_S) -> None:
        """*roots* are those under which its tokens must verify."""
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise NotAnAuthorityUrl(url=url)
        self.name = name
        self._url = url
        self._roots = roots
        self._within_s = within_s

    async def stamp(self, content: bytes) -> bytes:
        """See `TimestampAuthority.stamp`."""
        return await asyncio.to_thread(self._stamp, content)

    def _stamp(self, content: bytes) -> bytes:
        request = TimestampRequestBuilder().data(content).hash_algorithm(HashAlgorithm.SHA256).build()
        token = self._post(request.as_bytes())
        try:
            verify_token(token, content, self._roots, request)
        except TokenRejected as error:
            raise TimestampRefused(authority=self.name, reason=error.message) from None
        return token

    def _post(self, body: bytes) -> bytes:
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        question = urllib.request.Request(self._url, body, headers, method="POST")
        try:
            with urllib.request.urlopen(question, timeout=self._within_s) as reply:
                token: bytes = reply.read(MAX_TOKEN + 1)
        except (OSError, urllib.error.URLError) as error:
            raise TimestampRefused(authority=self.name, reason=error) from error
        if len(token) > MAX_TOKEN:
            raise TimestampRefused(authority=self.name, reason=f"it answers with more than {MAX_TOKEN} bytes")
        return token
