"""``parity scan``: cloud code, clients and recorded traffic that will not survive the move.

Static: nothing is executed and nothing is fetched.
"""

from __future__ import annotations

from parity.jobs.scan.engine import scan
from parity.jobs.scan.model import (
    ClientShare,
    Definition,
    Finding,
    Place,
    Rule,
    ScanReport,
    Skipped,
    Traffic,
)
from parity.jobs.scan.rules import RULES

__all__ = [
    "RULES",
    "ClientShare",
    "Definition",
    "Finding",
    "Place",
    "Rule",
    "ScanReport",
    "Skipped",
    "Traffic",
    "scan",
]
