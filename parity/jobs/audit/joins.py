"""Join tables: the members of relations, and the circles that roles can make.

Source: parse-server ``DatabaseController.js`` (``_Join:<key>:<Class>`` with ``owningId`` and
``relatedId``; a child role X of role Y is owningId Y, relatedId X).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from bson import ObjectId

from parity.jobs.audit import codes
from parity.jobs.audit.context import Context
from parity.jobs.audit.duplicates import Rule
from parity.jobs.audit.findings import Findings
from parity.jobs.audit.schema import RELATION, ClassSchema
from parity.jobs.audit.values import Reference, describe
from parity.jobs.audit.walk import Document

PREFIX: Final = "_Join:"
ROLES_OF_ROLES: Final = "_Join:roles:_Role"


class JoinChecker:
    """Checks the rows of one join table.

    Args:
        name: Its collection: ``_Join:likes:Post``.
        classes: The schema of each class.
        context: Where findings go.
    """

    def __init__(self, name: str, classes: Mapping[str, ClassSchema], context: Context) -> None:
        self.name = name
        self.context = context
        _, key, owner = name.split(":", 2)
        schema = classes.get(owner)
        relation = schema.fields.get(key) if schema is not None else None
        self.declared = relation is not None and relation.kind == RELATION
        self.targets = {"owningId": owner}
        if relation is not None and self.declared:
            self.targets["relatedId"] = relation.target
        self.rule = Rule(codes.JOIN_DUPLICATE, name, "", ("owningId", "relatedId"), _pair)
        self.circles = RoleCircles() if name == ROLES_OF_ROLES else None

    def check(self, _raw: bytes, documents: Sequence[Document]) -> None:
        """Check a batch of rows; the arguments are those of ``ClassChecker.check``."""
        wanted = self.context.references.wanted
        add = partial(self.context.duplicates.add, self.rule)
        for document in documents:
            for key in ("owningId", "relatedId"):
                value = document.get(key)
                if type(value) is not str:
                    self._misformed(key, value, document)
                elif key in self.targets:
                    wanted[self.name, key, self.targets[key]].append(hash(value))
            add(document)
            if self.circles is not None:
                self.circles.add(document)
        if not self.declared and documents:
            for document in documents:
                findings = self.context.findings
                findings.add(codes.JOIN_FIELD, self.name, "", document.get("_id"))

    def references(self, key: str, value: Any) -> Iterator[Reference]:
        """Yield the references of one value, for the second look."""
        if type(value) is str and key in self.targets:
            yield self.targets[key], value

    def _misformed(self, key: str, value: Any, document: Document) -> None:
        detail = f"{describe(value)} instead of text"
        code = codes.OBJECT_ID if type(value) is ObjectId else codes.JOIN_FORM
        self.context.findings.add(code, self.name, key, document.get("_id"), detail)


class RoleCircles:
    """Finds roles that inherit from themselves."""

    def __init__(self) -> None:
        self.children: dict[str, set[str]] = defaultdict(set)

    def add(self, row: Mapping[str, Any]) -> None:
        """Note one row of the join table."""
        parent, child = row.get("owningId"), row.get("relatedId")
        if type(parent) is str and type(child) is str:
            self.children[parent].add(child)

    def report(self, findings: Findings) -> None:
        """Add a finding for each circle, or knot of circles."""
        for group in self.groups():
            findings.add(codes.ROLE_CYCLE, ROLES_OF_ROLES, "", group[0], " → ".join(group))

    def groups(self) -> list[list[str]]:
        """Return the role ids of each circle, or knot of circles that are connected."""
        children = self._knots()
        parents = _turned(children)
        groups, seen = [], set[str]()
        for start in sorted(children):
            if start in seen:
                continue
            group, waiting = list[str](), [start]
            seen.add(start)
            while waiting:
                each = waiting.pop()
                group.append(each)
                near = (children.get(each, set()) | parents.get(each, set())) - seen
                seen |= near
                waiting.extend(sorted(near))
            groups.append(group)
        return groups

    def _knots(self) -> dict[str, set[str]]:
        """Return the roles that have both something above and something below without end."""
        kept = _without_roots(self.children)
        # Taking leaves away makes no new root, so that once in each direction is enough.
        return _turned(_without_roots(_turned(kept)))


def _without_roots(edges: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Take nodes that no edge leads to away, again and again, each edge being seen once."""
    incoming: dict[str, int] = defaultdict(int)
    for ends in edges.values():
        for end in ends:
            incoming[end] += 1
    roots = [node for node in edges if not incoming[node]]
    gone = set[str]()
    while roots:
        node = roots.pop()
        gone.add(node)
        for end in edges.get(node, ()):
            incoming[end] -= 1
            if not incoming[end]:
                roots.append(end)
    return {node: ends - gone for node, ends in edges.items() if node not in gone}


def _turned(edges: Mapping[str, set[str]]) -> dict[str, set[str]]:
    turned: dict[str, set[str]] = defaultdict(set)
    for node, ends in edges.items():
        for end in ends:
            turned[end].add(node)
    return turned


def _pair(row: Mapping[str, Any]) -> tuple[str, str] | None:
    owner, related = row.get("owningId"), row.get("relatedId")
    return (owner, related) if type(owner) is str and type(related) is str else None
