"""A small website beside an API, which can be made wrong in one thing at a time."""

from __future__ import annotations

import asyncio
import base64
import secrets
import ssl
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Self

import requests
from aiohttp import web

PNG = bytes.fromhex("89504e470d0a1a0a") + bytes(range(256))
Fault = Callable[[web.Request, web.Response], web.Response | None]
"""Changes an answer; ``None`` leaves it."""
PATHS = (
    "/", "/about", "/style.css", "/app.js", "/logo.png", "/api.json", "/old-page", "/away",
    "/login", "/private", "/nothing-here",
)  # fmt: skip


class Website:
    """A context manager that serves on a free loopback port, in a thread of its own.

    Args:
        fault: What it gets wrong.
        name: Name of the host in its URLs; both lead to this machine.
        tls: What it is served with over https; ``None`` for plain HTTP.
    """

    def __init__(
        self,
        fault: Fault | None = None,
        name: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.tls = tls
        self.fault, self.name = fault, name
        self.asked: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.port = 0
        self.let_go = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Scheme and host."""
        return f"{'http' if self.tls is None else 'https'}://{self.name}:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(20)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)
        self._loop.close()

    def stop(self) -> None:
        """Close the port."""

        async def close() -> None:
            self.let_go.set()
            if self._runner is not None:
                await self._runner.cleanup()

        asyncio.run_coroutine_threadsafe(close(), self._loop).result(20)

    async def _open(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self.tls).start()
        self.port = self._runner.addresses[0][1]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.method, request.raw_path))
        self.headers.append(dict(request.headers))
        right = self._right(request)
        answer = right if self.fault is None else self.fault(request, right) or right
        if answer.headers.get("X-Hang"):
            await self.let_go.wait()
        return answer

    def _right(self, request: web.Request) -> web.Response:
        path = request.path
        made: dict[str, Callable[[], web.Response]] = {
            "/": lambda: _html(self._home()),
            "/about": lambda: _html("<h1>About us</h1>\n<p>Since 2012 in Zürich.</p>\n"),
            "/style.css": lambda: _typed(b"body{background:url(/logo.png)}", "text/css"),
            "/app.js": lambda: _typed(
                f'Parse.serverURL = "{self.url}/parse";\n'.encode(), "application/javascript"
            ),
            "/logo.png": lambda: _typed(PNG, "image/png"),
            "/api.json": lambda: web.json_response({"scores": [1, 2], "home": self.url + "/"}),
            "/old-page": lambda: _redirect(301, "/about"),
            "/away": lambda: _redirect(302, "https://example.org/shop"),
            "/login": self._login,
            "/private": lambda: _html("<p>only you</p>", {"Cache-Control": "private"}),
            "/account": lambda: (
                _html("<p>your account</p>") if request.cookies else _redirect(302, "/login")
            ),
            "/lottery": lambda: _html(
                f"<h1>Lottery</h1><p>fine print</p><b>{secrets.token_hex(8)}</b><p>good luck</p>"
            ),
            "/parse/classes/Post": lambda: web.json_response({"results": []}),
        }
        answer = made.get(path)
        return answer() if answer else _html("<h1>Not found</h1>", status=404)

    def _home(self) -> str:
        now = datetime.now(UTC)
        return (
            "<!doctype html>\n<html><head>\n"
            f'<meta name="csrf-token" content="{secrets.token_urlsafe(24)}">\n'
            f'<link rel="canonical" href="{self.url}/">\n'
            f'<script nonce="{secrets.token_urlsafe(16)}">'
            f'var made = "{now.isoformat()}";</script>\n'
            f"</head><body><p>Made {now:%a, %d %b %Y %H:%M:%S} GMT</p>\n"
            f'<a href="{self.url}/about">About</a> <a href="/login">Log in</a>\n'
            f'<form><input type="hidden" name="_csrf" value="{secrets.token_urlsafe(24)}"></form>\n'
            "<p>24 users online</p></body></html>\n"
        )

    def _login(self) -> web.Response:
        answer = _html("<form method=post>user, password</form>")
        answer.set_cookie("parse.session", secrets.token_hex(16), httponly=True, path="/")
        return answer


def har_of(site: Website, paths: tuple[str, ...] = PATHS, **headers: str) -> dict[str, Any]:
    """Browse the site as a visitor, and return what a browser would save.

    Args:
        site: The site.
        paths: What is visited.
        headers: Request headers beside the usual, such as ``Cookie``.
    """
    entries = []
    with requests.Session() as session:
        session.trust_env = False
        for path in paths:
            at = datetime.now(UTC).isoformat()
            started = time.perf_counter()
            answer = session.get(
                site.url + path, allow_redirects=False, cookies={}, headers=headers, timeout=20
            )
            session.cookies.clear()
            elapsed = (time.perf_counter() - started) * 1000
            entries.append(_entry(answer, at, elapsed))
    return {"log": {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": entries}}


def _entry(answer: requests.Response, at: str, elapsed: float) -> dict[str, Any]:
    pairs = [{"name": n, "value": v} for n, v in answer.headers.items()]
    sent = [{"name": n, "value": str(v)} for n, v in answer.request.headers.items()]
    return {
        "startedDateTime": at,
        "time": elapsed,
        "request": {"method": "GET", "url": answer.url, "headers": sent},
        "response": {
            "status": answer.status_code,
            "headers": pairs,
            "content": {
                "size": len(answer.content),
                "mimeType": answer.headers.get("Content-Type", ""),
                "text": base64.b64encode(answer.content).decode(),
                "encoding": "base64",
            },
        },
    }


def _html(text: str, headers: dict[str, str] | None = None, status: int = 200) -> web.Response:
    return web.Response(
        text=text, content_type="text/html", charset="utf-8", status=status, headers=headers
    )


def _typed(body: bytes, content_type: str) -> web.Response:
    return web.Response(body=body, headers={"Content-Type": content_type})


def _redirect(status: int, location: str) -> web.Response:
    return web.Response(status=status, headers={"Location": location})
