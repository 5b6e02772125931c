"""One JavaScript file: its tree, its scopes and what its names are bound to.

Nothing is executed. Trees come from tree-sitter, which reads broken files too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from tree_sitter import Node, Parser

from parity.jobs.scan.languages import grammar_of
from parity.jobs.scan.model import Place

FUNCTIONS: Final = frozenset(
    {
        "arrow_function",
        "function_declaration",
        "function_expression",
        "generator_function",
        "generator_function_declaration",
        "method_definition",
    }
)
_COLLECTED: Final = frozenset(
    {
        "call_expression",
        "comment",
        "export_statement",
        "import_statement",
        "member_expression",
        "new_expression",
        "string",
        "subscript_expression",
        "template_string",
    }
)
_IDENTIFIERS: Final = frozenset({"identifier", "shorthand_property_identifier_pattern"})


@dataclass(frozen=True, slots=True)
class Bound:
    """What a name may stand for.

    Attributes:
        kind: ``value`` (an expression), ``element`` (of an array), ``param``, ``import``,
            ``unknown``.
        node: The expression, or the function of a parameter.
        path: Properties below it: ``const {Cloud} = Parse`` binds ``Cloud`` to ``Parse`` with
            ``("Cloud",)``.
        index: Position of a parameter.
        text: Module of an import.
    """

    kind: str
    node: Node | None = None
    path: tuple[str, ...] = ()
    index: int = 0
    text: str = ""


@dataclass(slots=True)
class Scope:
    """The names of one function, or of the file."""

    function: Node | None
    parent: Scope | None
    names: dict[str, list[Bound]] = field(default_factory=dict)

    def find(self, name: str) -> list[Bound] | None:
        """Return what a name is bound to, or ``None`` for a global."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return None


@dataclass(slots=True, eq=False)
class Script:
    """A file that was parsed.

    Attributes:
        file: Path as the user knows it.
        source: Its bytes, UTF-8.
        root: Tree.
        scopes: Scope of each node that is looked at, by id of the node.
        nodes: Nodes of interest by type, in the order of the file.
        exports: What it exports: name (``""`` for ``module.exports``) to expressions.
        returns: Expressions that a function may return, by its node's id.
        members: Expressions that are assigned to a property, by its text: ``handlers.hello``.
    """

    file: str
    source: bytes
    root: Node
    scopes: dict[int, Scope] = field(default_factory=dict)
    nodes: dict[str, list[Node]] = field(default_factory=dict)
    exports: dict[str, list[Node]] = field(default_factory=dict)
    returns: dict[int, list[Node]] = field(default_factory=dict)
    members: dict[str, list[Node]] = field(default_factory=dict)

    def place(self, node: Node) -> Place:
        """Return where a node starts."""
        row, column = node.start_point
        start = node.start_byte - column
        before = self.source[start : node.start_byte].decode("utf-8", "replace")
        return Place(self.file, row + 1, len(before) + 1)

    def of(self, *types: str) -> Iterator[Node]:
        """Yield the nodes of some types."""
        for type_ in types:
            yield from self.nodes.get(type_, ())


def text_of(node: Node) -> str:
    """Return the source of a node."""
    return (node.text or b"").decode("utf-8", "replace")


def string_of(node: Node) -> str | None:
    """Return the text of a string or of a template without substitutions, else ``None``."""
    if node.type == "string" or (
        node.type == "template_string"
        and not any(child.type == "template_substitution" for child in node.named_children)
    ):
        return text_of(node)[1:-1]
    return None


def parse_script(file: str, source: bytes) -> Script:
    """Parse a file and bind its names.

    Args:
        file: Path for places.
        source: UTF-8; anything else is parsed as well as it goes.

    Returns:
        The script; ``script.root.has_error`` tells whether all of it was understood.
    """
    ending = "ts" if file.endswith(".ts") else "js"
    tree = Parser(grammar_of(ending)).parse(source)
    script = Script(file, source, tree.root_node)
    _Binder(script).bind()
    return script


class _Binder:
    def __init__(self, script: Script) -> None:
        self.script = script
        self.assignments: list[tuple[Node, Scope]] = []

    def bind(self) -> None:
        top = Scope(None, None)
        todo: list[tuple[Node, Scope]] = [(self.script.root, top)]
        while todo:
            node, scope = todo.pop()
            inner = self._enter(node, scope)
            todo += [(child, inner) for child in reversed(node.named_children)]
        # After all declarations: an assignment binds the name that is declared, wherever.
        for node, scope in self.assignments:
            self._assign(node, scope)

    def _enter(self, node: Node, scope: Scope) -> Scope:
        kind = node.type
        self.script.scopes[node.id] = scope
        if kind in _COLLECTED:
            self.script.nodes.setdefault(kind, []).append(node)
        if kind in FUNCTIONS:
            return self._function(node, scope)
        if kind == "variable_declarator":
            self._declare(node, scope)
        elif kind == "assignment_expression":
            self.assignments.append((node, scope))
        elif kind == "return_statement" and scope.function is not None:
            self.script.returns.setdefault(scope.function.id, []).extend(node.named_children[:1])
        elif kind == "for_in_statement":
            self._loop(node, scope)
        elif kind in {"import_statement", "export_statement"}:
            self._module(node, scope)
        elif kind == "catch_clause":
            self._pattern(node.child_by_field_name("parameter"), Bound("unknown"), scope)
        elif kind == "class_declaration":
            self._pattern(node.child_by_field_name("name"), Bound("unknown"), scope)
        return scope

    def _function(self, node: Node, scope: Scope) -> Scope:
        inner = Scope(node, scope)
        name = node.child_by_field_name("name")
        if name is not None and node.type.endswith("declaration"):
            self._pattern(name, Bound("value", node), scope)
        elif name is not None and node.type != "method_definition":
            self._pattern(name, Bound("value", node), inner)
        for index, each in enumerate(parameters(node)):
            self._pattern(each, Bound("param", node, index=index), inner)
        body = node.child_by_field_name("body")
        if node.type == "arrow_function" and body is not None and body.type != "statement_block":
            self.script.returns.setdefault(node.id, []).append(body)
        return inner

    def _declare(self, node: Node, scope: Scope) -> None:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        declared = Bound("unknown") if value is None else Bound("value", value)
        self._pattern(name, declared, scope)

    def _loop(self, node: Node, scope: Scope) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if node.child_by_field_name("kind") is not None:
            self._pattern(left, Bound("element", right), scope)

    def _assign(self, node: Node, scope: Scope) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            return
        if left.type in {"identifier", "object_pattern"}:
            self._pattern(left, Bound("value", right), scope, declares=False)
        elif left.type == "member_expression":
            target = text_of(left).replace(" ", "")
            self.script.members.setdefault(target, []).append(right)
            self._export(target, right)

    def _export(self, target: str, value: Node) -> None:
        if target in {"module.exports", "exports"}:
            self.script.exports.setdefault("", []).append(value)
        elif target.startswith(("module.exports.", "exports.")):
            name = target.removeprefix("module.").removeprefix("exports.")
            self.script.exports.setdefault(name, []).append(value)

    def _pattern(
        self, node: Node | None, bound: Bound, scope: Scope, *, declares: bool = True
    ) -> None:
        if node is None:
            return
        if node.type in _IDENTIFIERS:
            self._name(text_of(node), bound, scope, declares=declares)
        elif node.type == "object_pattern":
            for child in node.named_children:
                self._property(child, bound, scope, declares=declares)
        elif node.type in {"assignment_pattern", "object_assignment_pattern"}:
            self._pattern(node.child_by_field_name("left"), bound, scope, declares=declares)
        elif node.type in {"array_pattern", "rest_pattern"}:
            for child in node.named_children:
                self._pattern(child, Bound("unknown"), scope, declares=declares)

    def _property(self, node: Node, bound: Bound, scope: Scope, *, declares: bool) -> None:
        key = node.child_by_field_name("key") or node.child_by_field_name("left") or node
        name = string_of(key) or text_of(key)
        below = Bound(bound.kind, bound.node, (*bound.path, name), bound.index, bound.text)
        if node.type == "pair_pattern":
            self._pattern(node.child_by_field_name("value"), below, scope, declares=declares)
        else:
            self._pattern(node, below, scope, declares=declares)

    def _name(self, name: str, bound: Bound, scope: Scope, *, declares: bool) -> None:
        known = scope.names.setdefault(name, []) if declares else scope.find(name)
        if known is None:
            top = scope
            while top.parent is not None:
                top = top.parent
            known = top.names.setdefault(name, [])
        known.append(bound)

    def _module(self, node: Node, scope: Scope) -> None:
        source = source_of(node)
        if node.type == "import_statement" and source is not None:
            module = string_of(source) or ""
            for clause in node.named_children:
                if clause.type == "import_clause":
                    self._imports(clause, module, scope)
                elif clause.type == "import_require_clause":
                    self._pattern(clause.named_children[0], Bound("import", text=module), scope)
            return
        declaration = node.child_by_field_name("declaration")
        value = node.child_by_field_name("value")
        if value is not None or (declaration is not None and _is_default(node)):
            self.script.exports.setdefault("default", []).append(value or declaration)  # type: ignore[arg-type]
        elif declaration is not None:
            self._exported(declaration)

    def _exported(self, declaration: Node) -> None:
        name = declaration.child_by_field_name("name")
        if declaration.type in FUNCTIONS and name is not None:
            self.script.exports.setdefault(text_of(name), []).append(declaration)
        for child in declaration.named_children:
            named, value = child.child_by_field_name("name"), child.child_by_field_name("value")
            if child.type == "variable_declarator" and named is not None and value is not None:
                self.script.exports.setdefault(text_of(named), []).append(value)

    def _imports(self, clause: Node, module: str, scope: Scope) -> None:
        for child in clause.named_children:
            if child.type == "identifier":
                self._pattern(child, Bound("import", text=module, path=("default",)), scope)
            elif child.type == "namespace_import":
                for name in child.named_children:
                    self._pattern(name, Bound("import", text=module), scope)
            for specifier in child.named_children if child.type == "named_imports" else ():
                named = specifier.child_by_field_name("name")
                alias = specifier.child_by_field_name("alias") or named
                if named is not None:
                    bound = Bound("import", text=module, path=(text_of(named),))
                    self._pattern(alias, bound, scope)


def _is_default(node: Node) -> bool:
    return any(child.type == "default" for child in node.children)


def parameters(function: Node) -> list[Node]:
    """Return the parameters of a function, in order."""
    single = function.child_by_field_name("parameter")
    if single is not None:
        return [single]
    listed = function.child_by_field_name("parameters")
    found = [child for child in listed.named_children if child.type != "comment"] if listed else []
    # TypeScript wraps each: its pattern and its type.
    return [each.child_by_field_name("pattern") or each for each in found]


def source_of(statement: Node) -> Node | None:
    """Return the module of an ``import`` or ``export``, also of ``import a = require("b")``."""
    clauses = (each for each in statement.named_children if each.type == "import_require_clause")
    return (next(clauses, None) or statement).child_by_field_name("source")


def arguments(call: Node) -> list[Node]:
    """Return the arguments of a call or of ``new``, in order."""
    listed = call.child_by_field_name("arguments")
    if listed is None or listed.type != "arguments":
        return []
    return [child for child in listed.named_children if child.type != "comment"]
