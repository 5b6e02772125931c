"""``parity scan``: cloud code, clients and recorded traffic that will not survive the move.

Static: nothing is executed and nothing is fetched.
"""

from __future__ import annotations

from parity.jobs.scan.codes import CODES
from parity.jobs.scan.engine import scan
from parity.jobs.scan.model import ScanReport

__all__ = ["CODES", "ScanReport", "scan"]
