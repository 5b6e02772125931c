"""The rules for cloud code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from tree_sitter import Node

from parity.jobs.scan.codes import (
    ANALYTICS,
    BACKBONE_CALLBACK,
    BACKBONE_CLASS,
    CLOUD_PATH,
    CLOUD_URL,
    CONFIG,
    CURRENT_USER,
    DEFINITION_UNKNOWN,
    HOSTED_MODULES,
    HOSTING_LISTEN,
    HOSTING_MODULE,
    HTTP_REQUEST,
    JOB_SCHEDULE,
    JOB_STATUS,
    NO_ANSWER,
    PARSE_PROMISE,
    PUSH_NO_MASTER,
    REQUIRE_DYNAMIC,
    RESPONSE_CALLBACK,
    USE_MASTER_KEY,
)
from parity.jobs.scan.definitions import Registered, router_values
from parity.jobs.scan.model import Match, printable
from parity.jobs.scan.script import Script, arguments, parameters, string_of, text_of
from parity.jobs.scan.sdk import hosts_in, pages_in
from parity.jobs.scan.symbols import Symbols
from parity.jobs.scan.values import CALLED, Value, property_of, requires
from parity.model.finding import Code

_GONE: Final[dict[tuple[str, ...], Code]] = {
    ("Parse", "Cloud", "httpRequest"): HTTP_REQUEST,
    ("Parse", "Cloud", "useMasterKey"): USE_MASTER_KEY,
    ("Parse", "User", "current"): CURRENT_USER,
    ("Parse", "Promise"): PARSE_PROMISE,
    ("Parse", "Analytics"): ANALYTICS,
    ("Parse", "Config"): CONFIG,
    **{
        ("Parse", name): BACKBONE_CLASS
        for name in ("Collection", "Events", "History", "Router", "View")
    },
}
_ANSWERS = frozenset({"success", "error"})
_CALLBACK_METHODS = frozenset(
    {
        "add", "become", "count", "destroy", "destroyAll", "each", "fetch", "fetchAll",
        "fetchAllIfNeeded", "find", "first", "get", "httpRequest", "link", "logIn", "logOut",
        "refresh", "requestPasswordReset", "run", "save", "saveAll", "send", "signUp", "track",
        "unlink",
    }
)  # fmt: skip
_FILE_METHODS = frozenset(
    {
        "access", "accessSync", "createReadStream", "exists", "existsSync", "join", "readFile",
        "readFileSync", "readdir", "readdirSync", "resolve", "sendFile", "sendfile", "stat",
        "statSync", "static",
    }
)  # fmt: skip
_PATH_METHODS = frozenset({"join", "resolve"})
_READS = frozenset({"createReadStream", "readFile", "readFileSync"})
_LOGS = frozenset({"console", "JSON", "util", "winston", "log"})
_HOSTING_MODULES = frozenset({"parse-express-https-redirect", "parse-express-cookie-session"})
_EXPRESS = (("require:express", CALLED),)


def cloud_findings(
    symbols: Symbols, found: Registered, packages: Callable[[str], frozenset[str]]
) -> Iterator[Match]:
    """Yield what will not work in cloud code.

    Args:
        symbols: The files, with what their names stand for.
        found: What they register.
        packages: The packages that the nearest ``package.json`` of a file asks for.
    """
    jobs = [definition for definition in found.definitions if definition.kind == "job"]
    yield from (Match(JOB_SCHEDULE, job.place, f"job {job.name!r}") for job in jobs)
    yield from _silent(found)
    for each in found.unnamed:
        yield Match(DEFINITION_UNKNOWN, each.script.place(each.call), each.what)
    for script in symbols.scripts:
        reader = _Reader(symbols, script)
        yield from reader.modules(packages(script.file))
        yield from reader.gone()
        yield from reader.calls()
        yield from reader.answers(found)
        yield from reader.urls()


def _silent(found: Registered) -> Iterator[Match]:
    """Yield handlers with a second parameter that they never use, except to log it."""
    for handler in found.handlers:
        given = parameters(handler.function)
        if not handler.must_answer or len(given) < 2 or given[1].type != "identifier":
            continue
        name = text_of(given[1])
        body = handler.function.child_by_field_name("body")
        if body is not None and not _answers(body, name):
            place = handler.script.place(handler.function)
            yield Match(NO_ANSWER, place, f"{printable(name)} is never answered through")


def _answers(body: Node, name: str) -> bool:
    todo = [body]
    while todo:
        node = todo.pop()
        if node.type in {"identifier", "shorthand_property_identifier"} and text_of(node) == name:
            return True
        if text_of(node).startswith("arguments"):
            return True
        todo += [child for child in node.named_children if not _is_log(child)]
    return False


def _is_log(node: Node) -> bool:
    callee = node.child_by_field_name("function") if node.type == "call_expression" else None
    return callee is not None and text_of(callee).partition(".")[0] in _LOGS


def texts_read(symbols: Symbols) -> set[str]:
    """Return the ``.js`` files that cloud code reads as texts: templates that could not be else."""
    found: set[str] = set()
    for script in symbols.scripts:
        for call in script.of("call_expression"):
            callee = call.child_by_field_name("function")
            named = callee.child_by_field_name("property") if callee is not None else None
            if named is not None and text_of(named) in _READS:
                for text in symbols.texts(script, next(iter(arguments(call)), None)):
                    if text.endswith(".js"):
                        found.add("/" + text.removeprefix("./").removeprefix("cloud/"))
    return found


class _Reader:
    def __init__(self, symbols: Symbols, script: Script) -> None:
        self.symbols = symbols
        self.script = script

    def finding(self, rule: Code, node: Node, detail: str) -> Match:
        return Match(rule, self.script.place(node), printable(detail))

    def modules(self, packages: frozenset[str]) -> Iterator[Match]:
        for call, module in requires(self.script):
            texts = self.symbols.texts(self.script, module)
            if not texts:
                yield self.finding(REQUIRE_DYNAMIC, call, "require of an expression")
            for text in texts:
                name = text.removesuffix(".js")
                if name in HOSTED_MODULES and (name == "buffer" or name not in packages):
                    yield self.finding(HOSTED_MODULES[name], call, f"require('{name}')")
                elif name in _HOSTING_MODULES:
                    yield self.finding(HOSTING_MODULE, call, f"require('{name}')")
                elif text.startswith("cloud/"):
                    yield self.finding(CLOUD_PATH, call, f"require('{text}')")

    def gone(self) -> Iterator[Match]:
        """Yield what is no longer there, or does something else, under its name or another."""
        nodes = [*self.script.of("member_expression", "subscript_expression")]
        for each in self.script.of("call_expression", "new_expression"):
            callee = each.child_by_field_name("function") or each.child_by_field_name("constructor")
            if callee is not None and callee.type == "identifier":
                nodes.append(callee)
        for node in nodes:
            for path in self.symbols.paths(self.script, node):
                gone = path if path in _GONE else path[:2]
                if gone in _GONE and len(path) <= 3 and CALLED not in path:
                    yield self.finding(_GONE[gone], node, ".".join(path))
                elif len(path) == 2 and path[1] == "initialize" and _is_hosted(path[0]):
                    module = path[0].removeprefix("require:")
                    yield self.finding(HOSTED_MODULES[module], node, f"{module}.initialize")

    def calls(self) -> Iterator[Match]:
        for call in self.script.of("call_expression"):
            callee = call.child_by_field_name("function")
            if callee is None or callee.type not in {"member_expression", "subscript_expression"}:
                continue
            yield from self._push(call, callee)
            yield from self._files(call, callee)
            yield from self._backbone(call, callee)
            yield from self._website(call, callee)

    def _files(self, call: Node, callee: Node) -> Iterator[Match]:
        """Yield paths that start at ``cloud/``: the hosted service started there, Node does not."""
        name = self._method(callee)
        if name not in _FILE_METHODS or (name in _PATH_METHODS and not self._is_path(callee)):
            return
        first = next(iter(arguments(call)), None)
        for text in self.symbols.texts(self.script, first):
            if text.startswith("cloud/") or (text == "cloud" and name in _PATH_METHODS):
                yield self.finding(CLOUD_PATH, call, f"{name}('{text}')")
                return

    def _is_path(self, callee: Node) -> bool:
        """Tell whether this is a method of Node's ``path``, not of an array or a promise."""
        receiver = callee.child_by_field_name("object")
        known = self.symbols.paths(self.script, receiver)
        return ("require:path",) in known or (
            receiver is not None and text_of(receiver) in {"path", "Path"}
        )

    def _push(self, call: Node, callee: Node) -> Iterator[Match]:
        if ("Parse", "Push", "send") not in self.symbols.paths(self.script, callee):
            return
        options = arguments(call)[1:2]
        values = [each for node in options for each in self.symbols.resolve(self.script, node)]
        if not any(self._has(value, "useMasterKey") for value in values):
            yield self.finding(PUSH_NO_MASTER, call, "Parse.Push.send")

    def _backbone(self, call: Node, callee: Node) -> Iterator[Match]:
        name = self._method(callee)
        passed = arguments(call)
        if name not in _CALLBACK_METHODS or not passed:
            return
        receiver = self.symbols.resolve(self.script, callee.child_by_field_name("object"))
        if receiver and all(_is_foreign(each) for each in receiver):
            return
        for value in self.symbols.resolve(self.script, passed[-1]):
            given = [name for name in ("success", "error") if self._is_callback(value, name)]
            if given:
                yield self.finding(
                    BACKBONE_CALLBACK,
                    call,
                    f"{name} with {' and '.join(given)}",
                )
                return

    def _website(self, call: Node, callee: Node) -> Iterator[Match]:
        name = self._method(callee)
        if name not in {"listen", "set"}:
            return
        objects = router_values(self.symbols, self.script, callee)
        if not any(object_.kind == "path" and object_.path in _EXPRESS for object_ in objects):
            return
        passed = arguments(call)
        if name == "listen" and not passed:
            yield self.finding(HOSTING_LISTEN, call, "app.listen()")
        if name == "set" and len(passed) == 2:
            for text in self.symbols.texts(self.script, passed[1]):
                if text.startswith("cloud/"):
                    yield self.finding(CLOUD_PATH, call, f"'{text}'")

    def answers(self, found: Registered) -> Iterator[Match]:
        """Yield where a handler, or what it calls, answers through its second parameter."""
        kinds = {handler.function.id: handler.kind for handler in found.handlers}
        for node in self._answering():
            for value in self._parameters(node, {*_ANSWERS, "message"}):
                kind = kinds.get(value.id)
                if kind is None or value.index != 1 or len(value.path) != 1:
                    continue
                word = value.path[0]
                if kind == "job" and word in {*_ANSWERS, "message"}:
                    yield self.finding(JOB_STATUS, node, f"status.{word}")
                elif kind != "job" and word in _ANSWERS:
                    yield self.finding(RESPONSE_CALLBACK, node, f"response.{word}")
        yield from self._passed_on(kinds)

    def _answering(self) -> Iterator[Node]:
        yield from self.script.of("member_expression", "subscript_expression")
        for call in self.script.of("call_expression"):
            callee = call.child_by_field_name("function")
            if callee is not None and callee.type == "identifier":
                yield callee

    def _parameters(self, node: Node, words: set[str]) -> Iterator[Value]:
        for value in self.symbols.resolve(self.script, node):
            if value.kind == "param" and value.path and value.path[-1] in words:
                yield from (each for each in self.symbols.expand(value) if each.kind == "param")

    def _passed_on(self, kinds: Mapping[int, str]) -> Iterator[Match]:
        """Yield where the second parameter is handed to code that was not given."""
        for call in self.script.of("call_expression"):
            callee = call.child_by_field_name("function")
            for argument in arguments(call):
                if argument.type != "identifier":
                    continue
                for value in self.symbols.resolve(self.script, argument):
                    is_response = value.kind == "param" and value.index == 1 and not value.path
                    if (
                        is_response
                        and value.id in kinds
                        and not self._is_ours(callee)
                        and not _is_log(call)
                    ):
                        rule = JOB_STATUS if kinds[value.id] == "job" else RESPONSE_CALLBACK
                        yield self.finding(rule, call, f"{text_of(argument)} is passed on")

    def _method(self, callee: Node) -> str:
        named = callee.child_by_field_name("property")
        if named is not None:
            return text_of(named)
        index = self.symbols.texts(self.script, callee.child_by_field_name("index"))
        return index[0] if index else ""

    def _is_ours(self, callee: Node | None) -> bool:
        return any(each.kind == "function" for each in self.symbols.resolve(self.script, callee))

    def urls(self) -> Iterator[Match]:
        for node in self.script.of("string", "template_string"):
            for host, _ in (*hosts_in(text_of(node)), *pages_in(text_of(node))):
                yield self.finding(CLOUD_URL, node, host)

    def _has(self, value: Value, name: str) -> bool:
        return value.kind == "object" and property_of(value.node, name) is not None

    def _is_callback(self, value: Value, name: str) -> bool:
        """Tell whether a property is more than a plain value such as ``true`` or a text."""
        if value.kind != "object":
            return False
        node = property_of(value.node, name)
        plain = {"true", "false", "null", "number", "undefined", "object", "array"}
        return node is not None and node.type not in plain and string_of(node) is None


def _is_hosted(name: str) -> bool:
    return name.startswith("require:") and name.removeprefix("require:") in HOSTED_MODULES


def _is_foreign(value: Value) -> bool:
    """Tell whether a value surely is nothing of Parse: ``$``, a module, an object literal."""
    if value.kind == "path":
        return value.path[0] != "Parse" and (
            value.path[0].startswith("require:")
            or value.path[0] in {"$", "jQuery", "axios", "_", "AV"}
        )
    return value.kind in {"text", "object", "module"}
