"""What can go wrong with a database: each kind of harm, planted alone into a seeded one."""

from __future__ import annotations

from typing import Final

from tests.jobs.verify.audit_damages import AUDIT
from tests.jobs.verify.plants import Damage
from tests.jobs.verify.verify_damages import VERIFY

__all__ = ["AUDIT", "DAMAGES", "VERIFY", "Damage"]

DAMAGES: Final[tuple[Damage, ...]] = (*VERIFY, *AUDIT)
