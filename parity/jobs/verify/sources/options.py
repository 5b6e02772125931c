"""What may be asked of a verification against a source that is not MongoDB."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from parity.jobs.verify.result import DocumentDifference
from parity.model import Target

Progress = Callable[[str, str, int], None]
"""Called with ``"read"`` or ``"compare"``, a class, and the objects of it so far."""
Found = Callable[[DocumentDifference], None]
"""Called with every object that differs."""


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """Settings of one verification.

    Attributes:
        work: Folder for the index of the source, as large as the source; the report's folder.
        resume: Go on with the index that a run before left in ``work``.
        classes: Verify only these; empty means all.
        exclude: Do not verify these (``*`` and ``?`` as in a shell); they are listed.
        max_rps: Most requests a second to a REST source.
        max_mb_s: Most megabytes a second from a REST source.
        read_preference: Which member of the destination is read.
        page_rows: Most objects of one answer; the server may make it less.
        tries: How often one request is sent before its class is given up.
        owners: Owners of each relation that are asked for their members; of more, a sample.
        rechecked: Objects of each class that are read again on both sides before they are judged.
        pause: Waits; tests need not.
        clock: Seconds that only go up.
    """

    work: Path
    resume: bool = False
    classes: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    max_rps: float | None = None
    max_mb_s: float | None = None
    read_preference: str = "primary"
    page_rows: int = 1000
    tries: int = 8
    owners: int = 10_000
    rechecked: int = 10_000
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class RestSource:
    """A source that is read through its REST API.

    Attributes:
        target: The endpoint; it has a master key.
        classes: Its classes, where it has no ``/schemas``; empty asks it, or else takes those of
            the destination.
    """

    target: Target
    classes: tuple[str, ...] = ()
