"""Probes of file uploads: who may, and what."""

from __future__ import annotations

from typing import Final

from parity.jobs.settings.probing import NotSeen, Probing, Seen, code_of, must_answer, told
from parity.targets import ParseClient, Reply
from parity.wire.errors import ErrorCode

_HARMLESS: Final = (
    ("txt", "text/plain", b"a probe of parse-parity"),
    ("png", "image/png", b"\x89PNG\r\n\x1a\n"),
    ("pdf", "application/pdf", b"%PDF-1.4\n"),
)
_REFUSED: Final = (ErrorCode.FILE_SAVE_ERROR, ErrorCode.OPERATION_FORBIDDEN)


def by_nobody(p: Probing) -> Seen:
    """Upload without a session (REST guide, Files, Uploading Files)."""
    return _upload_by(p, p.nobody, "without a log-in")


def by_anonymous_user(p: Probing) -> Seen:
    """Upload with the session of an anonymous user."""
    return _upload_by(p, _anonymous(p), "by an anonymous user")


def by_user(p: Probing) -> Seen:
    """Upload with the session of a user who signed up with a password."""
    return _upload_by(p, p.as_user(p.alice), "by a user")


def html(p: Probing) -> Seen:
    """Upload HTML as whoever may upload at all."""
    clients = (p.as_user(p.alice), p.nobody)
    uploader = next((client for client in clients if _harmless(p, client).ok), None)
    if uploader is None:
        raise NotSeen("no client may upload any file")
    page = b"<!doctype html><title>a probe of parse-parity</title>"
    reply = _upload(p, uploader, "html", "text/html", page)
    if reply.ok:
        return Seen(True, "an upload of HTML is accepted")
    if code_of(reply) in _REFUSED:
        return Seen(False, f"an upload of HTML answers {told(reply)}")
    raise NotSeen(f"an upload of HTML answers {told(reply)}")


def _upload_by(p: Probing, client: ParseClient, who: str) -> Seen:
    reply = _harmless(p, client)
    if reply.ok:
        return Seen(True, f"an upload {who} is accepted")
    if code_of(reply) not in _REFUSED or _is_about_extension(reply):
        raise NotSeen(f"an upload {who} answers {told(reply)}")
    return Seen(False, f"an upload {who} answers {told(reply)}")


def _harmless(p: Probing, client: ParseClient) -> Reply:
    """Upload a small file; another kind if the server does not take the first."""
    reply = None
    for extension, content_type, content in _HARMLESS:
        reply = _upload(p, client, extension, content_type, content)
        if not _is_about_extension(reply):
            break
    assert reply is not None
    return reply


def _upload(
    p: Probing, client: ParseClient, extension: str, content_type: str, content: bytes
) -> Reply:
    name = f"{p.namespace.prefix}probe.{extension}"
    return must_answer(client.upload(name, content, content_type))


def _is_about_extension(reply: Reply) -> bool:
    """Tell whether an upload was refused for its kind, not for who sent it.

    Source: parse-server ``src/Routers/FilesRouter.js``: "File upload of extension x is disabled."
    """
    return reply.error is not None and "of extension" in reply.error.message


def _anonymous(p: Probing) -> ParseClient:
    if not p.anonymous.ok:
        raise NotSeen("there are no anonymous users")
    token = p.anonymous.json.get("sessionToken")
    if not token:
        raise NotSeen("an anonymous sign-up gives no session")
    return p.nobody.as_user(token)
