"""Wrong servers whose files are wrong: uploads, downloads, names, file pointers."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

from tests.faults.faults_objects import in_fields, reads
from tests.faults.messages import Request, Response, answer
from tests.faults.model import Catalogue, State

files = Catalogue("files")


def uploads(request: Request) -> bool:
    """Return whether a request uploads a file."""
    return request.verb == "POST" and request.route.startswith("files/")


def downloads(request: Request) -> bool:
    """Return whether a request reads a file."""
    return request.verb in ("GET", "HEAD") and request.route.startswith("files/")


def deletes(request: Request) -> bool:
    """Return whether a request deletes a file."""
    return request.verb == "DELETE" and request.route.startswith("files/")


@files.on_reply
def upload_is_200(request: Request, response: Response, _: State) -> Response:
    """An upload is answered 200."""
    return response.with_status(200) if uploads(request) and response.ok else response


@files.on_reply
def upload_without_location(request: Request, response: Response, _: State) -> Response:
    """The reply to an upload has no Location."""
    is_meant = uploads(request) and response.ok
    return response.with_headers(Location=None) if is_meant else response


@files.on_reply
def upload_without_url(request: Request, response: Response, _: State) -> Response:
    """The reply to an upload does not say the file's URL."""
    return response.without("url") if uploads(request) and response.ok else response


@files.on_reply
def upload_name_is_not_unique(request: Request, response: Response, _: State) -> Response:
    """A file has just the name that was asked for."""
    if not (uploads(request) and response.ok and "name" in response.members):
        return response
    return response.with_members(name=request.route.removeprefix("files/"))


@files.on_request
def names_lose_their_extension(request: Request, _: State) -> Request | Response:
    """A file's name loses its extension."""
    is_meant = uploads(request) and "." in request.route
    return request.with_route(request.route.rpartition(".")[0]) if is_meant else request


@files.on_reply
def download_is_truncated(request: Request, response: Response, _: State) -> Response:
    """A download ends 1 byte early."""
    is_meant = downloads(request) and response.ok and response.body
    return replace(response, body=response.body[:-1]) if is_meant else response


@files.on_reply
def large_download_is_truncated(request: Request, response: Response, _: State) -> Response:
    """A download ends after 64 KiB."""
    is_meant = downloads(request) and len(response.body) > 65536
    return replace(response, body=response.body[:65536]) if is_meant else response


@files.on_request
def bytes_become_text(request: Request, _: State) -> Request | Response:
    """An upload is stored as text: bytes that are no UTF-8 are replaced."""
    if not uploads(request):
        return request
    return replace(request, body=request.body.decode("utf-8", "replace").encode())


@files.on_request
def line_ends_become_unix(request: Request, _: State) -> Request | Response:
    """CR LF in a file becomes LF."""
    is_meant = uploads(request) and b"\r\n" in request.body
    return replace(request, body=request.body.replace(b"\r\n", b"\n")) if is_meant else request


@files.on_reply
def download_of_another_type(request: Request, response: Response, _: State) -> Response:
    """Every download is application/octet-stream."""
    if not (downloads(request) and response.ok):
        return response
    return response.with_headers(Content_Type="application/octet-stream")


@files.on_request
def download_needs_keys(request: Request, _: State) -> Request | Response:
    """A file can only be read with the app's keys."""
    is_bare = downloads(request) and not request.header("X-Parse-Application-Id")
    return answer(403, {"error": "unauthorized"}) if is_bare else request


@files.on_reply
def missing_file_is_empty(request: Request, response: Response, _: State) -> Response:
    """A file that does not exist is served as an empty one."""
    is_missing = downloads(request) and response.status == 404
    return Response(200, (("Content-Type", "text/plain"),), b"") if is_missing else response


@files.on_reply
def empty_file_accepted(request: Request, response: Response, _: State) -> Response:
    """An empty file is accepted."""
    is_empty = uploads(request) and not request.body and response.code == 130
    if not is_empty:
        return response
    return answer(201, {"name": "a.txt", "url": "http://127.0.0.1/files/a.txt"})


@files.on_request
def delete_file_dropped(request: Request, _: State) -> Request | Response:
    """Deleting a file is acknowledged and dropped."""
    return answer(200, {}) if deletes(request) and request.is_master else request


@files.on_request
def anybody_may_delete_files(request: Request, state: State) -> Request | Response:
    """A file can be deleted without the master key."""
    return request.as_master(state.master_key) if deletes(request) else request


@files.on_reply
def file_without_url(request: Request, response: Response, _: State) -> Response:
    """A file in an object has no URL."""

    def forget(value: Any) -> Any:
        is_file = isinstance(value, dict) and value.get("__type") == "File"
        return {k: v for k, v in value.items() if k != "url"} if is_file else value

    return in_fields(response, forget) if reads(request) else response


@files.on_reply
def file_url_of_another_file(request: Request, response: Response, _: State) -> Response:
    """The URL of a file in an object leads nowhere."""

    def misdirect(value: Any) -> Any:
        is_file = isinstance(value, dict) and value.get("__type") == "File" and "url" in value
        return {**value, "url": value["url"] + "x"} if is_file else value

    return in_fields(response, misdirect) if reads(request) else response


@files.on_reply
def file_is_its_name(request: Request, response: Response, _: State) -> Response:
    """A file in an object comes back as its name."""

    def flatten(value: Any) -> Any:
        is_file = isinstance(value, dict) and value.get("__type") == "File"
        return value.get("name") if is_file else value

    return in_fields(response, flatten) if reads(request) else response


@files.on_request
def base64_is_not_decoded(request: Request, _: State) -> Request | Response:
    """A file that the JavaScript SDK uploads as base64 is stored as it came."""
    text = request.members.get("base64")
    if not uploads(request) or not isinstance(text, str):
        return request
    kept = {k: v for k, v in request.members.items() if k[:1] == "_"}
    again = base64.b64encode(text.encode()).decode()
    return request.with_json({**kept, "base64": again})


@files.on_reply
def bad_file_name_accepted(request: Request, response: Response, _: State) -> Response:
    """A file name that is not valid is accepted."""
    if not (uploads(request) and response.code == 122):
        return response
    return answer(201, {"name": "a.txt", "url": "http://127.0.0.1/files/a.txt"})


@files.on_reply
def file_errors_have_another_code(request: Request, response: Response, _: State) -> Response:
    """What is wrong with a file is reported as code 1."""
    is_meant = request.route.startswith("files") and response.code is not None
    return response.with_members(code=1) if is_meant else response
