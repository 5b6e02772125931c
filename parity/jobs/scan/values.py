"""What expressions may stand for, and the forms of JavaScript that this is read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from tree_sitter import Node

from parity.jobs.scan.script import Script, arguments, source_of, string_of, text_of

PARSE_MODULES: Final = frozenset({"parse", "parse/node", "parse/node.js", "parse-cloud-express"})
"""Modules whose value is, or has, the same ``Parse`` that cloud code has as a global."""
CALLED: Final = "()"
"""What a path has where the value before it was called or constructed."""
ANY: Final = "*"
"""A property whose name is not known."""

_GLOBALS = frozenset({"global", "globalThis", "window", "self", "root"})


@dataclass(frozen=True, slots=True)
class Value:
    """What an expression may stand for.

    Attributes:
        kind: ``path`` (from a global or a module), ``function``, ``param``, ``text``, ``object``
            or ``module`` (a file of ours).
        path: ``("Parse", "Cloud")``; of a parameter, the properties below it; the text.
        node: The function of a parameter; the function, the object, or the call.
        script: Where ``node`` is, or the module.
        index: Position of a parameter.
        env: What the parameters around ``node`` stand for.
    """

    kind: Literal["path", "function", "param", "text", "object", "module"]
    path: tuple[str, ...] = ()
    node: Node | None = field(default=None, compare=False)
    script: Script | None = field(default=None, compare=False)
    index: int = 0
    env: Env = field(default_factory=dict, compare=False, repr=False)
    id: int = 0

    @property
    def text(self) -> str:
        """The text of a ``text``."""
        return self.path[0]


@dataclass(frozen=True, slots=True)
class Site:
    """A place where a function of ours is called, with what it is called."""

    script: Script
    call: Node
    arguments: tuple[Node, ...]
    env: Env = field(default_factory=dict)


Env = Mapping[int, Site]
"""The call by which each function (by the id of its node) was entered."""
NOWHERE: Env = {}


def canonical(path: tuple[str, ...]) -> tuple[str, ...]:
    """Return a path in one form, wherever ``Parse`` came from."""
    while len(path) > 1 and path[0] in _GLOBALS:
        path = path[1:]
    first = path[0]
    if first.startswith("require:") and first.removeprefix("require:") in PARSE_MODULES:
        path = ("Parse", *path[1:])
    while len(path) > 1 and path[0] == "Parse" and path[1] in {"Parse", "default"}:
        path = ("Parse", *path[2:])
    return path


def property_of(node: Node | None, name: str) -> Node | None:
    """Return the value of a property of an object literal, or ``None``."""
    for each in node.named_children if node is not None else ():
        if each.type == "pair":
            key = each.child_by_field_name("key")
            if key is not None and (string_of(key) or text_of(key)) == name:
                return each.child_by_field_name("value")
        elif each.type == "method_definition":
            key = each.child_by_field_name("name")
            if key is not None and text_of(key) == name:
                return each
        elif each.type == "shorthand_property_identifier" and text_of(each) == name:
            return each
    return None


def is_require(script: Script, callee: Node | None) -> bool:
    """Tell whether a call of this is a ``require`` of Node, not a function of that name."""
    if callee is not None and callee.type == "import":
        return True
    if callee is None or callee.type != "identifier" or text_of(callee) != "require":
        return False
    scope = script.scopes.get(callee.id)
    return scope is None or scope.find("require") is None


def requires(script: Script) -> list[tuple[Node, Node | None]]:
    """Return each ``require`` and ``import`` of a script with the expression of its module."""
    found: list[tuple[Node, Node | None]] = [
        (call, next(iter(arguments(call)), None))
        for call in script.of("call_expression")
        if is_require(script, call.child_by_field_name("function"))
    ]
    statements = script.of("import_statement", "export_statement")
    named = ((each, source_of(each)) for each in statements)
    return found + [(statement, source) for statement, source in named if source is not None]
