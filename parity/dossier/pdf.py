"""The PDF of a page, printed by headless Chromium."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""Names that are looked for, after ``PARITY_CHROMIUM``."""
HOW: Final = (
    "Install Chromium (apt-get install chromium) or name one with PARITY_CHROMIUM, "
    "or print dossier.html from a browser."
)
TIMEOUT_S: Final = 90.0
_FLAGS: Final = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-pdf-header-footer",
)


class NoPdf(Exception):
    """Why there is no PDF, in one sentence without a full stop."""


def find_browser(environment: Mapping[str, str]) -> str | None:
    """Return the browser to print with; ``None`` if there is none.

    Args:
        environment: ``PARITY_CHROMIUM`` names one; it has to be there then.
    """
    named = environment.get("PARITY_CHROMIUM")
    if named:
        return shutil.which(named)
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def print_pdf(page: Path, out: Path, browser: str, timeout_s: float = TIMEOUT_S) -> None:
    """Print a page of this machine; an older PDF is replaced.

    Args:
        page: The HTML file. Its policy forbids it to load or run anything.
        out: The PDF.
        browser: Path of a Chromium.
        timeout_s: Longest time that it may take, in seconds.

    Raises:
        NoPdf: It could not be printed.
    """
    with tempfile.TemporaryDirectory(prefix="parity-pdf-", ignore_cleanup_errors=True) as scratch:
        draft = Path(scratch) / "page.pdf"
        arguments = [
            browser,
            *_FLAGS,
            # Chromium refuses to start as root with its sandbox.
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            f"--user-data-dir={scratch}/profile",
            f"--print-to-pdf={draft}",
            page.absolute().as_uri(),
        ]
        _run(arguments, timeout_s)
        try:
            printed = draft.read_bytes()
        except OSError:
            printed = b""
        if not printed.startswith(b"%PDF-") or not printed.rstrip().endswith(b"%%EOF"):
            raise NoPdf(f"{browser} wrote no PDF")
        part = out.with_name(f"{out.name}.part")
        try:
            part.write_bytes(printed)
            part.replace(out)
        except OSError as error:
            with suppress(OSError):
                part.unlink()
            raise NoPdf(f"cannot write {out}: {error.strerror or error}") from None


def _run(arguments: list[str], timeout_s: float) -> None:
    """Run a browser, and end all of its processes if it takes too long or is interrupted."""
    try:
        process = subprocess.Popen(  # noqa: S603 - the user's browser, and our own page
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise NoPdf(f"cannot run {arguments[0]}: {error.strerror or error}") from None
    try:
        status = process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        raise NoPdf(f"{arguments[0]} took longer than {timeout_s:g} s") from None
    finally:
        # Its group is its own (start_new_session), so nothing else is met.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if status != 0:
        raise NoPdf(f"{arguments[0]} ended with {status}")
