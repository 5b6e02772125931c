"""``parity audit``: is one Parse database sound in itself?

:func:`audit_database` reads every collection once and returns findings; what the codes mean is in
:mod:`parity.jobs.audit.codes`.
"""

from parity.jobs.audit.codes import Code, Explanation, explain
from parity.jobs.audit.engine import (
    AuditInterrupted,
    AuditOptions,
    AuditReport,
    audit_database,
)
from parity.jobs.audit.findings import Example, Finding

__all__ = [
    "AuditInterrupted",
    "AuditOptions",
    "AuditReport",
    "Code",
    "Example",
    "Explanation",
    "Finding",
    "audit_database",
    "explain",
]
