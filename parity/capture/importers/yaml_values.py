"""Values of YAML without making anything: only the parser of the library runs, no constructor.

Scalars stay text, so that ``0123`` in a body is not a number; binary scalars become bytes, but
keys are text always: Ruby 1.9 wrote names of headers as ``!binary``.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)

MOST_NODES: Final = 200_000
"""Nodes of one value with every alias followed, so that a few lines cannot become gigabytes."""

_DEEPEST = 60
_PREFIX = "tag:yaml.org,2002:"
_TEXT = {"", "!", *(_PREFIX + each for each in ("str", "int", "float", "bool", "timestamp"))}
_NULL = _PREFIX + "null"
_BINARY = {"!binary", _PREFIX + "binary"}
_COLLECTIONS = {"", "!", _PREFIX + "map", _PREFIX + "seq"}
# Psych's text of a subclass, or with variables of its own: a scalar, or a mapping with ``str``.
_RUBY_TEXT = re.compile(
    r"!(?:ruby/string|str)(?::.*)?|tag:ruby\.yaml\.org,2002:(?:string|str)(?::.*)?"
)
_NULLS = {"", "~", "null", "Null", "NULL"}


class BadYaml(ValueError):
    """Text that is no YAML, or more of it than is read; says the line (from 1) and the reason."""

    def __init__(self, line: int, reason: str) -> None:
        self.line = line
        self.reason = reason
        super().__init__(f"line {line}: {reason}")


class TaggedYaml(BadYaml):
    """A tag that would make an object of Ruby or Python, or that nobody here knows."""

    def __init__(self, line: int, tag: str) -> None:
        self.tag = tag
        super().__init__(line, f"tag {tag:.80}")


class YamlReader:
    """Reads values of one file; an anchor is known to all values behind it."""

    def __init__(self) -> None:
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._first = 1

    def value(self, text: str, first_line: int = 1) -> Any:
        """Read the one value of a text.

        Args:
            text: YAML, a document or a part of it that stands for itself.
            first_line: The number of its first line in the file, for messages.

        Returns:
            Dictionaries, lists, strings, bytes and ``None``.

        Raises:
            TaggedYaml: It asks for objects.
            BadYaml: It is no YAML.
        """
        self._first = first_line
        try:
            events = _nodes(YAML(typ="safe", pure=True).parse(text))
            first = next(events, None)
            return None if first is None else self._node(first, events, 0)[0]
        except YAMLError as error:
            mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
            reason = getattr(error, "problem", None) or type(error).__name__
            raise BadYaml(first_line + (mark.line if mark else 0), f"no YAML: {reason}") from None
        except ValueError as error:
            if isinstance(error, BadYaml):
                raise
            raise BadYaml(first_line, f"no YAML: {error}") from None

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> tuple[Any, int]:
        if depth > _DEEPEST:
            raise BadYaml(self._line(event), "nested too deep")
        if isinstance(event, AliasEvent):
            found = self._anchors.get(event.anchor)
            if found is None:
                raise BadYaml(self._line(event), "an alias that is not defined")
            return found
        value, size = self._made(event, events, depth)
        if size > MOST_NODES:
            raise BadYaml(self._line(event), "its aliases make too much of it")
        if event.anchor:
            self._anchors[event.anchor] = (value, size)
        return value, size

    def _made(self, event: Any, events: Iterator[Any], depth: int) -> tuple[Any, int]:
        tag = str(event.tag or "")
        if isinstance(event, ScalarEvent):
            return self._scalar(event, tag), 1
        is_text = isinstance(event, MappingStartEvent) and _RUBY_TEXT.fullmatch(tag) is not None
        if tag not in _COLLECTIONS and not is_text:
            raise TaggedYaml(self._line(event), tag)
        items, size = [], 1
        for each in events:
            if not isinstance(each, NodeEvent):
                break
            value, more = self._node(each, events, depth + 1)
            items.append(value)
            size += more
            if size > MOST_NODES:
                raise BadYaml(self._line(event), "its aliases make too much of it")
        if isinstance(event, SequenceStartEvent):
            return items, size
        assert isinstance(event, MappingStartEvent)
        keys = [as_text(key) if isinstance(key, str | bytes) else str(key) for key in items[::2]]
        value = dict(zip(keys, items[1::2], strict=True))
        return (value.get("str", "") if is_text else value), size

    def _scalar(self, event: Any, tag: str) -> Any:
        if tag in _BINARY:
            try:
                return base64.b64decode(event.value)
            except binascii.Error as error:
                raise BadYaml(self._line(event), f"no base64: {error}") from None
        if tag == _NULL or (not tag and event.style is None and event.value in _NULLS):
            return None
        if tag not in _TEXT and not _RUBY_TEXT.fullmatch(tag):
            raise TaggedYaml(self._line(event), tag)
        return event.value

    def _line(self, event: Any) -> int:
        return int(self._first + event.start_mark.line)


def as_text(value: str | bytes) -> str:
    """Return a scalar as text, also one that was written as binary."""
    if isinstance(value, str):
        return value
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _nodes(events: Any) -> Iterator[Any]:
    """Leave out what is about the stream and the document."""
    depth = 0
    for event in events:
        if isinstance(event, NodeEvent):
            depth += isinstance(event, MappingStartEvent | SequenceStartEvent)
            yield event
        elif depth:  # the end of a collection
            depth -= 1
            yield event
