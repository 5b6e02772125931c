"""Gates and the board: evidence in, a verdict out. Nothing here asks a server."""

from __future__ import annotations

from parity.gate.board import StepResult, StepState, board
from parity.gate.judge import judge
from parity.gate.lapse import Now
from parity.gate.load import GATES, load_gate, load_gate_file, load_steps
from parity.gate.previous import read_result
from parity.gate.result import GateResult, RuleResult, State
from parity.gate.rules import Gate, GateFile, Rule, Step
from parity.gate.runs import Runs, read_runs
from parity.model.verdict import Word

__all__ = [
    "GATES",
    "Gate",
    "GateFile",
    "GateResult",
    "Now",
    "Rule",
    "RuleResult",
    "Runs",
    "State",
    "Step",
    "StepResult",
    "StepState",
    "Word",
    "board",
    "judge",
    "load_gate",
    "load_gate_file",
    "load_steps",
    "read_result",
    "read_runs",
]
