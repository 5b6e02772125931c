"""How long a scan takes: 2,000 files of 40 MB in all, and one minified file of 20 MB.

Its peer, in the same run: reading the same files and counting their lines, in one process.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from parity.jobs.scan import scan

FILES, MEGABYTES, LIMIT_S = 2000, 40, 20.0
_PIECES = {
    "swift": '    let query{n} = PFQuery(className: "C{n}") // which ones?\n'
    '    query{n}.whereKey("stars", greaterThan: {n})\n',
    "m": '- (void)load{n} {{\n  PFQuery *q = [PFQuery queryWithClassName:@"C{n}"]; /* all */\n}}\n',
    "java": '  void load{n}() {{ ParseQuery<ParseObject> q = ParseQuery.getQuery("C{n}"); }}\n',
    "cs": '  void Load{n}() {{ var q = ParseObject.GetQuery("C{n}"); }} // {n}\n',
    "js": "function load{n}(x) {{ return new Parse.Query('C{n}').find().then(y => y / x); }}\n",
    "html": '<p class="c{n}">text</p><script>load{n}(/[/*]/);</script>\n',
}
_HEADS = {"swift": "class A {\n", "java": "class A {\n", "cs": "class A {\n"}
_KINDS = tuple(_PIECES)


def main() -> None:
    """Measure both and print ratios."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "app"
        _write(folder)
        size = sum(file.stat().st_size for file in folder.rglob("*.*"))
        read_s = _seconds(lambda: _read(folder))
        before = _cpu_s()
        scan_s = _seconds(lambda: scan([folder]))
        cpu_s = _cpu_s() - before
        print(f"scan of {FILES:,} files, {size / 1e6:.0f} MB")
        ratio = f"limit {LIMIT_S:.0f} s   ratio {scan_s / LIMIT_S:.2f}"
        print(f"  scan            {scan_s:7.1f} s   {ratio}")
        print(f"  CPU of it       {cpu_s:7.1f} s   in all processes")
        print(f"  read and count  {read_s:7.1f} s   scan / this {scan_s / read_s:.1f}")
        large = Path(name) / "large"
        for marked in (False, True):
            _write_minified(large, marked=marked)
            seconds = _seconds(lambda: scan([large]))
            what = "that speaks of Parse" if marked else "that does not"
            print(f"  a minified file of 20 MB {what}: {seconds:.2f} s")


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _cpu_s() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def _read(folder: Path) -> int:
    return sum(file.read_bytes().count(b"\n") for file in folder.rglob("*.*"))


def _write(folder: Path) -> None:
    rng = random.Random(16)
    each = MEGABYTES * 1_000_000 // FILES
    for number in range(FILES):
        kind = _KINDS[number % len(_KINDS)]
        below = folder / f"part{number % 50}"
        below.mkdir(parents=True, exist_ok=True)
        # Most files of an app do not speak of Parse at all.
        piece = _PIECES[kind]
        if number % 3:
            piece = piece.replace("Parse", "Other").replace("PF", "OT")
        start = rng.randrange(1000)
        count = each // (len(piece) + 6) + 1
        text = "".join(piece.format(n=start + n) for n in range(count))
        head = _HEADS.get(kind, "")
        (below / f"f{number}.{kind}").write_text(f"{head}{text}{'}' if head else ''}\n", "utf-8")


def _write_minified(folder: Path, *, marked: bool) -> None:
    folder.mkdir(exist_ok=True)
    piece = "!function(a,b){var c=a[b]||/[/*]/.test(b);return c?a(c):b+1}(e,f);"
    end = "Parse.initialize('a','b');" if marked else ""
    (folder / "all.min.js").write_text(piece * (20_000_000 // len(piece)) + end, "utf-8")


if __name__ == "__main__":
    main()
