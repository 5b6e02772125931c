"""The codes of findings of a replay; what each one means is in ``codes.toml``."""

from __future__ import annotations

from typing import Final

from parity.model.finding import read_catalogue

CODES: Final = read_catalogue(__file__)

DIFFERENT: Final = CODES["RPL-DIFFERENT"]
FOLLOWS: Final = CODES["RPL-FOLLOWS"]
BREAKING: Final = CODES["RPL-BREAKING"]
NOISY: Final = CODES["RPL-NOISE"]
