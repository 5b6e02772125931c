"""The vocabulary that every floor shares: targets, exchanges, differences, outcomes, evidence.

Everything here is a frozen value. Nothing here does I/O except :mod:`parity.model.evidence`.
"""

from parity.model.difference import Difference, Kind
from parity.model.errors import (
    BadReply,
    HarnessError,
    SetUpFailed,
    TargetDown,
    TargetTimeout,
    UserError,
)
from parity.model.exchange import Exchange, ExchangeRequest, ExchangeResponse
from parity.model.outcome import ExitCode, Outcome
from parity.model.secret import Secret
from parity.model.target import Keys, Style, Target, Writes

__all__ = [
    "BadReply",
    "Difference",
    "Exchange",
    "ExchangeRequest",
    "ExchangeResponse",
    "ExitCode",
    "HarnessError",
    "Keys",
    "Kind",
    "Outcome",
    "Secret",
    "SetUpFailed",
    "Style",
    "Target",
    "TargetDown",
    "TargetTimeout",
    "UserError",
    "Writes",
]
