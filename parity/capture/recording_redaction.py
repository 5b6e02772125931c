"""Redacts exchanges at the point of writing.

What is replaced, and by what, is :mod:`parity.wire.redaction`; here is where to look in an
exchange, and a memory of what came before: clients send the same headers again and again.
"""

from __future__ import annotations

import json
import math
import os
import re
import secrets
from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeVar

from parity.capture.exchanges import (
    Headers,
    RecordedExchange,
    RecordedResponse,
    RecordingHeader,
)
from parity.model import UserError
from parity.wire import Redactor

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

MIN_KEY_BYTES: Final = 16
_REMEMBERED = 4096
_SHORT = 512
"""What is longer is not remembered, so that the memory stays small."""
_SURROGATES = re.compile("[\ud800-\udfff]")
_LITERAL = "parity-number-"
_LITERALS = re.compile(rf'"{_LITERAL}([0-9a-f]+)"')
_TEXTUAL = re.compile(r"\s*(?:text/|application/(?:json|x-www-form-urlencoded|javascript|xml))")


def pseudonym_key(reference: str | None) -> bytes:
    """Read the key.

    Args:
        reference: ``env:NAME`` or ``file:PATH``; ``None`` for a random key, so that stand-ins of
            two recordings have nothing to do with each other.

    Raises:
        UserError: It refers to nothing, or the key is too short.
    """
    if reference is None:
        return secrets.token_bytes(32)
    kind, _, name = reference.partition(":")
    try:
        value = _read(kind, name)
    except (KeyError, OSError):
        # Not repeated: somebody may have put the secret itself there.
        raise UserError(
            "--pseudonym-key refers to nothing that can be read",
            "Write env:NAME of a variable that is set, or file:PATH of a file.",
            code="pseudonym-key",
        ) from None
    if len(value) < MIN_KEY_BYTES:
        raise UserError(
            f"the pseudonym key has fewer than {MIN_KEY_BYTES} bytes",
            "Make one with: openssl rand -hex 32",
            code="pseudonym-key",
        )
    return value


def _read(kind: str, name: str) -> bytes:
    if kind == "env":
        return os.environ[name].encode().strip()
    if kind == "file":
        return Path(name).expanduser().read_bytes().strip()
    raise KeyError(kind)


class ExchangeRedactor:
    """Redacts exchanges with one :class:`parity.wire.Redactor`."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._short_header = _remembering(self._header)
        self._short_url = _remembering(redactor.url)
        self._short_body = _remembering(self._text_body)

    def header(self, header: RecordingHeader) -> RecordingHeader:
        """Return the header of a recording, redacted and saying so."""
        text = self._redactor.text
        return replace(
            header,
            base_url=self._redactor.url(header.base_url),
            source=text(header.source),
            facts={text(name): text(value) for name, value in header.facts.items()},
            redacted=True,
        )

    def exchange(self, exchange: RecordedExchange) -> RecordedExchange:
        """Return the exchange with everything in it redacted."""
        request, response = exchange.request, exchange.response
        text = self._redactor.text
        return replace(
            exchange,
            id=text(exchange.id),
            lane=text(exchange.lane),
            origin=text(exchange.origin),
            notes=tuple(text(note) for note in exchange.notes),
            request=replace(
                request,
                url=self._url(request.url),
                headers=self._headers(request.headers),
                body=self._body(request.body, request.headers),
            ),
            response=None
            if response is None
            else RecordedResponse(
                response.status,
                self._headers(response.headers),
                self._body(response.body, response.headers),
            ),
        )

    def _headers(self, headers: Headers) -> Headers:
        return tuple(
            [
                self._short_header(header) if len(header[1]) <= _SHORT else self._header(header)
                for header in headers
            ]
        )

    def _url(self, url: str) -> str:
        return self._short_url(url) if len(url) <= _SHORT else self._redactor.url(url)

    def _header(self, header: tuple[str, str]) -> tuple[str, str]:
        name, value = header
        if name.lower() == "location":
            return name, self._redactor.url(value)
        return next(iter(self._redactor.headers({name: value}).items()))

    def _body(self, body: bytes, headers: Headers) -> bytes:
        try:
            body.decode()
        except UnicodeDecodeError:
            return self._other_body(body, headers)
        return self._short_body(body) if len(body) <= _SHORT else self._text_body(body)

    def _other_body(self, body: bytes, headers: Headers) -> bytes:
        # Text in another encoding is redacted; an image would be damaged, and is the user's own.
        kind = next((value for name, value in headers if name.lower() == "content-type"), "")
        if not _TEXTUAL.match(kind.lower()) and not body.lstrip().startswith((b"{", b"[")):
            return body
        return self._redactor.text(body.decode("latin-1")).encode("latin-1", "replace")

    def _text_body(self, body: bytes) -> bytes:
        return _encoded(self._redacted_json(body.decode()))

    def _redacted_json(self, text: str) -> str:
        # Numbers that a float cannot hold would become Infinity, which is no JSON.
        kept: list[str] = []
        stripped = text.strip()
        if stripped.startswith(("{", "[")):
            try:
                value = json.loads(
                    stripped,
                    parse_float=lambda literal: _float(literal, kept),
                    parse_int=lambda literal: _integer(literal, kept),
                )
            except (ValueError, RecursionError):
                kept = []
            if kept and (redacted := self._redactor.json(value)) != value:
                return _LITERALS.sub(
                    lambda match: bytes.fromhex(match[1]).decode(), _dumped(redacted)
                )
        return self._redactor.text(text)


def _remembering(function: Callable[[Key], Value]) -> Callable[[Key], Value]:
    return lru_cache(maxsize=_REMEMBERED)(function)


def _float(literal: str, kept: list[str]) -> Any:
    value = float(literal)
    return value if math.isfinite(value) else _kept(literal, kept)


def _integer(literal: str, kept: list[str]) -> Any:
    return int(literal) if len(literal) <= 300 else _kept(literal, kept)


def _kept(literal: str, kept: list[str]) -> str:
    kept.append(literal)
    return _LITERAL + literal.encode().hex()


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        # Half a surrogate pair, which JSON can say as an escape only.
        return _SURROGATES.sub(lambda match: f"\\u{ord(match[0]):04x}", text).encode()
