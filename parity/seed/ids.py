"""Ids, tokens and names of a seed, worked out from a number, so that none has to be remembered."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from bson import ObjectId

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_PAIRS: Final = [a + b for a in _ALPHABET for b in _ALPHABET]
_BASE: Final = len(_PAIRS)
_SPACE: Final = _BASE**5
# Coprime to 62 ** 10 (2 and 31 do not divide it), so that no two numbers share an id.
_STEP: Final = 0x9E37_79B9_7F4A_7C15 % _SPACE | 1


def object_ids(seed: int, class_name: str) -> Callable[[int], str]:
    """Return what gives the object id of the n-th object of a class: 10 letters and digits."""
    assert _STEP % 31  # else two objects would share an id
    start = int.from_bytes(digest(seed, class_name, 0), "big") % _SPACE
    pairs, base = _PAIRS, _BASE

    def identity(number: int) -> str:
        rest = (start + number * _STEP) % _SPACE
        rest, a = divmod(rest, base)
        rest, b = divmod(rest, base)
        rest, c = divmod(rest, base)
        d, e = divmod(rest, base)
        return pairs[d] + pairs[e] + pairs[c] + pairs[b] + pairs[a]

    return identity


def digest(seed: int, what: str, number: int) -> bytes:
    """Return 16 bytes that depend on all three."""
    text = f"{seed}/{what}/{number}".encode()
    return hashlib.blake2b(text, digest_size=16).digest()


def token(seed: int, what: str, number: int) -> str:
    """Return 32 hexadecimal digits."""
    return digest(seed, what, number).hex()


def uuid(seed: int, what: str, number: int) -> str:
    """Return a UUID in lower case."""
    text = token(seed, what, number)
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def letters(seed: int, what: str, number: int) -> str:
    """Return 25 letters and digits, as the hosted service's tokens have them."""
    rest = int.from_bytes(hashlib.blake2b(digest(seed, what, number)).digest(), "big")
    found = []
    for _ in range(25):
        rest, each = divmod(rest, len(_ALPHABET))
        found.append(_ALPHABET[each])
    return "".join(found)


def bson_id(seed: int, what: str, number: int) -> ObjectId:
    """Return an ObjectId, for rows that no client ever names."""
    return ObjectId(digest(seed, what, number)[:12])
