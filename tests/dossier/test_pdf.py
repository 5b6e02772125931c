"""The PDF: real Chromium where there is one, and browsers that misbehave."""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
import time
import zlib
from pathlib import Path

import pytest

from parity.dossier import dossier_page
from parity.dossier.pdf import BROWSERS, NoPdf, find_browser, print_pdf
from tests.dossier.rich import HOSTILE, dossier, rich

NEEDS = "needs Chromium: apt-get install chromium"


def browser(folder: Path, body: str) -> str:
    """Write a browser of our own, which gets its arguments as ``args`` and ``out``."""
    path = folder / "browser"
    path.write_text(
        f"#!{sys.executable}\n"
        "import os, sys, time\n"
        "args = sys.argv[1:]\n"
        "out = next(a.partition('=')[2] for a in args if a.startswith('--print-to-pdf='))\n"
        f"{body}\n"
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def runs(pid: int) -> bool:
    """Return whether a process is there and not just waiting to be reaped."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "dossier.html"
    path.write_text("<!doctype html><title>x</title>")
    return path


def test_chromium_prints_a4_pages_with_numbers(tmp_path: Path) -> None:
    chromium = find_browser({})
    if chromium is None:
        pytest.skip(NEEDS)
    path, out = tmp_path / "dossier.html", tmp_path / "dossier.pdf"
    path.write_text(dossier_page(dossier(rich(tmp_path / "reports", HOSTILE)), "sha256:x"))
    print_pdf(path, out, chromium)
    data = out.read_bytes()
    boxes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", data)
    assert len(boxes) > 3
    assert {(round(float(w)), round(float(h))) for w, h in boxes} == {(595, 842)}, "A4, upright"
    drawn = b"".join(
        zlib.decompress(each)
        for each in re.findall(rb"FlateDecode[^>]*>>\s*stream\r?\n(.*?)endstream", data, re.DOTALL)
        if each[:1] == b"\x78"
    )
    assert drawn.count(b"BT") > 100, "there is text on the pages"


def test_only_root_goes_without_the_sandbox(tmp_path: Path, page: Path) -> None:
    log = tmp_path / "arguments"
    fake = browser(
        tmp_path,
        f"open({str(log)!r}, 'w').write(' '.join(args))\nopen(out, 'w').write('%PDF-1\\n%%EOF')",
    )
    print_pdf(page, tmp_path / "dossier.pdf", fake)
    used = log.read_text()
    assert ("--no-sandbox" in used) == (os.geteuid() == 0)
    assert "--disable-background-networking" in used
    assert "--user-data-dir=" in used
    assert page.as_uri() in used


def test_the_profile_is_removed(tmp_path: Path, page: Path) -> None:
    log = tmp_path / "profile"
    fake = browser(
        tmp_path,
        "profile = next(a.partition('=')[2] for a in args if a.startswith('--user-data-dir='))\n"
        "os.makedirs(profile)\n"
        f"open({str(log)!r}, 'w').write(profile)\n"
        "open(out, 'w').write('%PDF-1\\n%%EOF')",
    )
    print_pdf(page, tmp_path / "dossier.pdf", fake)
    assert not Path(log.read_text()).exists()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("sys.exit(3)", "ended with 3"),
        ("pass", "wrote no PDF"),
        ("open(out, 'w').write('<html>')", "wrote no PDF"),
        ("open(out, 'w').write('%PDF-1.4 cut off')", "wrote no PDF"),
    ],
)
def test_a_browser_that_fails_leaves_no_pdf(
    tmp_path: Path, page: Path, body: str, why: str
) -> None:
    out = tmp_path / "dossier.pdf"
    with pytest.raises(NoPdf, match=why):
        print_pdf(page, out, browser(tmp_path, body))
    assert not out.exists()


def test_a_browser_that_hangs_is_ended_with_its_children(tmp_path: Path, page: Path) -> None:
    log = tmp_path / "pids"
    fake = browser(
        tmp_path,
        f"child = os.fork()\nopen({str(log)!r}, 'a').write(f'{{os.getpid()}}\\n')\ntime.sleep(600)",
    )
    with pytest.raises(NoPdf, match="took longer than"):
        print_pdf(page, tmp_path / "dossier.pdf", fake, timeout_s=1.5)
    pids = [int(each) for each in log.read_text().split()]
    deadline = time.monotonic() + 30
    while any(map(runs, pids)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(map(runs, pids))


def test_a_browser_that_cannot_be_run_is_no_pdf(tmp_path: Path, page: Path) -> None:
    with pytest.raises(NoPdf, match="cannot run"):
        print_pdf(page, tmp_path / "dossier.pdf", str(tmp_path / "nothing"))


def test_a_pdf_that_cannot_be_written_is_said(tmp_path: Path, page: Path) -> None:
    out = tmp_path / "dossier.pdf"
    out.mkdir()
    with pytest.raises(NoPdf, match="cannot write"):
        print_pdf(page, out, browser(tmp_path, "open(out, 'w').write('%PDF-1\\n%%EOF')"))


def test_the_browser_that_was_named_is_taken_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = browser(tmp_path, "pass")
    assert find_browser({"PARITY_CHROMIUM": fake}) == fake
    assert find_browser({"PARITY_CHROMIUM": str(tmp_path / "nothing")}) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_browser({}) is None
    shutil.copy(fake, tmp_path / BROWSERS[-1])
    assert find_browser({}) == str(tmp_path / BROWSERS[-1])
