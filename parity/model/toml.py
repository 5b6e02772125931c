"""One reader for TOML: text into a dataclass, or everything that is wrong with it, by line."""

from __future__ import annotations

import bisect
import datetime as dt
import difflib
import json
import re
import tomllib
import types
import typing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from parity.model.errors import UserError
from parity.model.formats import Format, Place, Problem

T = TypeVar("T")
MOST_BYTES: Final = 1_000_000
"""Of a file that a person wrote; what is longer is something else."""
_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_STRING: Final = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|' + r"'''.*?'{3,5}|" + r'"(?:\\.|[^"\\])*"|' + r"'[^']*'",
    re.DOTALL,
)
_PLAIN: Final = re.compile(r"[^,\]}#\n]+")


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong with a file.

    Attributes:
        line: Its line, from 1; 0 if it has none.
        text: What is wrong, with the name of the place.
    """

    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}" if self.line else self.text


class WrongToml(ValueError):
    """A file is not what it should be; the message has one line for each thing.

    Args:
        found: Everything that is wrong, in the order of the file.
    """

    def __init__(self, found: Iterable[Wrong]) -> None:
        self.found = tuple(sorted(set(found), key=lambda wrong: (wrong.line, wrong.text)))
        super().__init__("\n".join(map(str, self.found)))


class Document:
    """A TOML file, and where each of its keys stands.

    Args:
        text: The file.

    Attributes:
        text: The file.
        value: The tables; dates and times are text, as in JSON.

    Raises:
        WrongToml: It is no TOML.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            # tomllib reads endings of Windows as it should; the lines below are counted by \n.
            self.value: dict[str, Any] = _plain(tomllib.loads(text))
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise WrongToml([_not_toml(error)]) from None
        self._lines = dict(_Places(text).all())

    def line(self, place: Place) -> int:
        """Return the line of a key, from 1; of what it is in, if it is not there; else 0."""
        while place and place not in self._lines:
            place = place[:-1]
        return self._lines.get(place, 0)

    def read(self, form: Format[T], value: Any = None) -> T:
        """Return what the file, or a value made of it, stands for.

        Args:
            form: How to read it.
            value: Made of :attr:`value`, with the same places; by default that itself.

        Raises:
            WrongToml: Everything that does not fit.
        """
        read, found = form.problems(self.value if value is None else value)
        if found:
            raise WrongToml(
                Wrong(self.line(problem.place), problem.said() + _hint(problem, form.kind))
                for problem in found
            )
        return typing.cast("T", read)


def open_toml(file: Path, remedy: str, code: str, *, most: int = MOST_BYTES) -> Document:
    """Read a TOML file that a person wrote.

    Args:
        file: Where it is; a byte order mark, which Windows writes, is no part of it.
        remedy: What to do if it cannot be read.
        code: Code of the error.
        most: Bytes that such a file has at most.

    Raises:
        UserError: It cannot be read, is longer, or is no TOML.
    """
    try:
        with file.open("rb") as source:
            text = source.read(most + 1).decode("utf-8-sig")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"{file} cannot be read: {reason}", remedy, code=code) from error
    if len(text) > most:
        raise UserError(f"{file} is longer than {most:,} bytes", remedy, code=code)
    return parse_toml(text, str(file), code)


def parse_toml(text: str, source: str, code: str) -> Document:
    """Read TOML that a person wrote.

    Args:
        text: The TOML.
        source: Where it comes from, for messages.
        code: Code of the error.

    Raises:
        UserError: It is no TOML.
    """
    try:
        return Document(text)
    except WrongToml as error:
        where = ", " if error.found[0].line else ": "
        raise UserError(f"{source}{where}{error}", "Correct that line.", code=code) from error


def read_written(
    document: Document, form: Format[T], source: object, remedy: str, code: str, value: Any = None
) -> T:
    """Return what a file that a person wrote stands for.

    Args:
        document: The file.
        form: How to read it.
        source: The file, for messages.
        remedy: Where its format is described.
        code: Code of the error.
        value: See :meth:`Document.read`.

    Raises:
        UserError: Everything that is wrong with it, each with its line.
    """
    try:
        return document.read(form, value)
    except WrongToml as error:
        raise problems_of(source, error.found, remedy, code) from None


def toml_text(value: str) -> str:
    """Return text as a string of TOML."""
    # Strings of JSON are strings of TOML but for DEL and for pairs of surrogates.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def problems_of(source: object, found: Iterable[Wrong], remedy: str, code: str) -> UserError:
    """Return the error that tells everything that is wrong with a file.

    Args:
        source: The file.
        found: What is wrong with it.
        remedy: Where its format is described.
        code: Code of the error.
    """
    lines = [f"  {wrong}" for wrong in WrongToml(found).found]
    count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
    return UserError(f"{source} has {count}:\n" + "\n".join(lines), remedy, code=code)


def _hint(problem: Problem, kind: Any) -> str:
    """Return what may have been meant by a name or a word that does not exist."""
    if problem.unknown and (names := _names(kind, problem.place[:-1])):
        return f", {nearest(str(problem.place[-1]), names)}"
    hint = nearest(problem.written, problem.choices) if problem.choices else ""
    return f", {hint}" if hint.startswith("did you mean") else ""


def nearest(name: str, choices: Iterable[str]) -> str:
    """Return ``did you mean X?`` for a misspelt name, or the choices.

    Args:
        name: What was written.
        choices: What would have been right.
    """
    choices = list(choices)
    close = difflib.get_close_matches(name, choices, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"there is {', '.join(choices)}" if choices else "there is none"


class _Places:
    """Walks through text that is known to be TOML, and notes the line of each key."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.starts = [match.end() for match in re.finditer("\n", text)]
        self.found: dict[Place, int] = {}
        self.lengths: dict[Place, int] = {}

    def all(self) -> dict[Place, int]:
        table: Place = ()
        while self.blank():
            if self.text.startswith("[[", self.at):
                table = self.header(2)
            elif self.text[self.at] == "[":
                table = self.header(1)
            else:
                self.assignment(table)
        return self.found

    def blank(self) -> bool:
        """Skip space and comments; return whether something follows."""
        match = _BLANK.match(self.text, self.at)
        assert match is not None
        self.at = match.end()
        return self.at < len(self.text)

    def header(self, brackets: int) -> Place:
        line, keys = self.line(), self.keys(brackets)
        self.at += brackets
        place: Place = ()
        for number, key in enumerate(keys, 1):
            place += (key,)
            self.found.setdefault(place, line)
            if brackets == 2 and number == len(keys):
                self.lengths[place] = self.lengths.get(place, 0) + 1
            if place in self.lengths:  # what is below an array of tables is in its last one
                place += (self.lengths[place] - 1,)
                self.found.setdefault(place, line)
        if brackets == 1:
            self.found[place] = line
        return place

    def keys(self, skip: int = 0) -> list[str]:
        """Return the parts of a key, with dots or without."""
        self.at += skip
        keys = []
        while True:
            self.blank()
            match = _STRING.match(self.text, self.at) or _BARE.match(self.text, self.at)
            assert match is not None
            raw = match[0]
            keys.append(tomllib.loads(f"k = {raw}")["k"] if raw[0] in "\"'" else raw)
            self.at = match.end()
            self.blank()
            if not self.text.startswith(".", self.at):
                return keys
            self.at += 1

    def assignment(self, table: Place) -> None:
        line, place = self.line(), table
        for key in self.keys():
            place += (key,)
            self.found.setdefault(place, line)
        self.at += 1  # =
        self.blank()
        self.some_value(place)

    def some_value(self, place: Place) -> None:
        first = self.text[self.at]
        if first == "{":
            self.items("}", lambda _: self.assignment(place))
        elif first == "[":
            self.items("]", lambda number: self.element((*place, number)))
        else:
            match = _STRING.match(self.text, self.at) or _PLAIN.match(self.text, self.at)
            assert match is not None
            self.at = match.end()

    def element(self, place: Place) -> None:
        self.found[place] = self.line()
        self.some_value(place)

    def items(self, end: str, read: typing.Callable[[int], None]) -> None:
        self.at += 1
        number = 0
        while self.blank() and self.text[self.at] != end:
            read(number)
            number += 1
            self.blank()
            if self.text[self.at] == ",":
                self.at += 1
        self.at += 1

    def line(self) -> int:
        return bisect.bisect_right(self.starts, self.at) + 1


def _not_toml(error: Exception) -> Wrong:
    if isinstance(error, RecursionError):
        return Wrong(0, "it is nested too deep")
    match = re.fullmatch(r"(.*) \(at line (\d+), column \d+\)", str(error))
    if match:
        return Wrong(int(match[2]), f"not TOML: {match[1][:1].lower()}{match[1][1:]}")
    return Wrong(0, f"not TOML: {error}")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, dt.date | dt.time) else value


def _names(kind: Any, place: Place) -> list[str]:
    """Return the names of the fields at a place of a type; none if it has no names there."""
    for step in place:
        kind = next(_below(kind, step), None)
    inner = [part for part in _parts(kind) if is_dataclass(part)]
    return [name for part in inner for name in _fields(part)]


def _fields(kind: Any) -> dict[str, Any]:
    """Return the types of a dataclass's fields by the names that they have in a file."""
    hints = typing.get_type_hints(kind, include_extras=True)
    written = {}
    for field in fields(kind):
        extras = getattr(hints[field.name], "__metadata__", ())
        alias = next((extra.alias for extra in extras if getattr(extra, "alias", None)), None)
        if field.init:
            written[alias or field.name] = hints[field.name]
    return written


def _below(kind: Any, step: str | int) -> Iterator[Any]:
    for part in _parts(kind):
        if is_dataclass(part):
            if step in (hints := _fields(part)):
                yield hints[str(step)]
        elif arguments := typing.get_args(part):
            yield arguments[0] if isinstance(step, int) else arguments[-1]


def _parts(kind: Any) -> tuple[Any, ...]:
    """Return the members of a union; else the type itself, without its annotations."""
    if typing.get_origin(kind) is typing.Annotated:
        kind = typing.get_args(kind)[0]
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return typing.get_args(kind)
    return (kind,)
