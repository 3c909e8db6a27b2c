"""The way to a witness over HTTP, kept open between one checkpoint and the next."""

import asyncio
import http.client
import threading
from urllib.parse import urlsplit

from ...errors import Invalid
from ...ports.witness import Reply, WitnessSilent

WITHIN_S = 10.0
MAX_REPLY = 64 * 1024


class NotAWitnessUrl(Invalid):
    """{url!r} is no address of a witness: it begins with https:// or http://, and names a host."""


class HttpWitness:
    """`app.ports.witness.WitnessLine` to one address, the submission prefix of c2sp.org/tlog-witness."""

    def __init__(self, url: str, within_s: float = WITHIN_S) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise NotAWitnessUrl(url=url)
        self.url = url
        self._path = f"{parts.path.rstrip('/')}/add-checkpoint"
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=within_s)
        self._lock = threading.Lock()

    async def add_checkpoint(self, body: bytes) -> Reply:
        """See `WitnessLine.add_checkpoint`; one question at a time."""
        return await asyncio.to_thread(self._ask, body)

    def close(self) -> None:
        """Hang up."""
        with self._lock:
            self._connection.close()

    def _ask(self, body: bytes) -> Reply:
        with self._lock:
            fresh = self._connection.sock is None
            try:
                return self._once(body)
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                if fresh:
                    raise WitnessSilent(url=self.url, reason=error or type(error).__name__) from error
            # The witness had closed the connection in between. To ask twice is to be told the same twice.
            try:
                return self._once(body)
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                raise WitnessSilent(url=self.url, reason=error or type(error).__name__) from error

    def _once(self, body: bytes) -> Reply:
        self._connection.request("POST", self._path, body, {"Content-Type": "text/plain; charset=utf-8"})
        response = self._connection.getresponse()
        content = response.read(MAX_REPLY + 1)
        if len(content) > MAX_REPLY:
            self._connection.close()
            raise http.client.HTTPException(f"it answers with more than {MAX_REPLY} bytes")
        return Reply(response.status, response.headers.get_content_type(), content)
