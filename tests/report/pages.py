"""Reports as pages: the suites, commands that judge and measure, and hostile evidence."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from parity.model import Kind, Outcome
from parity.model.evidence import (
    Chart,
    CheckEvent,
    DifferenceFact,
    Event,
    EvidenceWriter,
    ExchangeFact,
    Finding,
    Limit,
    Mark,
    NoticeEvent,
    Severity,
    TableEvent,
)
from parity.report import write_report
from tests.report.conftest import HEADER, change, exchange, sample_checks, sample_known

PAYLOAD = "</script></pre>\"'><script>document.title='owned'</script><img src=x onerror='owned=1'>"
TARGETS = HEADER.targets[1:]


def write(
    folder: Path,
    job: str,
    events: Iterable[Event],
    *,
    unit: str = "check",
    interrupted: bool = False,
) -> Path:
    """Write the report of a command and return its file."""
    header = replace(HEADER, job=job, unit=unit, arguments=(job,), targets=TARGETS, seed=None)
    with EvidenceWriter(folder / "evidence.jsonl", header) as writer:
        for event in events:
            writer.write(event)
        writer.close(interrupted=interrupted)
    write_report(folder / "evidence.jsonl", folder / "report.html")
    return folder / "report.html"


def judged(name: str, outcome: Outcome = Outcome.PASS, *, area: str = "data") -> CheckEvent:
    """What a command writes of one thing that it judged."""
    return CheckEvent(
        id=name,
        nodeid=f"{name}[selfhosted]",
        target="selfhosted",
        area=area,
        level="must",
        effect="reads",
        spec=(),
        title=f"{name} is as it should be.",
        outcome=outcome,
    )


def suites(folder: Path) -> Path:
    """A run of the suites: everything that can happen to a check, and some of those that pass."""
    checks = list(sample_checks())
    with EvidenceWriter(folder / "evidence.jsonl", HEADER) as writer:
        writer.write(NoticeEvent("warning", "hosted", "hosted is a stand-in."))
        writer.write(NoticeEvent("error", None, "A worker went down."))
        for known in sample_known(checks):
            writer.write(known)
        for number, check in enumerate(checks):
            if number % 9 == 0 or check.outcome in {Outcome.FAIL, Outcome.ERROR}:
                writer.check(check)
        writer.close(exit_status=1)
    write_report(folder / "evidence.jsonl", folder / "report.html")
    return folder / "report.html"


def hostile(folder: Path) -> Path:
    """Evidence in which every text is endless and would like to be a script."""
    endless = f"{PAYLOAD}{'W' * 1000}"
    header = replace(HEADER, run_id=endless, suite_version=endless, arguments=(endless,))
    sent = {endless: endless}
    fact = ExchangeFact(endless, endless, sent, endless, 200, sent, endless, 1.0, endless)
    difference = DifferenceFact(endless, Kind.VALUE, endless, [endless], endless, endless)
    chart = Chart(
        "line", endless, (f"{endless}y",), (f"{endless}r",), endless, endless, endless,
        marks=(Mark(1, endless), Mark(1, endless)), limits=(Limit(2, endless),), group=endless,
    )  # fmt: skip
    columns = (endless, f"{endless}y", f"{endless}r")
    rows: tuple[tuple[object, ...], ...] = ((0, 1, 5), (1, endless, 10**90), (2, -1e90, endless))
    bars = Chart("bars", endless, (f"{endless}y",), y_label=endless, limits=(Limit(2, endless),))
    with EvidenceWriter(folder / "evidence.jsonl", header) as writer:
        writer.write(NoticeEvent("warning", "hosted", endless))
        writer.write(TableEvent(endless, endless, columns, rows, endless, chart))
        writer.write(TableEvent(endless, endless, columns, rows, endless, bars))
        writer.write(TableEvent(endless, endless, columns, rows, endless))
        for number, outcome in enumerate(Outcome):
            check = replace(
                judged(f"{number}{endless}", outcome, area=endless),
                target="hosted",
                spec=(endless,),
                title=endless,
                reason=endless,
                differences=(difference,),
                exchanges=(fact,),
                findings=(Finding(endless, "breaking", endless, endless, endless),),
            )
            writer.check(check)
    write_report(folder / "evidence.jsonl", folder / "report.html")
    return folder / "report.html"


def findings(folder: Path) -> Path:
    """An audit: findings with causes, remedies and commands, and collections in a wide table."""
    found: list[tuple[str, Severity, str]] = [
        ("AUD-POINTER-MISSING", "breaking", "41 rows point at users that are not there."),
        ("AUD-KEY-TOO-LONG", "benign", "3 values are longer than an index of MongoDB 2.6 takes."),
        ("AUD-ACL-PUBLIC", "security", "Every row of _User can be read by everybody."),
    ]
    events: list[Event] = [
        change(
            judged(f"audit/{code}", Outcome.FAIL),
            reason=cause,
            findings=(Finding(
                code, severity, cause, "Remove the rows, or restore the users.",
                'db.Post.find({"_p_author": {$nin: db._User.distinct("_id")}}).limit(10)',
            ),),
        )
        for code, severity, cause in found
    ]  # fmt: skip
    events += [judged(f"audit/AUD-FINE-{number}") for number in range(8)]
    events.append(NoticeEvent("info", "selfhosted", "Indexes were not looked at."))
    columns = (
        "collection", "documents", "size (MB)", "storage (MB)", "indexes", "pointers",
        "files", "broken", "share broken (%)", "seconds", "looked at",
    )  # fmt: skip
    rows = tuple(
        (f"Collection{n}With_A_Rather_Long_Name", 10**n, 1.5**n, 3.1 * 1.5**n, n, n * 7, None,
         n * 3, n / 7, n * 0.13, n % 2 == 0)
        for n in range(10)
    )  # fmt: skip
    events.append(TableEvent("collections", "Collections", columns, rows, "Sizes of the storage."))
    return write(folder, "audit", events)


def traffic(folder: Path) -> Path:
    """A replay: signatures with differences, and one that could not be judged."""
    url = "http://127.0.0.1:41338/parse/classes/Post"
    sent = exchange("GET", url, "", 200, '{"results":[]}')
    wrong = DifferenceFact("$.results[0].score", Kind.VALUE, 3, 4)
    events: list[Event] = [
        judged("replay/GET /classes/Post"),
        change(
            judged("replay/POST /classes/Post", Outcome.FAIL),
            reason="12 of 60 requests: different; 3 of 7 clients are hit",
            differences=(wrong,),
            exchanges=(sent,),
        ),
        change(judged("replay/POST /push", Outcome.UNSUPPORTED, area="push"), reason="not sent"),
        TableEvent(
            "shares", "Shares", ("of", "the same", "judged", "share"),
            (("requests", 108, 120, "90 %"), ("clients", 4, 7, "57 %")),
        ),
        TableEvent(
            "latency", "Latency, recorded and now", ("signature", "recorded (ms)", "now (ms)"),
            (("GET /classes/Post", 41.0, 12.5), ("POST /classes/Post", 60.2, 31.0)), "",
            Chart("bars", "signature", ("recorded (ms)", "now (ms)"), y_label="median (ms)"),
        ),
    ]  # fmt: skip
    return write(folder, "replay", events, interrupted=True)


def sizing(folder: Path) -> Path:
    """A load test: every kind of chart, marks, limits, a group, gaps, many points, links."""
    return write(folder, "size", [*numbers(), judged("size/FITS", area="sizing")])


def numbers() -> Iterable[TableEvent]:
    """The tables of a load test, drawn in every way."""
    dice = random.Random(5)
    steps = [
        (rate, 8 + rate / 200, 14 + (rate / 800) ** 5 * 20, 20 + (rate / 700) ** 6 * 60,
         None if rate < 800 else (rate - 800) / 100, f"steps/{rate}.csv")
        for rate in range(100, 1300, 100)
    ]  # fmt: skip
    yield TableEvent(
        "knee",
        "The knee",
        ("rate (1/s)", "p50 (ms)", "p95 (ms)", "p99 (ms)", "errors (%)", "log"),
        tuple(steps),
        "Latency at each rate that was held.",
        Chart(
            "line",
            "rate (1/s)",
            ("p50 (ms)", "p95 (ms)", "p99 (ms)"),
            x_label="rate (requests/s)",
            y_label="latency (ms)",
            marks=(Mark(860, "knee: 860/s"), Mark(240, "recorded peak"), Mark(255, "typical")),
            limits=(Limit(250, "objective: p99 at most 250 ms"), Limit(100, "p95: 100 ms")),
        ),
        links=("log",),
    )
    times = [number * 0.2 for number in range(3000)]
    yield TableEvent(
        "time",
        "Latency and throughput over time",
        ("t (s)", "p99 (ms)", "throughput (1/s)"),
        tuple(
            (round(t, 1), None if 300 < t < 320 else 20 + (t / 600) ** 6 * 400
             + dice.expovariate(0.2), 400 + 100 * math.sin(t / 60))
            for t in times
        ),
        "",
        Chart(
            "line", "t (s)", ("p99 (ms)",), ("throughput (1/s)",), "time (s)", "latency (ms)",
            "throughput (requests/s)", marks=(Mark(60, "hold"),),
        ),
    )  # fmt: skip
    yield from _resources()
    yield TableEvent(
        "indexes",
        "Index advice, before and after",
        ("query", "before (ms)", "after (ms)"),
        (
            ("GET classes/GameScore where playerName order -score limit skip keys", 812.4, 2.1),
            ("GET classes/Message where room", 120.0, 0.93),
            ("aggregate", None, 3),
        ),
        "",
        Chart(
            "bars", "query", ("before (ms)", "after (ms)"), y_label="time of one query (ms)",
            limits=(Limit(250, "objective"),),
        ),
    )  # fmt: skip
    yield TableEvent(
        "payloads",
        "Latency by payload",
        ("bytes", "ms"),
        tuple((10 ** dice.uniform(1, 6), 10 ** dice.uniform(0, 3)) for _ in range(200)),
        "",
        Chart("points", "bytes", ("ms",), x_log=True, y_log=True, y_label="latency (ms)"),
    )
    yield TableEvent("nothing", "Nothing", ("x", "y"), ((1, None),), "", Chart("line", "x", ("y",)))
    yield TableEvent(
        "verdict",
        "What the verdict uses",
        ("figure", "value", "unit"),
        (("working set", 155189248, "bytes"), ("cache", 0.61, "of it"), ("fits", True, None)),
    )


def _resources() -> Iterable[TableEvent]:
    charts = {
        "Latency": Chart("line", "t", ("p95 (ms)",), y_label="ms"),
        "WiredTiger's cache": Chart(
            "line", "t", ("used (bytes)", "dirty (bytes)"), y_label="bytes",
            limits=(Limit(256e6, "size of the cache: 256 MB"),),
        ),
        "Tickets in use": Chart("steps", "t", ("read", "write"), y_label="tickets"),
    }  # fmt: skip
    for title, chart in charts.items():
        rows = tuple(
            (t, 20 + t % 7) if len(chart.y) == 1
            else (t, 1e8 + t * 2.4e6, 1e7 * (1 + math.sin(t / 5))) if chart.kind == "line"
            else (t, (t // 7) % 20, (t // 3) % 9)
            for t in range(60)
        )  # fmt: skip
        drawn = replace(chart, x_label="time (s)", group="resources")
        yield TableEvent(title, title, drawn.columns, rows, "", drawn)


PAGES = {
    "suites": suites,
    "hostile": hostile,
    "findings": findings,
    "traffic": traffic,
    "sizing": sizing,
    "empty": lambda folder: write(folder, "verify", []),
}
