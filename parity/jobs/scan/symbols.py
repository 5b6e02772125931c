"""What an expression of cloud code stands for, across the files of a folder.

A small abstract reading of the code, without running it: names through their bindings,
properties through object literals and ``module.exports``, parameters through the places where
their function is called. Everything is bounded, so that no input can keep it busy.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import replace

from tree_sitter import Node

from parity.jobs.scan.script import FUNCTIONS, Bound, Script, arguments, string_of, text_of
from parity.jobs.scan.values import (
    ANY,
    CALLED,
    NOWHERE,
    Env,
    Site,
    Value,
    canonical,
    is_require,
    property_of,
)

_MOST = 12
_DEEPEST = 24
_MOST_STEPS = 3000
_MOST_SITES = 500
_EACH = frozenset({"forEach", "map", "each"})


class Symbols:
    """Resolves expressions of some scripts.

    Args:
        scripts: The files; modules are looked for among them.
    """

    def __init__(self, scripts: Sequence[Script]) -> None:
        self.scripts = scripts
        self._by_path = {posixpath.normpath(each.file): each for each in scripts}
        self._known: dict[int, tuple[Value, ...]] = {}
        self._busy: set[int] = set()
        self._cuts = 0
        self._steps = 0
        self.sites: dict[int, list[Site]] = {}
        for script in scripts:
            for call in script.of("call_expression"):
                self._note_site(script, call)

    def resolve(self, script: Script, node: Node | None, env: Env = NOWHERE) -> tuple[Value, ...]:
        """Return what an expression may stand for; empty if nothing is known.

        Args:
            script: The file of the node.
            node: An expression.
            env: How the functions around it were entered, if that is to be assumed.
        """
        if not self._busy:
            self._steps = 0
        return self._resolve(script, node, env, 0)

    def paths(self, script: Script, node: Node | None) -> list[tuple[str, ...]]:
        """Return the paths from a global or module that an expression may stand for."""
        return [each.path for each in self.resolve(script, node) if each.kind == "path"]

    def texts(self, script: Script, node: Node | None, env: Env = NOWHERE) -> list[str]:
        """Return the strings that an expression may stand for."""
        return [each.text for each in self.resolve(script, node, env) if each.kind == "text"]

    def expand(self, value: Value, depth: int = 0) -> list[Value]:
        """Return a value and, for a parameter, what is passed for it."""
        found = [value]
        if value.kind != "param" or depth > 4:
            return found
        assert value.node is not None
        for site in self.sites.get(value.node.id, ())[:_MOST_SITES]:
            if len(found) > _MOST_SITES:
                break
            for each in self._argument(site, value, 0):
                found += self.expand(each, depth + 1)
        return found

    def _note_site(self, script: Script, call: Node) -> None:
        callee = call.child_by_field_name("function")
        passed = tuple(arguments(call))
        for value in self.resolve(script, callee):
            if value.kind == "function" and value.node is not None:
                self.sites.setdefault(value.node.id, []).append(Site(script, call, passed))
        if callee is not None and callee.type == "member_expression" and passed:
            self._note_elements(script, call, callee, passed[0])

    def _note_elements(self, script: Script, call: Node, callee: Node, function: Node) -> None:
        name = callee.child_by_field_name("property")
        array = callee.child_by_field_name("object")
        if name is None or array is None or text_of(name) not in _EACH:
            return
        elements = self._elements(script, array)
        for value in self.resolve(script, function) if elements else ():
            if value.kind == "function" and value.node is not None:
                self.sites.setdefault(value.node.id, []).extend(
                    Site(owner, call, (each,)) for owner, each in elements[:200]
                )

    def _elements(self, script: Script, node: Node | None) -> list[tuple[Script, Node]]:
        """Return the elements of an array literal, also through one name."""
        if node is None:
            return []
        if node.type == "array":
            return [(script, child) for child in node.named_children if child.type != "comment"]
        if node.type == "identifier":
            bound = script.scopes[node.id].find(text_of(node)) or []
            values = [each.node for each in bound if each.kind == "value" and not each.path]
            return [
                (script, child)
                for value in values
                if value is not None and value.type == "array"
                for child in value.named_children
            ]
        return []

    # ------------------------------------------------------------------ expressions

    def _resolve(
        self, script: Script, node: Node | None, env: Env, depth: int
    ) -> tuple[Value, ...]:
        if node is None or depth > _DEEPEST:
            self._cuts += node is not None
            return ()
        if not env and node.id in self._known:
            return self._known[node.id]
        self._steps += 1
        if node.id in self._busy or self._steps > _MOST_STEPS:
            self._cuts += 1
            return ()
        outermost, cuts = not self._busy, self._cuts
        self._busy.add(node.id)
        try:
            found = tuple(dict.fromkeys(self._read(script, node, env, depth + 1)))[:_MOST]
        finally:
            self._busy.discard(node.id)
        # What was cut short inside a circle is known better from another starting point.
        if not env and (outermost or cuts == self._cuts):
            self._known[node.id] = found
        return found

    def _read(self, script: Script, node: Node, env: Env, depth: int) -> Iterable[Value]:
        kind = node.type
        if kind in {"identifier", "shorthand_property_identifier"}:
            return self._name(script, node, env, depth)
        if kind in {"member_expression", "subscript_expression"}:
            return self._member(script, node, env, depth)
        if kind in {"call_expression", "new_expression"}:
            return self._call(script, node, env, depth)
        if kind in FUNCTIONS:
            return [Value("function", node=node, script=script, env=env, id=node.id)]
        if kind == "object":
            return [Value("object", node=node, script=script, env=env, id=node.id)]
        if kind in {"string", "template_string"}:
            text = string_of(node)
            return [] if text is None else [Value("text", (text,))]
        return self._compound(script, node, env, depth)

    def _compound(self, script: Script, node: Node, env: Env, depth: int) -> Iterable[Value]:
        kind = node.type
        fields: tuple[str, ...] = ()
        if kind == "ternary_expression":
            fields = ("consequence", "alternative")
        elif kind == "assignment_expression":
            fields = ("right",)
        elif kind == "binary_expression":
            operator = node.child_by_field_name("operator")
            sign = operator.type if operator is not None else ""
            if sign == "+":
                return self._joined(script, node, env, depth)
            fields = {"||": ("left", "right"), "??": ("left", "right"), "&&": ("right",)}.get(
                sign, ()
            )
        elif kind in {
            "parenthesized_expression", "await_expression", "as_expression",
            "satisfies_expression", "non_null_expression",
        }:  # fmt: skip
            inner = [child for child in node.named_children if child.type != "comment"]
            return self._resolve(script, inner[0], env, depth) if inner else ()
        elif kind == "sequence_expression":
            return self._resolve(script, node.named_children[-1], env, depth)
        return [
            value
            for name in fields
            for value in self._resolve(script, node.child_by_field_name(name), env, depth)
        ]

    def _joined(self, script: Script, node: Node, env: Env, depth: int) -> list[Value]:
        sides = [
            [
                each.text
                for each in self._resolve(script, node.child_by_field_name(side), env, depth)
                if each.kind == "text"
            ]
            for side in ("left", "right")
        ]
        return [Value("text", (left + right,)) for left in sides[0][:4] for right in sides[1][:4]]

    def _name(self, script: Script, node: Node, env: Env, depth: int) -> Iterable[Value]:
        name = text_of(node)
        scope = script.scopes.get(node.id)
        bound = scope.find(name) if scope is not None else None
        if bound is None:
            return [Value("path", (name,))]
        found: list[Value] = []
        for each in bound[:_MOST]:
            found += self._bound(script, each, name, env, depth)
        return found

    def _bound(
        self, script: Script, bound: Bound, name: str, env: Env, depth: int
    ) -> Iterable[Value]:
        values: Iterable[Value] = ()
        if bound.kind == "import":
            values = self._require(script, bound.text, depth)
        elif bound.kind == "param" and bound.node is not None:
            return self._parameter(script, bound, name, env, depth)
        elif bound.kind == "value":
            values = self._resolve(script, bound.node, env, depth)
        elif bound.kind == "element":
            values = [
                value
                for owner, each in self._elements(script, bound.node)[:_MOST]
                for value in self._resolve(owner, each, env, depth)
            ]
        return self._below(values, bound.path, depth)

    def _parameter(
        self, script: Script, bound: Bound, name: str, env: Env, depth: int
    ) -> Iterable[Value]:
        assert bound.node is not None
        if name == "Parse" and not bound.path:
            return [Value("path", ("Parse",))]  # module.exports = function (Parse) { … }
        value = Value("param", bound.path, bound.node, script, index=bound.index, id=bound.node.id)
        site = env.get(bound.node.id)
        if site is None:
            return [value]
        # The call stands in a function that may itself be entered in a known way.
        outer = {**site.env, **{key: each for key, each in env.items() if key != value.id}}
        return self._argument(replace(site, env=outer), value, depth)

    def _argument(self, site: Site, parameter: Value, depth: int) -> Iterable[Value]:
        if parameter.index >= len(site.arguments):
            return ()
        argument = site.arguments[parameter.index]
        values = self._resolve(site.script, argument, site.env, depth)
        return self._below(values, parameter.path, depth)

    def _below(self, values: Iterable[Value], path: tuple[str, ...], depth: int) -> list[Value]:
        found = list(values)
        for name in path:
            found = [each for value in found for each in self._property(value, name, depth)]
        return found

    def _member(self, script: Script, node: Node, env: Env, depth: int) -> Iterable[Value]:
        values = self._resolve(script, node.child_by_field_name("object"), env, depth)
        named = node.child_by_field_name("property")
        if named is not None:
            names = [text_of(named)]
        else:
            index = self._resolve(script, node.child_by_field_name("index"), env, depth)
            names = [each.text for each in index if each.kind == "text"] or [ANY]
        found = [
            each
            for value in values
            for name in names
            for each in self._property(value, name, depth)
        ]
        if any(each.kind != "path" or each.path[0] == "Parse" for each in found):
            return found
        # Handlers are often put into an object one by one: `handlers.hello = function …`.
        assigned = script.members.get(text_of(node).replace(" ", ""), ())
        return found + [
            each
            for expression in assigned[:_MOST]
            for each in self._resolve(script, expression, env, depth)
        ]

    def _property(self, value: Value, name: str, depth: int) -> Iterable[Value]:
        if value.kind == "path":
            return [Value("path", canonical((*value.path, name)))]
        if value.kind == "param":
            return [
                Value("param", (*value.path, name), value.node, value.script, value.index,
                      id=value.id)
            ]  # fmt: skip
        if value.kind == "module" and value.script is not None:
            return self._exported(value.script, name, depth)
        if value.kind == "object" and value.script is not None:
            node = property_of(value.node, name)
            return self._resolve(value.script, node, value.env, depth) if node is not None else ()
        return ()

    def _exported(self, script: Script, name: str, depth: int) -> list[Value]:
        expressions = script.exports.get(name, []) or (
            script.exports.get("", []) if name == "default" else []
        )
        return [
            value
            for expression in expressions[:_MOST]
            for value in self._resolve(script, expression, NOWHERE, depth)
        ]

    # ------------------------------------------------------------------ calls

    def _call(self, script: Script, node: Node, env: Env, depth: int) -> Iterable[Value]:
        is_new = node.type == "new_expression"
        callee = node.child_by_field_name("constructor" if is_new else "function")
        passed = arguments(node)
        if is_require(script, callee) and passed:
            module = [
                each.text
                for each in self._resolve(script, passed[0], env, depth)
                if each.kind == "text"
            ]
            return self._require(script, module[0], depth) if module else ()
        found: list[Value] = []
        for value in self._resolve(script, callee, env, depth):
            if value.kind == "path":
                found.append(
                    Value("path", (*value.path, CALLED), node, script, env=env, id=node.id)
                )
            elif value.kind == "function" and not is_new:
                found += self._returned(value, Site(script, node, tuple(passed), env), depth)
        return found or self._bind(script, callee, env, depth)

    def _bind(self, script: Script, callee: Node | None, env: Env, depth: int) -> Iterable[Value]:
        """Read ``handler.bind(this)`` as ``handler``."""
        if callee is None or callee.type != "member_expression":
            return ()
        name = callee.child_by_field_name("property")
        if name is None or text_of(name) != "bind":
            return ()
        return self._resolve(script, callee.child_by_field_name("object"), env, depth)

    def _returned(self, function: Value, site: Site, depth: int) -> list[Value]:
        assert function.node is not None
        assert function.script is not None
        env = {**function.env, function.node.id: site}
        if len(env) > 6:
            self._cuts += 1
            return []
        return [
            value
            for each in function.script.returns.get(function.node.id, ())[:_MOST]
            for value in self._resolve(function.script, each, env, depth)
        ]

    def _require(self, script: Script, module: str, depth: int) -> Iterable[Value]:
        local = self.local(script, module)
        if local is None:
            return [Value("path", canonical((f"require:{module}",)))]
        whole = [
            value
            for each in local.exports.get("", ())[:_MOST]
            for value in self._resolve(local, each, NOWHERE, depth)
        ]
        return [*whole, Value("module", script=local, id=local.root.id)]

    def local(self, script: Script, module: str) -> Script | None:
        """Return the file of ours that ``require`` of a relative or ``cloud/`` path loads."""
        folder = posixpath.dirname(script.file)
        if module.startswith("cloud/"):
            below = module.removeprefix("cloud/")
            while posixpath.basename(folder) not in {"cloud", ""}:
                folder = posixpath.dirname(folder)
            starts = [posixpath.join(folder, below)]
        elif module.startswith("."):
            starts = [posixpath.normpath(posixpath.join(folder, module))]
        else:
            return None
        for start in starts:
            for ending in ("", ".js", ".cjs", ".mjs", ".ts", "/index.js", "/index.ts"):
                found = self._by_path.get(posixpath.normpath(start + ending))
                if found is not None:
                    return found
        return None
