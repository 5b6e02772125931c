"""A scenario as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parity.compare.versions import Versions


@dataclass(frozen=True, slots=True)
class Answer:
    """What Parse Servers of some versions are known to answer instead.

    Attributes:
        versions: Which versions; empty for all.
        expectation: The expectation as written, with templates.
    """

    versions: Versions
    expectation: Mapping[str, Any]

    def applies(self, version: str | None) -> bool:
        """Return whether a server of this version (``None``: unknown) may answer so."""
        return version is None or version in self.versions


@dataclass(frozen=True, slots=True)
class Step:
    """One request and what is expected of its reply.

    Attributes:
        number: Position in the scenario, from 1.
        line: Line in its file.
        actor: ``rest``, ``master``, ``none``, ``javascript`` or one of the scenario's users.
        method: HTTP method.
        path: Path below the mount, without a leading slash; may hold templates.
        query: Query parameters.
        headers: Headers beside (or instead of) those of the credentials.
        body: JSON body; ``None`` sends none.
        text: Raw body instead of ``body``.
        capture: Name to JSON path in the reply.
        hosted: What the hosted service answers, with templates: this decides.
        server: What Parse Server is known to answer instead, by version; empty for the same.
    """

    number: int
    line: int
    actor: str
    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    text: str | None = None
    capture: Mapping[str, str] = field(default_factory=dict)
    hosted: Mapping[str, Any] = field(default_factory=dict)
    server: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """Exchanges that people wrote to show one behaviour.

    Attributes:
        id: Name of the file without its ending; the id of its check.
        title: The behaviour of the hosted service, in one sentence.
        area: Part of the API.
        differences: Ids of the known differences that it shows; empty for a regression guard.
        provenance: How the hosted behaviour is known, as in the register.
        source: Where that can be read.
        level: ``must``, ``should`` or ``may``.
        effect: ``reads``, ``writes`` or ``destructive``.
        needs: Capabilities that the target must have.
        users: Users that are signed up for it.
        steps: Its requests, in order.
        file: Where it was read from.
    """

    id: str
    title: str
    area: str
    differences: tuple[str, ...]
    provenance: str
    source: str
    level: str
    effect: str
    needs: tuple[str, ...]
    users: tuple[str, ...]
    steps: tuple[Step, ...]
    file: Path
