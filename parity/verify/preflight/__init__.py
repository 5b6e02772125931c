"""``parity preflight``: is this MongoDB fit to receive the data of a hosted Parse app?"""

from parity.verify.preflight.codes import Code, Explanation, explain
from parity.verify.preflight.conditions import Limits
from parity.verify.preflight.engine import PreflightOptions, PreflightReport, preflight
from parity.verify.preflight.judged import Judged
from parity.verify.preflight.status import MigrationStatus, read_status

__all__ = [
    "Code",
    "Explanation",
    "Judged",
    "Limits",
    "MigrationStatus",
    "PreflightOptions",
    "PreflightReport",
    "explain",
    "preflight",
    "read_status",
]
