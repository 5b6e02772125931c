"""A YAML file as plain JSON values, with the position of each.

Values are built from YAML's node tree by hand: no tag can make an object, an anchor cannot be
expanded a million times, and a date stays text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

MAX_CHARACTERS = 200_000
MAX_DEPTH = 50
_SCALARS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "timestamp"))
_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
Place = tuple[str | int, ...]


class BadDocument(ValueError):
    """A file that cannot be read; the message has line, column and reason."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read.

    Attributes:
        value: JSON value.
        lines: Line of each value, by its keys and indexes from the top.
    """

    value: Any
    lines: dict[Place, int]

    def line(self, place: Place) -> int:
        """Return the line of the value at ``place``, or of the nearest value around it."""
        while place not in self.lines and place:
            place = place[:-1]
        return self.lines.get(place, 1)


def read_document(text: str) -> Document:
    """Read one YAML document that holds JSON values only.

    Args:
        text: YAML 1.2.

    Returns:
        Its value and where each part stands.

    Raises:
        BadDocument: No YAML, several documents, a tag, an anchor, a key twice, or too large.
    """
    if len(text) > MAX_CHARACTERS:
        raise BadDocument(f"line 1: longer than {MAX_CHARACTERS} characters")
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "line 1"
        raise BadDocument(f"{place}: {error.problem or error.context}") from error
    except (YAMLError, RecursionError, ValueError) as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise BadDocument(f"line 1: {first}") from error
    if node is None:
        raise BadDocument("line 1: the file is empty")
    lines: dict[Place, int] = {}
    return Document(_value(node, (), lines), lines)


def _value(node: Node, place: Place, lines: dict[Place, int]) -> Any:
    lines[place] = node.start_mark.line + 1
    if node.anchor:
        raise _bad(node, f"the anchor &{node.anchor} is not allowed; write the value out")
    if len(place) > MAX_DEPTH:
        raise _bad(node, f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(node, ScalarNode):
        return _scalar(node)
    tag = str(node.tag).removeprefix("tag:yaml.org,2002:")
    if isinstance(node, SequenceNode) and tag == "seq":
        return [_value(each, (*place, i), lines) for i, each in enumerate(node.value)]
    if isinstance(node, MappingNode) and tag == "map":
        return _mapping(node, place, lines)
    raise _bad(node, f"the tag {node.tag} is not allowed; a scenario holds plain values")


def _mapping(node: MappingNode, place: Place, lines: dict[Place, int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            raise _bad(key, "a key has to be text")
        _scalar(key)
        name = str(key.value)
        if name in found:
            raise _bad(key, f"the key {name!r} is there twice")
        found[name] = _value(value, (*place, name), lines)
    return found


def _scalar(node: ScalarNode) -> Any:
    tag, text = str(node.tag), str(node.value)
    if node.style is None and tag.startswith("tag:yaml.org,2002:"):
        name = tag.removeprefix("tag:yaml.org,2002:")
        if name in ("bool", "null") and text.lower() in _WORDS:
            return _WORDS[text.lower()]
        if name == "int" and _INT.fullmatch(text):
            return int(text)
        if name == "float" and _FLOAT.fullmatch(text):
            return float(text)
    if tag in _SCALARS:
        return text
    raise _bad(node, f"{text!r} is neither text nor a number of JSON ({tag}); put it in quotes")


def _bad(node: Node, reason: str) -> BadDocument:
    mark = node.start_mark
    return BadDocument(f"line {mark.line + 1}, column {mark.column + 1}: {reason}")
