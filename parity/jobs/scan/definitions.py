"""What cloud code registers: functions, jobs, triggers, web hooks, and routes of a website."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tree_sitter import Node

from parity.jobs.scan.model import Definition, Kind, printable
from parity.jobs.scan.script import Script, arguments, text_of
from parity.jobs.scan.symbols import Symbols
from parity.jobs.scan.values import ANY, CALLED, Env, Site, Value, requires

TRIGGERS: Final = frozenset(
    {
        "afterDelete",
        "afterDeleteFile",
        "afterFind",
        "afterLiveQueryEvent",
        "afterLogin",
        "afterLogout",
        "afterSave",
        "afterSaveFile",
        "beforeConnect",
        "beforeDelete",
        "beforeDeleteFile",
        "beforeFind",
        "beforeLogin",
        "beforePasswordResetRequest",
        "beforeSave",
        "beforeSaveFile",
        "beforeSubscribe",
    }
)
"""Names of triggers. The hosted service had the four of save and delete; a migrated folder may
have the others. Source: Cloud Code guide; parse-server ``src/cloud-code/Parse.Cloud.js``."""
REGISTER: Final = TRIGGERS | {"define", "job"}
_NO_CLASS = frozenset(
    {"beforeLogin", "afterLogin", "afterLogout", "beforeConnect", "beforePasswordResetRequest"}
)
_SYSTEM = {
    "User": "_User",
    "Role": "_Role",
    "Session": "_Session",
    "Installation": "_Installation",
    "File": "@File",
    "Config": "@Config",
}
_METHODS = frozenset({"get", "post", "put", "delete", "patch", "head", "all"})
_ROUTERS = (("require:express", CALLED), ("require:express", "Router", CALLED))
_DEEPEST = 4
_MOST_SITES = 2000


@dataclass(frozen=True, slots=True)
class Handler:
    """A function that a registration calls.

    Attributes:
        kind: ``function``, ``job``, ``trigger`` or ``webhook``.
        function: Its node.
        script: The file that it is in.
        must_answer: Whether a caller waits for its answer: not so for what runs afterwards.
    """

    kind: Kind
    function: Node
    script: Script
    must_answer: bool = False


@dataclass(frozen=True, slots=True)
class Unnamed:
    """A registration whose name can be known only by running the code."""

    script: Script
    call: Node
    what: str


@dataclass(frozen=True, slots=True)
class Registered:
    """All that the scripts register."""

    definitions: tuple[Definition, ...]
    handlers: tuple[Handler, ...]
    unnamed: tuple[Unnamed, ...]


def registered(symbols: Symbols) -> Registered:
    """Find what the scripts register, also through wrappers, loops and other names for Parse."""
    finder = _Finder(symbols)
    for script in symbols.scripts:
        for call in script.of("call_expression"):
            finder.look_at(script, call)
    definitions = dict.fromkeys([*finder.definitions, *_routes(symbols)])
    return Registered(
        tuple(sorted(definitions, key=lambda each: (each.place, each.kind, each.name))),
        tuple({handler.function.id: handler for handler in finder.handlers}.values()),
        tuple({each.call.id: each for each in finder.unnamed}.values()),
    )


class _Finder:
    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols
        self.definitions: list[Definition] = []
        self.handlers: list[Handler] = []
        self.unnamed: list[Unnamed] = []
        self._webhooks = {script.file for script in symbols.scripts if _is_webhook(script)}

    def look_at(self, script: Script, call: Node) -> None:
        callee = call.child_by_field_name("function")
        if any(_registers(path) for path in self.symbols.paths(script, callee)):
            self._expand(script, call, {}, Site(script, call, ()), 0)

    def _expand(self, script: Script, call: Node, env: Env, at: Site, depth: int) -> None:
        """Note what one call registers, or all that it does as the body of a wrapper."""
        words = self._words(script, call, env)
        passed = arguments(call)
        open_ = self._open(script, call, env)
        sites = self.symbols.sites.get(open_.node.id, []) if open_ and open_.node else []
        if open_ is not None and open_.node is not None and sites and depth < _DEEPEST:
            for site in sites[:_MOST_SITES]:
                self._expand(script, call, {**env, open_.node.id: site}, site, depth + 1)
            return
        for word in words:
            names = [None] if word in _NO_CLASS else self._names(script, passed, env)
            validated = word != "job" and self._is_given(script, passed[2:3], env)
            for name in names:
                self._note(script, word, name, at, validated=validated)
            self._note_handlers(script, word, passed, env)
            if not names:
                self.unnamed.append(Unnamed(script, call, f"Parse.Cloud.{word}"))
        if not words:
            self.unnamed.append(Unnamed(script, call, "Parse.Cloud[…]"))

    def _words(self, script: Script, call: Node, env: Env) -> list[str]:
        callee = call.child_by_field_name("function")
        values = self.symbols.resolve(script, callee, env)
        words = [
            value.path[2] for value in values if value.kind == "path" and _registers(value.path)
        ]
        return list(dict.fromkeys(word for word in words if word != ANY))

    def _open(self, script: Script, call: Node, env: Env) -> Value | None:
        """Return a parameter that the kind or the name still depends on."""
        callee = call.child_by_field_name("function")
        index = callee.child_by_field_name("index") if callee is not None else None
        for node in (index, *arguments(call)[:1]):
            for value in self.symbols.resolve(script, node, env):
                if value.kind == "param" and value.id not in env:
                    return value
        return None

    def _names(self, script: Script, passed: list[Node], env: Env) -> list[str]:
        first = passed[0] if passed else None
        values = self.symbols.resolve(script, first, env)
        names = [name for value in values for name in self._name(value)]
        return list(dict.fromkeys(names))

    def _name(self, value: Value) -> list[str]:
        if value.kind == "text":
            return [value.text]
        if value.kind != "path":
            return []
        if len(value.path) == 2 and value.path[0] == "Parse" and value.path[1] in _SYSTEM:
            return [_SYSTEM[value.path[1]]]
        if value.path == ("Parse", "Object", "extend", CALLED) and value.node and value.script:
            return self.symbols.texts(
                value.script, next(iter(arguments(value.node)), None), value.env
            )
        return []

    def _is_given(self, script: Script, argument: list[Node], env: Env) -> bool:
        """Tell whether there is an argument; a parameter of a wrapper may be left out."""
        if not argument or argument[0].type in {"undefined", "null"}:
            return False
        return argument[0].type != "identifier" or bool(
            self.symbols.resolve(script, argument[0], env)
        )

    def _note(
        self, script: Script, word: str, name: str | None, at: Site, *, validated: bool
    ) -> None:
        place = at.script.place(at.call)
        if word in TRIGGERS:
            self.definitions.append(
                Definition("trigger", word, name and printable(name), place, validated)
            )
            return
        kind: Kind = "job" if word == "job" else "function"
        if kind == "function" and script.file in self._webhooks:
            kind = "webhook"
        self.definitions.append(Definition(kind, printable(name or ""), None, place, validated))

    def _note_handlers(self, script: Script, word: str, passed: list[Node], env: Env) -> None:
        kind: Kind = "trigger" if word in TRIGGERS else "job" if word == "job" else "function"
        for each in passed[:2]:
            for value in self.symbols.resolve(script, each, env):
                for found in self.symbols.expand(value):
                    if found.kind == "function" and found.node and found.script:
                        waits = word == "define" or word.startswith("before")
                        self.handlers.append(Handler(kind, found.node, found.script, waits))


def _registers(path: tuple[str, ...]) -> bool:
    return (
        len(path) == 3
        and path[:2] == ("Parse", "Cloud")
        and (path[2] in REGISTER or path[2] == ANY)
    )


def _is_webhook(script: Script) -> bool:
    return any(
        node is not None and text_of(node)[1:-1] == "parse-cloud-express"
        for _, node in requires(script)
    )


def _routes(symbols: Symbols) -> Iterator[Definition]:
    for script in symbols.scripts:
        for call in script.of("call_expression"):
            callee = call.child_by_field_name("function")
            if callee is None or callee.type != "member_expression":
                continue
            name = callee.child_by_field_name("property")
            if name is None or text_of(name) not in _METHODS or len(arguments(call)) < 2:
                continue
            if any(_is_router(value) for value in router_values(symbols, script, callee)):
                for path in symbols.texts(script, arguments(call)[0]):
                    yield Definition(
                        "route", text_of(name).upper(), printable(path), script.place(call)
                    )


def router_values(symbols: Symbols, script: Script, callee: Node) -> list[Value]:
    """Return what the object of a method call may be, through parameters too."""
    values = symbols.resolve(script, callee.child_by_field_name("object"))
    return [found for value in values for found in symbols.expand(value)]


def _is_router(value: Value) -> bool:
    return value.kind == "path" and value.path in _ROUTERS
