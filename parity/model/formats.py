"""Formats from types: JSON is read into frozen dataclasses, written from them, described by them.

Strict: a number is no string and ``true`` no number, floats are finite, no field may be unknown,
and one may be left out only if it has a default. The docstring of a class describes its fields in
the schema.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from functools import cache, cached_property
from typing import Any, Final, Generic, NewType, TypeVar, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema

T = TypeVar("T")
Place = tuple[str | int, ...]

_CONFIG: Final = ConfigDict(
    strict=True,
    extra="forbid",
    allow_inf_nan=False,
    json_schema_serialization_defaults_required=True,
)
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_EXPECTED: Final = {
    "bool_type": "bool",
    "dataclass_type": "an object",
    "dict_type": "an object",
    "float_type": "float",
    "int_type": "int",
    "list_type": "a list",
    "string_type": "str",
    "tuple_type": "a list",
}
_BOUNDS: Final = {
    "greater_than": "above",
    "greater_than_equal": "from",
    "less_than": "below",
    "less_than_equal": "up to",
}
_FIRST: Final = ("event", "format", "version")
_UNKNOWN: Final = "unexpected_keyword_argument"
_MISSING: Final = ("missing", "missing_argument", "missing_keyword_only_argument")
# Half of a surrogate pair is valid in JSON and in JavaScript, and in no other text.
_SURROGATES: Final = re.compile(
    r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(\\u[dD][89a-fA-F]..)|\\.", re.DOTALL
)


class Misfit(ValueError):
    """A JSON value does not have the shape of its type; the message names the place.

    Args:
        message: What is wrong, with its place.
        where: Keys and indexes that lead to it.
    """

    def __init__(self, message: str, where: Place = ()) -> None:
        super().__init__(message)
        self.where = where


class NotJson(Misfit):
    """It is no JSON at all."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that does not fit.

    Attributes:
        place: Keys and indexes that lead to it.
        text: What is wrong there.
        unknown: Whether the last key of the place is one that does not exist.
        missing: Whether the last key of the place is one that has to be there.
        choices: The words that would be right there; empty where it is no matter of words.
        written: The word that stands there instead.
    """

    place: Place
    text: str
    unknown: bool = False
    missing: bool = False
    choices: tuple[str, ...] = ()
    written: str = ""

    def said(self, where: str = "") -> str:
        """Return it as one sentence: ``check.requests: expected int, got '3'``."""
        inner = self.place[:-1] if self.unknown or self.missing else self.place
        path = where + "".join(
            f"[{step}]" if isinstance(step, int) else f".{step}" for step in inner
        )
        return f"{path.removeprefix('.')}: {self.text}" if path else self.text


class Format(Generic[T]):
    """JSON of one type.

    Args:
        kind: A dataclass, or a union of some that a field tells apart.

    Attributes:
        kind: The same.
    """

    def __init__(self, kind: Any) -> None:
        self.kind = kind

    @cached_property
    def _adapter(self) -> TypeAdapter[T]:
        # Made when it is needed: it takes a tenth of a second, and `parity --help` needs none.
        # pydantic takes no settings for a bare dataclass; under another name it does.
        inner: Any = NewType("Outermost", self.kind) if is_dataclass(self.kind) else self.kind
        return TypeAdapter(inner, config=_CONFIG)

    def parse(self, raw: bytes | str, where: str = "") -> T:
        """Read JSON text.

        Args:
            raw: The text.
            where: What the value is called in messages, for example ``check``.

        Raises:
            NotJson: It is no JSON.
            Misfit: It does not have this shape; the message names the first place that does not.
        """
        _refuse_constants(raw)
        return self._parse(raw, where)

    def decode(self, value: Any, where: str = "") -> T:
        """Read a value that was parsed already, as :meth:`parse`."""
        return self._parse(json.dumps(value), where)

    def problems(self, value: Any) -> tuple[T | None, tuple[Problem, ...]]:
        """Return what a parsed value stands for, or everything that is wrong with it."""
        try:
            return self._validated(json.dumps(value)), ()
        except ValidationError as error:
            return None, tuple(problems(error))

    def _parse(self, raw: bytes | str, where: str) -> T:
        try:
            return self._validated(raw)
        except ValidationError as error:
            first = next(problems(error))
            raise Misfit(first.said(where), first.place) from None

    def plain(self, value: T) -> Any:
        """Return a value as plain objects and lists, which ``json`` can write.

        Format, version and kind of event, which a type has last, come first in a file.
        """
        made = self._adapter.dump_python(value, warnings=False)
        return {name: made[name] for name in _FIRST if name in made} | made

    def text(self, value: T) -> str:
        """Return a value as JSON for a file of its own, indented, with a newline at its end."""
        return json.dumps(self.plain(value), indent=2) + "\n"

    def schema(self, name: str, title: str) -> dict[str, Any]:
        """Return the JSON Schema of what is written.

        Args:
            name: Name and version: ``evidence:5``.
            title: What it describes.
        """
        made = self._adapter.json_schema(mode="serialization", schema_generator=_Schema)
        made["title"] = title
        made.pop("discriminator", None)  # of OpenAPI, not of JSON Schema
        return {"$schema": _DIALECT, "$id": f"urn:parse-parity:{name}", **made}

    def _validated(self, raw: bytes | str) -> T:
        try:
            return self._adapter.validate_json(raw)
        except ValidationError as error:
            if error.errors(include_url=False)[0]["type"] != "json_invalid":
                raise
            text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
            mended = without_surrogates(text)
            if mended == text:
                raise NotJson("not JSON") from None
        return self._validated(mended)


def decode(kind: type[T], value: Any, where: str) -> T:
    """Read a parsed JSON value.

    Raises:
        Misfit: It does not have the shape of ``kind``.
    """
    return cast("T", _format_of(cast("Hashable", kind)).decode(value, where))


@cache
def _format_of(kind: Hashable) -> Format[Any]:
    return Format(kind)


def without_surrogates(text: str) -> str:
    r"""Return JSON text in which half of a surrogate pair is shown as ``\\ud800``, escaped."""
    if "\\ud" not in text and "\\uD" not in text:
        return text
    return _SURROGATES.sub(
        lambda match: match[0] if match[1] is None else f"\\{match[1]}",
        text,
    )


def problems(error: ValidationError) -> Iterator[Problem]:
    """Yield what pydantic found in our words: unknown fields first, then missing ones."""
    found = [_problem(each) for each in error.errors(include_url=False)]
    yield from sorted(found, key=lambda problem: (not problem.unknown, not problem.missing))


def _problem(detail: Mapping[str, Any]) -> Problem:
    kind, place, context = detail["type"], detail["loc"], detail.get("ctx", {})
    if kind == _UNKNOWN:
        return Problem(place, f"unknown field {place[-1]!r}", unknown=True)
    if kind in _MISSING:
        return Problem(place, f"field {place[-1]!r} is missing", missing=True)
    if kind in _EXPECTED:
        return Problem(place, f"expected {_EXPECTED[kind]}, got {_short(detail['input'])}")
    if kind in {"enum", "literal_error"}:
        words = tuple(re.findall(r"'((?:[^'\\]|\\.)*)'", context["expected"]))
        expected = f"one of {', '.join(words)}" if words else context["expected"]
        text = f"expected {expected}, got {_short(detail['input'])}"
        return Problem(place, text, choices=words, written=str(detail["input"]))
    if kind == "string_pattern_mismatch":
        return Problem(place, f"{_short(detail['input'])} is not of the form {context['pattern']}")
    if kind in _BOUNDS:
        bound = f"{_BOUNDS[kind]} {next(iter(context.values())):g}"
        return Problem(place, f"expected a number {bound}, got {_short(detail['input'])}")
    if kind == "finite_number":
        return Problem(place, "expected a finite number")
    if kind == "value_error":
        return Problem(place, str(context["error"]))
    if kind.startswith("union_tag"):
        field = context["discriminator"].strip("'")
        return Problem(place, f"unknown {field} {_short(context.get('tag'))}")
    return Problem(place, f"{detail['msg'][:1].lower()}{detail['msg'][1:]}")


def _refuse_constants(raw: bytes | str) -> None:
    """Refuse NaN and infinities, which pydantic's parser lets pass where any value may be."""
    text = raw if isinstance(raw, bytes) else raw.encode()
    if b"NaN" in text or b"Infinity" in text:
        try:
            json.loads(raw, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise NotJson("not JSON") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


class _Schema(GenerateJsonSchema):
    """Descriptions come from docstrings; names of fields are no titles."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's
        return False

    def dataclass_schema(self, schema: Any) -> dict[str, Any]:
        made = super().dataclass_schema(schema)
        made.pop("title", None)
        what, fields = _described(schema["cls"])
        made["description"] = what
        for name, described in made.get("properties", {}).items():
            if name in fields:
                made["properties"][name] = {"description": fields[name], **described}
            made["properties"][name].pop("default", None)
        return made


def _described(cls: type[Any]) -> tuple[str, dict[str, str]]:
    """Return the first paragraph of a class's docstring, and what it says of each attribute."""
    what, _, attributes = (inspect.getdoc(cls) or "").partition("\nAttributes:\n")
    fields = {}
    for entry in re.split(r"\n(?=    \w)", f"\n{attributes}"):
        name, colon, text = entry.strip().partition(":")
        if colon and name.isidentifier():
            fields[name] = " ".join(text.replace("``", "").split())
    return " ".join(what.split("\n\n")[0].replace("``", "").split()), fields
