"""Values that one server minted, and what another one minted for the same."""

from __future__ import annotations

from typing import Any

from tests.jobs.replay.recorded import iso

UUID = "0f0f0f0f-1111-2222-3333-44444444444"
IDS = [f"recorded{n:02}" for n in range(6)]
TOKENS = [f"r:recorded0000000000000000{n}" for n in range(3)]
FILES = [f"tfss-{UUID}{n}-cat.png" for n in range(3)]
BASE = "http://files.parsetfss.com/file-key/"

RENAMED = {each: f"minted{n:04}" for n, each in enumerate(IDS)}
RENAMED |= {each: f"r:{n:032x}" for n, each in enumerate(TOKENS)}
RENAMED |= {each: f"{n:032x}_cat.png" for n, each in enumerate(FILES)}
RENAMED |= {
    BASE + file: f"http://127.0.0.1:1337/parse/files/live-app/{RENAMED[file]}" for file in FILES
}
RENAMED |= {iso(n): iso(n + 5, 2026) for n in range(40)}


def renamed(value: Any) -> Any:
    """Return a value as another server minted it."""
    if isinstance(value, str):
        return RENAMED.get(value, value)
    if isinstance(value, list):
        return [renamed(each) for each in value]
    if isinstance(value, dict):
        return {renamed(key): renamed(each) for key, each in value.items()}
    return value
