"""A server with just enough Parse for the harness, which misbehaves on request.

It stands in for servers that no real Parse Server can be made into: one that answers HTML, one
that never answers, one that dies between two requests.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from parity.model import Keys, Secret, Style, Target, Writes

REST_KEY = "planted-rest-key-5f0c"
MASTER_KEY = "planted-master-key-77aa"
APP_ID = "planted-app-id-31d2"

Answer = tuple[int, dict[str, str], bytes]
Behaviour = Callable[[str, str], Answer | None]


class FakeParse:
    """A context manager that serves on a free loopback port.

    Attributes:
        requests: Method and path of everything that was asked.
        misbehave: Called with method and path below the mount; returns an answer of its own
            instead of the real one, or ``None``.
        version: What ``serverInfo`` says.
    """

    def __init__(self) -> None:
        self.requests: list[tuple[str, str]] = []
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.misbehave: Behaviour = lambda method, path: None
        self.version = "9.10.0"
        self.hung = threading.Event()
        self._rows: dict[str, dict[str, dict[str, Any]]] = {}
        self._lock = threading.Lock()
        self._counter = 0
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.hung.set()
        self.stop()

    def stop(self) -> None:
        """Close the port: the server is down from now on."""
        self._server.shutdown()
        self._server.server_close()

    def die(self) -> None:
        """Go down in the middle of a request, as a killed process does."""
        threading.Thread(target=self.stop, daemon=True).start()
        raise ConnectionAbortedError

    @property
    def url(self) -> str:
        """Base URL with the mount."""
        return f"http://127.0.0.1:{self._server.server_port}/parse"

    def target(self, **changes: Any) -> Target:
        """Return the server as a target."""
        settings: dict[str, Any] = {
            "name": "fake",
            "style": Style.PARSE_SERVER,
            "url": self.url,
            "app_id": Secret(APP_ID, "FAKE_APP_ID"),
            "keys": Keys(
                rest_key=Secret(REST_KEY, "FAKE_REST_KEY"),
                master_key=Secret(MASTER_KEY, "FAKE_MASTER_KEY"),
            ),
            "writes": Writes.DISPOSABLE,
            "timeout_s": 5.0,
        }
        return Target(**{**settings, **changes})

    def answer(self, method: str, path: str, query: dict[str, str], body: bytes) -> Answer:
        """Answer one request as a Parse Server would."""
        head, _, rest = path.partition("/")
        if head == "config":
            return _json(200, {"params": {}})
        if head == "serverInfo":
            return _json(200, {"parseServerVersion": self.version, "features": {}})
        if head == "functions":
            return _json(400, {"code": 141, "error": f'Invalid function: "{rest}"'})
        if head == "schemas" and method == "GET":
            return _json(200, {"results": [{"className": name} for name in self._rows]})
        if head == "schemas" and method == "DELETE":
            self._rows.pop(rest, None)
            return _json(200, {})
        if head == "users" and method == "POST":
            made = {"objectId": "user000001", "createdAt": "2026-01-01T00:00:00.000Z"}
            return _json(201, {**made, "sessionToken": f"r:{'0' * 32}"})
        if head == "files":
            return _json(201, {"name": f"{'0' * 32}_{rest}", "url": f"{self.url}/files/x"})
        if head == "classes":
            return self._class(method, rest, query, body)
        return _json(200, {})

    def _class(self, method: str, rest: str, query: dict[str, str], body: bytes) -> Answer:
        name, _, object_id = rest.partition("/")
        with self._lock:
            rows = self._rows.setdefault(name, {})
            if method == "POST":
                self._counter += 1
                made = {
                    "objectId": f"id{self._counter:08d}",
                    "createdAt": "2026-01-01T00:00:00.000Z",
                }
                row = {**json.loads(body), **made, "updatedAt": made["createdAt"]}
                rows[made["objectId"]] = row
                return _json(201, made)
            if not object_id:
                return _json(200, {"results": list(rows.values())})
            if object_id not in rows:
                return _json(404, {"code": 101, "error": "Object not found."})
            if method == "DELETE":
                del rows[object_id]
                return _json(200, {})
            return _json(200, rows[object_id])


def html(status: int = 200) -> Answer:
    """Return what a web server says when Parse is not where it was looked for."""
    return status, {"Content-Type": "text/html"}, b"<html><body>Welcome to nginx!</body></html>"


def _json(status: int, value: Any) -> Answer:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return status, headers, json.dumps(value).encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about connections that broke on purpose."""


def _handler(fake: FakeParse) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body are two writes: the second would wait 40 ms for the first.
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            path = parts.path.removeprefix("/parse/")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fake.requests.append((self.command, path))
            fake.bodies.append(body)
            fake.headers.append(dict(self.headers))
            query = {name: each[0] for name, each in parse_qs(parts.query).items()}
            answer = fake.misbehave(self.command, path)
            status, headers, content = answer or fake.answer(self.command, path, query, body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = _serve  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    return Handler
