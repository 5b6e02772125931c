"""Reads a load profile from TOML and names every mistake in it with its line."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from parity.model import UserError
from parity.model.toml import nearest
from parity.paths import shipped
from parity.profiles.profile import VALUE, Ask, Operation, Profile

PROFILE_FIELDS: Final = (
    *("name", "source", "digest", "peak_rate", "typical_rate", "clients", "think_s", "hours"),
    *("latency_ms", "operations"),
)
OPERATION_FIELDS: Final = (
    *("ask", "class", "weight", "where", "order", "limit", "skip", "keys", "include"),
    *("payload_bytes", "parts", "function"),
)
OF_A_CLASS: Final = frozenset(
    {Ask.QUERY, Ask.COUNT, Ask.GET, Ask.CREATE, Ask.UPDATE, Ask.DELETE, Ask.BATCH}
)
"""Operations that concern a class, which must be named."""
QUERIES: Final = frozenset({Ask.QUERY, Ask.COUNT})

LONGEST_FILE: Final = 4 * 1024 * 1024
MOST_OPERATIONS: Final = 2000
MOST_PARTS: Final = 50
"""Requests in a batch that the hosted service took (REST guide, "Batch Operations")."""
LARGEST_PAYLOAD: Final = 64 * 1024 * 1024
_CLASS: Final = re.compile(r"_?[A-Za-z][A-Za-z0-9_]*")
_FUNCTION: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.]*")
_DEEPEST: Final = 8


def load_profile(path_or_name: str | Path) -> Profile:
    """Read a profile from a file, or a shipped one by its name.

    Args:
        path_or_name: ``loadtests/profiles/app.toml``, or ``social``.

    Returns:
        The profile.

    Raises:
        UserError: There is none, or it has mistakes; each is named with its line.
    """
    path = Path(path_or_name)
    if path.suffix != ".toml" and path.name == str(path_or_name) and not path.is_file():
        names = shipped_names()
        if str(path_or_name) not in names:
            raise UserError(
                f"there is no shipped profile {str(path_or_name)!r}, "
                f"{nearest(str(path_or_name), names)}",
                "Give one of them, or the path of a .toml file.",
                code="profile",
            )
        path = shipped("loadtests") / "profiles" / f"{path_or_name}.toml"
    return read_profile(path)


def shipped_names() -> tuple[str, ...]:
    """Return the names of the shipped profiles in alphabetical order."""
    folder = shipped("loadtests") / "profiles"
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def read_profile(path: Path) -> Profile:
    """Read and check the profile in a file; see :func:`load_profile`."""
    try:
        if path.stat().st_size > LONGEST_FILE:
            raise UserError(f"{path} is too large for a profile", "Is it a recording?")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(
            f"{path} cannot be read: {reason}",
            f"Give the path of a profile, or a shipped one: {', '.join(shipped_names())}.",
            code="profile",
        ) from error
    return parse_profile(text, str(path))


def parse_profile(text: str, source: str) -> Profile:
    """Read and check the text of a profile.

    Args:
        text: TOML.
        source: Where it comes from, for messages.

    Raises:
        UserError: Every mistake of it, each with its line.
    """
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UserError(
            f"{source} is not TOML: {error}", "Correct that line.", code="profile"
        ) from error
    return _Reader(source, text, document).profile()


class _Reader:
    """Collects every mistake of one profile before it complains."""

    def __init__(self, source: str, text: str, document: dict[str, Any]) -> None:
        self.source = source
        self.document = document
        self.lines = text.splitlines()
        self.mistakes: list[tuple[int, str]] = []

    def profile(self) -> Profile:
        top = self.document
        for key in top:
            if key not in PROFILE_FIELDS:
                self.mistake(-1, key, f"unknown field {key!r}, {nearest(key, PROFILE_FIELDS)}")
        name = self.text(top, -1, "name", needed=True)
        peak = self.number(top, -1, "peak_rate", low=0.0, needed=True)
        typical = self.number(top, -1, "typical_rate", low=0.0, default=peak)
        operations = self.operations()
        if typical > peak:
            self.mistake(-1, "typical_rate", "typical_rate is more than peak_rate")
        found = Profile(
            name=name,
            operations=operations,
            peak_rate=peak,
            typical_rate=typical,
            hours=self.numbers("hours", (0, 24)),
            think_s=self.think(),
            clients=self.whole(top, -1, "clients", default=1, low=1, high=10_000_000),
            latency_ms=self.latencies(),
            source=self.text(top, -1, "source"),
            digest=self.text(top, -1, "digest"),
        )
        if self.mistakes:
            self.complain()
        return found

    def complain(self) -> None:
        lines = [
            f"  line {line}: {text}" if line else f"  {text}"
            for line, text in sorted(set(self.mistakes))
        ]
        count = "1 mistake" if len(lines) == 1 else f"{len(lines)} mistakes"
        raise UserError(
            f"{self.source} has {count}:\n" + "\n".join(lines),
            "docs/loadtests.md describes each field.",
            code="profile",
        )

    def mistake(self, number: int, key: str, text: str) -> None:
        self.mistakes.append((self.line(number, key), text))

    def line(self, number: int, key: str) -> int:
        """Return the line of a key of one operation (-1: of the profile itself), or of its head."""
        heads = re.compile(r"\s*\[\[\s*operations\s*\]\]")
        assignment = re.compile(rf"\s*(?:\[\s*)?[\"']?{re.escape(key)}[\"']?\s*[=.\]]")
        seen, start = -1, 0
        for at, text in enumerate(self.lines, 1):
            if heads.match(text) is not None:
                seen += 1
                start = at if seen == number else start
            if (seen == number or number < 0) and assignment.match(text):
                return at
        return start

    # Fields

    def operations(self) -> tuple[Operation, ...]:
        tables = self.document.get("operations")
        if not isinstance(tables, list) or not tables:
            self.mistake(-1, "operations", "no [[operations]]: a profile is a mix of at least one")
            return ()
        if len(tables) > MOST_OPERATIONS:
            self.mistake(-1, "operations", f"more than {MOST_OPERATIONS} operations")
            return ()
        found = [self.operation(number, table) for number, table in enumerate(tables)]
        if not any(each.weight > 0 for each in found) and not self.mistakes:
            self.mistake(0, "weight", "no operation has a weight above 0")
        return tuple(found)

    def operation(self, number: int, table: Any) -> Operation:
        if not isinstance(table, dict):
            self.mistake(number, "operations", "an operation is a table: [[operations]]")
            return Operation(Ask.GET, 0.0)
        for key in table:
            if key not in OPERATION_FIELDS:
                hint = nearest(key, OPERATION_FIELDS)
                self.mistake(number, key, f"unknown field {key!r}, {hint}")
        ask = self.ask(number, table)
        where = self.where(number, table, ask)
        return Operation(
            ask=ask,
            weight=self.number(table, number, "weight", low=0.0, needed=True),
            class_name=self.class_name(number, table, ask),
            where=where,
            order=self.text(table, number, "order"),
            limit=self.limit(number, table),
            skip=self.whole(table, number, "skip", default=0, high=10_000_000),
            keys=self.names(number, table, "keys"),
            include=self.names(number, table, "include"),
            payload_bytes=self.whole(
                table, number, "payload_bytes", default=0, high=LARGEST_PAYLOAD
            ),
            parts=self.whole(table, number, "parts", default=1, low=1, high=MOST_PARTS),
            function=self.function(number, table, ask),
        )

    def ask(self, number: int, table: dict[str, Any]) -> Ask:
        value = table.get("ask")
        choices = tuple(str(each) for each in Ask)
        if value in choices:
            return Ask(value)
        if value is None:
            self.mistake(number, "ask", f"an operation has no ask: one of {', '.join(choices)}")
        else:
            hint = nearest(str(value), choices)
            self.mistake(number, "ask", f"ask = {value!r} is not known, {hint}")
        return Ask.GET

    def class_name(self, number: int, table: dict[str, Any], ask: Ask) -> str:
        value = self.text(table, number, "class")
        if ask in OF_A_CLASS and "ask" in table and not value:
            self.mistake(number, "class", f"{ask} has no class")
        elif value and not _CLASS.fullmatch(value):
            self.mistake(number, "class", f"class = {value!r} is no name of a class")
        return value

    def function(self, number: int, table: dict[str, Any], ask: Ask) -> str:
        value = self.text(table, number, "function")
        if ask is Ask.FUNCTION and not value:
            self.mistake(number, "function", "function has no name: function = …")
        elif value and not _FUNCTION.fullmatch(value):
            self.mistake(number, "function", f"function = {value!r} is no name of a function")
        return value

    def where(self, number: int, table: dict[str, Any], ask: Ask) -> Mapping[str, Any]:
        value = table.get("where", {})
        if not isinstance(value, dict):
            self.mistake(number, "where", 'where is a table: { author = "?" }')
            return {}
        if value and ask not in QUERIES:
            self.mistake(number, "where", f"{ask} has a where; only query and count have one")
        if not _is_plain(value, _DEEPEST):
            text = f'where holds what JSON cannot, or is deeper than {_DEEPEST}; write "{VALUE}"'
            self.mistake(number, "where", text)
            return {}
        return value

    def limit(self, number: int, table: dict[str, Any]) -> int | None:
        if "limit" not in table:
            return None
        return self.whole(table, number, "limit", default=100, high=100_000)

    def names(self, number: int, table: dict[str, Any], key: str) -> tuple[str, ...]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            self.mistake(number, key, f"{key} is a list of names in quotes")
            return ()
        return tuple(value)

    def think(self) -> tuple[float, float, float]:
        value = self.numbers("think_s", (0, 3))
        if not value:
            return (1.0, 3.0, 10.0)
        if list(value) != sorted(value):
            self.mistake(-1, "think_s", "think_s does not grow: 25th, 50th and 75th percentile")
        return (value[0], value[1], value[2])

    def numbers(self, key: str, sizes: tuple[int, int]) -> tuple[float, ...]:
        value = self.document.get(key, [])
        good = isinstance(value, list) and len(value) in sizes and all(map(_is_rate, value))
        if not good:
            self.mistake(-1, key, f"{key} is a list of {sizes[1]} numbers from 0")
            return ()
        return tuple(float(each) for each in value)

    def latencies(self) -> dict[str, float]:
        value = self.document.get("latency_ms", {})
        if not isinstance(value, dict):
            self.mistake(-1, "latency_ms", "[latency_ms] is a table of milliseconds by operation")
            return {}
        choices = tuple(str(each) for each in Ask)
        for key, each in value.items():
            if key not in choices:
                self.mistake(-1, key, f"unknown operation {key!r}, {nearest(key, choices)}")
            elif not _is_rate(each):
                self.mistake(-1, key, f"{key} = {each!r} is no number of milliseconds")
        return {str(key): float(each) for key, each in value.items() if _is_rate(each)}

    def text(self, table: dict[str, Any], number: int, key: str, *, needed: bool = False) -> str:
        value: object = table.get(key, "")
        if not isinstance(value, str):
            self.mistake(number, key, f"{key} is text in quotes")
            return ""
        if needed and not value:
            self.mistake(number, key, f"there is no {key}")
        return value

    def number(
        self,
        table: dict[str, Any],
        number: int,
        key: str,
        *,
        low: float,
        default: float = 0.0,
        needed: bool = False,
    ) -> float:
        if key not in table:
            if needed:
                self.mistake(number, key, f"there is no {key}")
            return default
        value = table[key]
        if not _is_rate(value) or value < low:
            self.mistake(number, key, f"{key} = {value!r} is no number from {low:g}")
            return default
        return float(value)

    def whole(
        self,
        table: dict[str, Any],
        number: int,
        key: str,
        *,
        default: int,
        low: int = 0,
        high: int,
    ) -> int:
        value = table.get(key, default)
        if type(value) is not int or not low <= value <= high:
            text = f"{key} = {value!r} is no whole number from {low} to {high}"
            self.mistake(number, key, text)
            return default
        return value


def _is_rate(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and value >= 0


def _is_plain(value: Any, deep: int) -> bool:
    if isinstance(value, dict):
        return deep > 0 and all(_is_plain(each, deep - 1) for each in value.values())
    if isinstance(value, list):
        return deep > 0 and all(_is_plain(each, deep - 1) for each in value)
    return isinstance(value, str | bool | int) or (
        isinstance(value, float) and math.isfinite(value)
    )
