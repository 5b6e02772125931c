"""``parity preflight``: is this MongoDB fit to receive the data of a hosted Parse app?"""

from parity.jobs.preflight.codes import Code, Explanation, explain
from parity.jobs.preflight.conditions import Limits
from parity.jobs.preflight.engine import PreflightOptions, PreflightReport, preflight
from parity.jobs.preflight.judged import Judged
from parity.jobs.preflight.status import MigrationStatus, read_status

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
