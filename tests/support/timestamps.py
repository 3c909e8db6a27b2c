"""A timestamp authority for tests: `openssl ts`, behind HTTP on this machine."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from tests.support.require import skip_or_fail

_CONFIG = """
[tsa1]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
ordering = no
ess_cert_id_chain = no
"""


@dataclass
class Authority:
    """One that signs whatever it is asked to."""

    folder: Path

    @property
    def root(self) -> bytes:
        """Its root certificate, PEM."""
        return (self.folder / "root.pem").read_bytes()

    @classmethod
    def make(cls, folder: Path, purpose: str = "critical,timeStamping") -> "Authority":
        """EC P-256, a root and a leaf for that *purpose*. Skips the test where there is no openssl."""
        if shutil.which("openssl") is None:
            skip_or_fail("there is no openssl on this machine", "openssl")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tsa.cnf").write_text(_CONFIG.format(folder=folder))
        (folder / "serial").write_text("01\n")
        (folder / "ext").write_text(f"extendedKeyUsage={purpose}\n")
        for name in ("root", "tsa"):
            _openssl(folder, "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out", f"{name}.key")
        _openssl(folder, "req -x509 -new -key root.key -subj /CN=root -days 3650 -out root.pem")
        _openssl(folder, "req -new -key tsa.key -subj /CN=tsa -out tsa.csr")
        sign = "x509 -req -in tsa.csr -CA root.pem -CAkey root.key -CAcreateserial -days 3650"
        _openssl(folder, f"{sign} -extfile ext -out tsa.pem")
        return cls(folder)

    def reply(self, query: bytes) -> bytes:
        """Its answer to a TimeStampReq in DER."""
        (self.folder / "q.tsq").write_bytes(query)
        _openssl(self.folder, "ts -reply -config tsa.cnf -section tsa1 -queryfile q.tsq -out r.tsr")
        return (self.folder / "r.tsr").read_bytes()

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Its address."""
        reply = self.reply

        class Answering(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                answer = reply(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None: ...

        with HTTPServer(("127.0.0.1", 0), Answering) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_address[1]}/"
            finally:
                server.shutdown()
                thread.join()


def _openssl(folder: Path, *arguments: str) -> None:
    words = " ".join(arguments).split()
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, timeout=30)
