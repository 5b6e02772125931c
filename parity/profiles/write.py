"""Writes a load profile as TOML that people read and change."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from parity.profiles.profile import Operation, Profile

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def profile_toml(profile: Profile, comments: Iterable[str] = ()) -> str:
    """Return a profile as TOML; :func:`parity.profiles.read.parse_profile` reads it.

    Args:
        profile: The profile.
        comments: Lines to put at the top, for people.
    """
    lines = [f"# {comment}".rstrip() for comment in comments]
    lines += ["", *_top(profile)] if lines else [*_top(profile)]
    if profile.latency_ms:
        lines += ["", "[latency_ms]  # 95th percentile, as recorded"]
        lines += [
            f"{_key(name)} = {_value(milliseconds)}"
            for name, milliseconds in profile.latency_ms.items()
        ]
    for operation in profile.operations:
        lines += ["", "[[operations]]", *_operation(operation)]
    return "\n".join(lines) + "\n"


def _top(profile: Profile) -> Iterator[str]:
    yield f"name = {_value(profile.name)}"
    if profile.source:
        yield f"source = {_value(profile.source)}"
    if profile.digest:
        yield f"digest = {_value(profile.digest)}"
    yield f"peak_rate = {_value(profile.peak_rate)}  # requests a second in the busiest minute"
    yield f"typical_rate = {_value(profile.typical_rate)}  # in the median minute with traffic"
    yield f"clients = {profile.clients}  # at the same time, in the busiest minute"
    think = _value(list(profile.think_s))
    yield f"think_s = {think}  # seconds between two requests of a client: 25 %, 50 %, 75 %"
    if profile.hours:
        yield f"hours = {_value(list(profile.hours))}  # requests a second by hour of the day, UTC"


def _operation(operation: Operation) -> Iterator[str]:
    yield f"ask = {_value(str(operation.ask))}"
    fields: tuple[tuple[str, Any, Any], ...] = (
        ("class", operation.class_name, ""),
        ("weight", operation.weight, None),
        ("where", operation.where, {}),
        ("order", operation.order, ""),
        ("limit", operation.limit, None),
        ("skip", operation.skip, 0),
        ("keys", list(operation.keys), []),
        ("include", list(operation.include), []),
        ("payload_bytes", operation.payload_bytes, 0),
        ("parts", operation.parts, 1),
        ("function", operation.function, ""),
    )
    for name, value, default in fields:
        if value != default:
            yield f"{name} = {_value(value)}"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        inner = ", ".join(
            f"{_key(str(key))} = {_value(inner_value)}" for key, inner_value in value.items()
        )
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, float):
        text = repr(value)
        return text if "." in text or "e" in text else text + ".0"
    if isinstance(value, str):
        # A JSON string is a TOML string, except that TOML wants DEL escaped as well.
        return json.dumps(value).replace("\x7f", "\\u007f") if _whole(value) else _escaped(value)
    return json.dumps(value)


def _whole(text: str) -> bool:
    return all(ord(char) < 0x10000 for char in text)


def _escaped(text: str) -> str:
    # JSON writes characters beyond 16 bits as two escapes, which TOML refuses.
    return '"' + "".join(json.dumps(c)[1:-1] if ord(c) < 0x10000 else c for c in text) + '"'


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _value(name)
