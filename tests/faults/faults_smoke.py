"""Servers that are wrong at the first look: keys, addresses, browsers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.faults.faults_objects import created, reads
from tests.faults.messages import Request, Response, answer
from tests.faults.model import Catalogue, State

smoke = Catalogue("smoke")


def _refuse_key(name: str, header: str) -> None:
    def request(request: Request, _: State) -> Request | Response:
        has_key = bool(request.header(header))
        return answer(403, {"error": "unauthorized"}) if has_key else request

    smoke.add(f"{name}-key-refused", f"A right {name} key is refused.", request=request)


for _name, _header in {
    "rest": "X-Parse-REST-API-Key",
    "client": "X-Parse-Client-Key",
    "javascript": "X-Parse-Javascript-Key",
    "dotnet": "X-Parse-Windows-Key",
    "master": "X-Parse-Master-Key",
}.items():
    _refuse_key(_name, _header)


@smoke.on_reply
def post_is_200(request: Request, response: Response, _: State) -> Response:
    """The guide's POST is answered 200."""
    return response.with_status(200) if created(request, response) else response


@smoke.on_reply
def get_is_empty(request: Request, response: Response, _: State) -> Response:
    """The guide's GET does not find what was just written: a stale read."""
    return response.with_rows([]) if reads(request) and response.rows else response


@smoke.on_reply
def score_is_text(request: Request, response: Response, _: State) -> Response:
    """The guide's score is a text."""

    def spell(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "score": str(row["score"])} if "score" in row else row

    return response.each_object(spell) if reads(request) else response


@smoke.on_reply
def post_without_created_at(request: Request, response: Response, _: State) -> Response:
    """The guide's POST is answered without createdAt."""
    return response.without("createdAt") if created(request, response) else response


@smoke.on_request
def config_missing(request: Request, _: State) -> Request | Response:
    """There is no config."""
    is_meant = request.route == "config" and request.verb == "GET"
    return answer(404, {"error": "unauthorized"}) if is_meant else request


@smoke.on_request
def health_missing(request: Request, _: State) -> Request | Response:
    """The server says that it is not well."""
    return answer(503, {"status": "error"}) if request.route == "health" else request


@smoke.on_reply
def unknown_endpoint_is_200(request: Request, response: Response, _: State) -> Response:
    """An address that does not exist answers 200 and nothing."""
    head = request.route.partition("/")[0]
    is_unknown = response.status == 404 and head not in ("classes", "users", "sessions", "files")
    return answer(200, {}) if is_unknown else response


@smoke.on_reply
def no_preflight(request: Request, response: Response, _: State) -> Response:
    """A browser that asks first is refused: OPTIONS has no CORS headers."""
    if request.method != "OPTIONS":
        return response
    headers = tuple(h for h in response.headers if not h[0].lower().startswith("access-control"))
    return Response(404, headers, b"")


@smoke.on_reply
def no_cors(_: Request, response: Response, state: State) -> Response:
    """No reply has CORS headers, so browsers may not read it."""
    headers = tuple(h for h in response.headers if not h[0].lower().startswith("access-control"))
    return response if headers == response.headers else replace(response, headers=headers)


@smoke.on_reply
def json_is_html(_: Request, response: Response, state: State) -> Response:
    """JSON is announced as HTML."""
    if not response.header("Content-Type").startswith("application/json"):
        return response
    return response.with_headers(Content_Type="text/html; charset=utf-8")
