"""Keyed stand-ins for personal data: equal values stay equal, and formats stay valid.

Every stand-in can be told from a real value (a keyed tag, an address in ``.example``, the
unassigned calling code 999), so that redacting twice changes nothing.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from parity.wire.ids import TokenFormat, is_installation_id, token_format

_HEX: Final = "0123456789abcdef"
_ALPHANUMERIC: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DIGITS: Final = "0123456789"
_HEX_64 = re.compile(r"[0-9A-Fa-f]{64}")
_EMAIL = re.compile(r"[^@\s]+@(?:[\w-]+\.)+[^\W\d_]{2,}")
_EMAIL_STAND_IN = re.compile(r"[0-9a-f]{20}@redacted\.example")
_PHONE = re.compile(r"\+\d(?:[ ().-]{0,2}\d){6,14}")
_PHONE_STAND_IN = re.compile(r"\+999\d{12}")
_OPAQUE = "redacted-"
_MIN_KEY = 16


class Pseudonyms:
    """Makes stand-ins with BLAKE2b under one key.

    Args:
        key: At least 16 secret bytes. Who has it can test guesses; nobody else can.

    Raises:
        ValueError: The key is too short.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < _MIN_KEY:
            raise ValueError(f"the key needs at least {_MIN_KEY} bytes, not {len(key)}")
        self._key = key if len(key) <= 64 else hashlib.blake2b(key).digest()

    def of(self, value: str) -> str:
        """Return the stand-in for ``value``.

        A session token gives one of the same format, a UUID a UUID, 64 hexadecimal digits (an
        iOS device token) the same, an e-mail address and an international phone number their
        like; anything else gives ``redacted-…``. The empty string and stand-ins stay.
        """
        token = token_format(value)
        if token is TokenFormat.LEGACY:
            return self._tagged(value, _ALPHANUMERIC, 17, 8)
        if token is not None:
            hosted = token is TokenFormat.HOSTED
            shape = (_ALPHANUMERIC, 17, 8) if hosted else (_HEX, 20, 12)
            return "r:" + self._tagged(value.removeprefix("r:"), *shape)
        if is_installation_id(value):
            digits = self._tagged(value.replace("-", ""), _HEX, 20, 12)
            return "-".join(digits[a:b] for a, b in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32)))
        if _HEX_64.fullmatch(value):
            return self._tagged(value, _HEX, 44, 20)
        if _PHONE.fullmatch(value):
            return self.phone(value)
        if _EMAIL.fullmatch(value):
            if _EMAIL_STAND_IN.fullmatch(value):
                return value
            return self._digest("email", value, _HEX, 20) + "@redacted.example"
        return self._opaque(value) if value else value

    def phone(self, value: str) -> str:
        """Return the stand-in for a phone number in any notation: ``+999`` and 12 digits."""
        if not value or _PHONE_STAND_IN.fullmatch(value):
            return value
        return "+999" + self._digest("phone", value, _DIGITS, 12)

    def number(self, value: float) -> int:
        """Return the stand-in for a number: 15 digits, exact in JSON, beginning with 999."""
        text = str(value)
        body = text.removeprefix("999") if len(text) == 15 and text.startswith("999") else text
        return int("999" + self._tagged(body, _DIGITS, 8, 4))

    def _opaque(self, value: str) -> str:
        return _OPAQUE + self._tagged(value.removeprefix(_OPAQUE), _HEX, 20, 12)

    def _tagged(self, value: str, alphabet: str, length: int, tag_length: int) -> str:
        body, tag = value[:length], value[length:]
        if len(tag) == tag_length and tag == self._digest("tag", body, alphabet, tag_length):
            return value
        body = self._digest("body", value, alphabet, length)
        return body + self._digest("tag", body, alphabet, tag_length)

    def _digest(self, purpose: str, value: str, alphabet: str, length: int) -> str:
        data = value.encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(data, key=self._key, person=purpose.encode()).digest()
        number = int.from_bytes(digest, "big")
        characters = []
        for _ in range(length):
            number, index = divmod(number, len(alphabet))
            characters.append(alphabet[index])
        return "".join(characters)
