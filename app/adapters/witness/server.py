"""A witness's two HTTP calls, on the server of Python's standard library.

A witness answers a log a few times a minute, and every answer waits for a disk: a thread for each connection
is enough, and what parses HTTP is as well kept as Python. TLS, and limits for strangers, belong to a proxy in
front of it.
"""

import re
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import structlog

from ...audit.witnessing import MAX_BYTES, Answer
from ...errors import Unavailable
from ...ports.witness import Cosigns

IDLE_S = 30.0
"""A connection on which nothing comes for so long is closed."""
STOPS_WITHIN_S = 0.1
MAX_CONNECTIONS = 64
"""At once; whoever comes then waits to be accepted."""

_NEWEST = re.compile(r"/([0-9a-f]{64})/checkpoint", re.ASCII)

_log = structlog.get_logger(__name__)


class ListenUnavailable(Unavailable):
    """Nothing can listen on {host}:{port}: {reason}."""


class WitnessServer:
    """Serves one witness: `POST /add-checkpoint`, and `GET /<SHA-256 of the origin>/checkpoint`."""

    def __init__(self, witness: Cosigns, host: str, port: int) -> None:
        """Listen; port 0 is any free one.

        Raises:
            ListenUnavailable: the address cannot be had.
        """
        try:
            self._server = _Server(witness, (host, port))
        except OSError as error:
            raise ListenUnavailable(host=host, port=port, reason=error.strerror or str(error)) from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(STOPS_WITHIN_S,), name="witness", daemon=True
        )

    @property
    def url(self) -> str:
        """Where it is asked; without a slash at the end."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Accept nobody any more; what is being answered is answered, unless the process ends."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, witness: Cosigns, address: tuple[str, int]) -> None:
        self.witness = witness
        self._places = threading.BoundedSemaphore(MAX_CONNECTIONS)
        super().__init__(address, _Handler)

    def process_request(self, request: object, client_address: object) -> None:
        self._places.acquire()
        super().process_request(request, client_address)  # type: ignore[arg-type]

    def process_request_thread(self, request: object, client_address: object) -> None:
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]
        finally:
            self._places.release()

    def handle_error(self, request: object, client_address: object) -> None:
        _log.warning("a connection of the witness broke", peer=str(client_address), exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "symbi-witness", ""
    timeout = IDLE_S
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        if self.path != "/add-checkpoint":
            self._answer(Answer(404))
            return
        length = self._length()
        if isinstance(length, HTTPStatus):
            # What follows on this connection cannot be told from the body.
            self.close_connection = True
            self._answer(Answer(length, f"{length.phrase}\n".encode()))
            return
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
        else:
            self._answer(self._asked(lambda: self.server.witness.add_checkpoint(body)))

    def do_GET(self) -> None:
        match = _NEWEST.fullmatch(self.path)
        witness = self.server.witness
        self._answer(self._asked(lambda: witness.newest(match[1])) if match else Answer(404))

    def _asked(self, ask: Callable[[], Answer]) -> Answer:
        try:
            answer = ask()
        except Exception:
            # Whatever it is, no cosignature leaves; the log asks again.
            _log.exception("the witness cannot answer")
            return Answer(500, b"the witness cannot answer now\n")
        _log.info("asked", call=self.command, status=answer.status)
        return answer

    def _length(self) -> int | HTTPStatus:
        """How many bytes the body has, or why it is not read."""
        lengths = self.headers.get_all("Content-Length", [])
        if self.headers.get("Transfer-Encoding") is not None or len(lengths) != 1:
            return HTTPStatus.LENGTH_REQUIRED
        if not (lengths[0].isascii() and lengths[0].isdigit()):
            return HTTPStatus.BAD_REQUEST
        return int(lengths[0]) if int(lengths[0]) <= MAX_BYTES else HTTPStatus.REQUEST_ENTITY_TOO_LARGE

    def _answer(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:
        _log.debug("http", peer=self.client_address[0], line=format % args)
