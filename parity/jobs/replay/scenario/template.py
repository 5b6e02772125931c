"""``${…}`` in the requests and expectations of a scenario: a closed grammar, no code.

- ``${alice.objectId}``, ``${obj.rows[0].n}``: what an earlier step captured, or a user
- ``${mount}``, ``${url}``, ``${i}``: the target's mount and address; the index in ``$repeat``
- ``${class:Note}``, ``${name:alice}``: a class, another name, new in this run, one per scenario
- ``${uuid:phone}``, ``${hex:token}``: a random UUID, 64 random hexadecimal digits
- ``${fill:1000}``: so many letters

A text that is one reference as a whole becomes the value itself, not its text.
``{$repeat: 51, $of: {n: "${i}"}}`` is a list of so many values.
"""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from parity.compare.values import follow

MAX_FILL = 30_000_000
MAX_REPEAT = 20_000
REFERENCE = re.compile(
    r"\$\{(?:(?P<kind>[a-z]+):(?P<argument>[A-Za-z0-9_-]+)"
    r"|(?P<name>[A-Za-z_]\w*)(?P<path>(?:\.\w+|\[\d+\])*))\}"
)
KINDS = ("class", "name", "uuid", "hex", "fill")
GIVEN = ("mount", "url", "i")
"""Names that every scenario has."""
REPEAT = frozenset({"$repeat", "$of"})


class UnknownName(ValueError):
    """A reference to something that nobody captured."""


class Names:
    """What the references of one run of a scenario stand for.

    Args:
        given: Values by name: users, the mount.
        new_class: Makes a class name that is new in this run.
        new_name: Makes another name that is new in this run.
    """

    def __init__(
        self,
        given: Mapping[str, Any],
        new_class: Callable[[str], str],
        new_name: Callable[[str], str],
    ) -> None:
        self.values: dict[str, Any] = dict(given)
        self._made: dict[str, Any] = {}
        self._makers: dict[str, Callable[[str], Any]] = {
            "class": new_class,
            "name": new_name,
            "uuid": lambda _: str(uuid.uuid4()),
            "hex": lambda _: secrets.token_hex(32),
            "fill": lambda count: "x" * min(int(count), MAX_FILL),
        }

    def fill(self, value: Any) -> Any:
        """Return a JSON value with its references replaced, and ``$repeat`` written out.

        Raises:
            UnknownName: A reference to nothing.
        """
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            return [self.fill(each) for each in value]
        if isinstance(value, Mapping):
            if set(value) == REPEAT:
                return self._repeat(int(value["$repeat"]), value["$of"])
            return {self._key(key): self.fill(each) for key, each in value.items()}
        return value

    def _repeat(self, count: int, value: Any) -> list[Any]:
        found = []
        for i in range(count):
            self.values["i"] = i
            found.append(self.fill(value))
        self.values.pop("i", None)
        return found

    def _key(self, key: str) -> str:
        return str(self._text(key))

    def _text(self, text: str) -> Any:
        whole = REFERENCE.fullmatch(text)
        if whole:
            return self._value(whole)
        return REFERENCE.sub(lambda match: str(self._value(match)), text)

    def _value(self, match: re.Match[str]) -> Any:
        kind, argument = match["kind"], match["argument"]
        if kind is not None:
            if match[0] not in self._made:
                self._made[match[0]] = self._makers[kind](argument)
            return self._made[match[0]]
        if match["name"] not in self.values:
            raise UnknownName(f"{match[0]} was not captured")
        try:
            return follow(self.values[match["name"]], match["path"])
        except LookupError as error:
            raise UnknownName(f"{match[0]} has no such member") from error


def references(value: Any) -> set[tuple[str, str]]:
    """Return the references in a JSON value.

    Returns:
        Pairs of kind and argument; the kind of a captured name is empty.

    Raises:
        ValueError: A ``${`` that is no reference.
    """
    if isinstance(value, str):
        rest = REFERENCE.sub("", value)
        if "${" in rest:
            raise ValueError(f"{value!r}: not a reference; write ${{name.member}} or ${{class:A}}")
        return {(m["kind"] or "", m["argument"] or m["name"]) for m in REFERENCE.finditer(value)}
    if isinstance(value, list):
        return set().union(*map(references, value))
    if isinstance(value, Mapping):
        return set().union(*map(references, value), *map(references, value.values()))
    return set()
