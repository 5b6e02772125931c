"""What is wrong with the app's sources at first: each fault is one change of a right file."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

APP: Final = Path(__file__).parent / "app"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault in the sources.

    Attributes:
        file: Path below ``app/``.
        right: Text as it should be; it is there exactly once.
        wrong: What stands there at first.
    """

    file: str
    right: str
    wrong: str


FAULTS: Final = {
    "a hosted-only module": Fault("cloud/main.js", "require('mailgun-js')", "require('mailgun')"),
    "an old SDK": Fault("ios/Podfile", "pod 'Parse', '1.14.2'", "pod 'Parse', '1.11.0'"),
    # Without the master key a function sees what its caller sees; and the names are gone.
    "a breaking difference": Fault(
        "cloud/main.js",
        "scores.map(each => ({ score: each.get('score'), player: each.get('playerName') }))",
        "scores.map(each => ({ score: each.get('score'), name: each.get('playerName') }))",
    ),
}


def put_app(folder: Path, *, faulty: bool) -> None:
    """Write a copy of the app.

    Args:
        folder: Where; it is made anew.
        faulty: Whether the faults are in it.

    Raises:
        ValueError: A fault does not fit the sources.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(APP, folder)
    for name, fault in FAULTS.items() if faulty else ():
        path = folder / fault.file
        text = path.read_text("utf-8")
        if text.count(fault.right) != 1:
            raise ValueError(f"{name}: {fault.file} does not have {fault.right!r} once")
        path.write_text(text.replace(fault.right, fault.wrong), "utf-8")
