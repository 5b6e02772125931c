"""Numbers of the dossier in words."""

from __future__ import annotations

from typing import Any, Final

from parity.dossier.model import Met, OpenDifference, Share
from parity.model import Outcome

SEVERITIES: Final = {
    "security": "security",
    "breaking": "breaking",
    "benign": "benign",
    "unregistered": "not explained",
}
NOTHING: Final = "\N{EN DASH}"
OUTCOMES: Final = {
    str(Outcome.PASS): "pass",
    str(Outcome.FAIL): "fail",
    str(Outcome.KNOWN_DIFFERENCE): "known difference",
    str(Outcome.UNSUPPORTED): "could not be tested",
    str(Outcome.ERROR): "error",
}


def percent(share: Share) -> str:
    """Return a share in percent; never 100 % while one is missing, never 0 % while there is one."""
    if not share.whole:
        return NOTHING
    value = share.part / share.whole * 100
    text = f"{value:.2f}"
    if share.part != share.whole and text == "100.00":
        text = "99.99"
    if share.part and text == "0.00":
        return "below 0.01 %"
    return f"{text.rstrip('0').rstrip('.')} %"


def of(share: Share, unit: str = "") -> str:
    """Return ``118 of 120 requests (98.33 %)``."""
    noun = f" {unit}" if unit else ""
    return f"{share.part:,} of {share.whole:,}{noun} ({percent(share)})"


def cost(met: Met) -> str:
    """Return how often a difference was met: ``12 of 120 requests (10 %), 3 of 7 clients (…)``.

    Of checks there is no share: they are not weighted by traffic.
    """
    count = met.count
    if met.unit != "request":
        return f"{count.part:,} of {count.whole:,} {met.unit}s"
    text = of(count, "requests")
    return text if met.clients is None else f"{text}, {of(met.clients, 'clients')}"


def where(met: Met) -> str:
    """Return where a difference was met: ``replay on selfhosted``."""
    return f"{met.job} on {met.target}"


def costs(difference: OpenDifference) -> str:
    """Return all that a difference costs, in one line."""
    return "; ".join(f"{where(each)}: {cost(each)}" for each in difference.met)


def cell(value: Any) -> str:
    """Return a cell of a table as text."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def counted(counts: dict[str, int]) -> str:
    """Return counts of outcomes: ``64 pass, 1 fail``."""
    said = [f"{number:,} {OUTCOMES[name]}" for name, number in counts.items() if number]
    return ", ".join(said) or "no check"


def day(time: str) -> str:
    """Return ``2026-11-26 12:53 UTC`` for a time in UTC; empty for none."""
    return f"{time[:10]} {time[11:16]} UTC" if time else ""
