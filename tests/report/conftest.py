"""A run as it might have been: 440 checks, two targets, seven areas, everything that can happen."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from parity.model import Kind, Outcome, Style, Writes
from parity.model.evidence import (
    CapabilityFact,
    CheckEvent,
    DifferenceFact,
    EvidenceWriter,
    ExchangeFact,
    Header,
    KnownDifferenceEvent,
    NoticeEvent,
    TargetFacts,
)

CHECKS = {
    "smoke": (4, "getting-started"),
    "objects": (58, "objects"),
    "queries": (62, "queries"),
    "users": (34, "users"),
    "sessions": (20, "sessions"),
    "files": (18, "files"),
    "cloud": (24, "cloud-code"),
}
BEHAVIOURS = (
    "answers 201 with a Location header",
    "keeps a 64-bit integer exactly",
    "returns dates with milliseconds",
    "refuses a missing class name with code 103",
    "leaves fields alone that were not sent",
    "orders equal values by objectId",
    "hides rows that the ACL does not grant",
    "counts without returning rows when limit is 0",
    "treats null and missing alike in $exists",
)
KNOWN = (
    ("breaking", "A signup answers without the username"),
    ("breaking", "File URLs point at the server, not at files.parsetfss.com"),
    ("security", "A user row carries a public-read ACL by default"),
    ("benign", "Object keys are not sorted"),
    ("benign", "Responses lack X-Parse-Platform"),
    ("benign", "Responses lack X-Runtime"),
    ("benign", "No newline ends a body"),
    ("benign", "A missing object has another error text"),
    ("breaking", "An installation with a known token answers 200, not 201"),
    ("benign", "Session tokens are 32 hex digits after r:"),
    ("security", "Error details are masked without the master key"),
    ("benign", "ETag headers are sent"),
)
FAILURES = {
    ("objects", 7): "status",
    ("objects", 31): "precision",
    ("queries", 12): "big",
    ("users", 9): "acl",
    ("cloud", 3): "function",
}


def target(name: str, style: Style, version: str, note: str) -> TargetFacts:
    hosted = style is Style.HOSTED
    return TargetFacts(
        name=name,
        style=style,
        url="http://127.0.0.1:41337/1" if hosted else "http://127.0.0.1:41338/parse",
        server_version=version,
        embedded=True,
        note=note,
        writes=Writes.DISPOSABLE,
        keys=("rest_key", "client_key", "javascript_key", "dotnet_key", "master_key", "file_key"),
        capabilities=(
            CapabilityFact("master_key", available=True, reason="GET /schemas answered 200"),
            CapabilityFact("cloud_fixture", available=True, reason="parityPing answered pong"),
            CapabilityFact("file_upload", available=True, reason="POST /files answered 201"),
            CapabilityFact(
                "aggregate",
                available=not hosted,
                reason="GET /aggregate answered 404" if hosted else "GET /aggregate answered 200",
            ),
        ),
    )


# The footer carries the clock's time, so that a fixed start would make the run take for ever.
STARTED_AT = (datetime.now(UTC) - timedelta(seconds=58.4)).isoformat(timespec="milliseconds")
STARTED_AT = STARTED_AT.replace("+00:00", "Z")

HEADER = Header(
    run_id="2026-07-30-1234-brave-otter",
    started_at=STARTED_AT,
    suite_version="0.1.0",
    seed=20260730,
    arguments=("suites/", "-n", "2", "--junitxml=reports/junit.xml"),
    targets=(
        target(
            "hosted",
            Style.HOSTED,
            "2.8.4",
            "A stand-in: Parse Server 2.8.4 in hosted style. "
            "The hosted service closed in January 2017.",
        ),
        target("selfhosted", Style.PARSE_SERVER, "9.10.0", ""),
    ),
    digests={"suites": "blake2b:5f1d8a0c77e24b19", "known_differences": "blake2b:09ac4e7731b05d2f"},
)


def big_body(rows: int) -> str:
    return json.dumps(
        {
            "results": [
                {
                    "objectId": f"Ed1nuqP{number:03}",
                    "playerName": "Seán Plött" * 3,
                    "score": 9007199254740993 + number,
                    "cheatMode": False,
                    "createdAt": "2026-07-30T12:34:56.789Z",
                    "ACL": {"*": {"read": True}},
                }
                for number in range(rows)
            ]
        }
    )


def exchange(method: str, url: str, sent: str, status: int | None, received: str) -> ExchangeFact:
    answered = status is not None
    data = f" -d '{sent}'" if sent else ""
    return ExchangeFact(
        method=method,
        url=url,
        request_headers={
            "X-Parse-Application-Id": "$APP_ID",
            "X-Parse-REST-API-Key": "$REST_KEY",
            "Content-Type": "application/json",
        },
        request_body=sent,
        status=status,
        response_headers={"Content-Type": "application/json; charset=utf-8"} if answered else {},
        response_body=received,
        elapsed_ms=12.4,
        repeat=f"curl -sS -X {method} '{url}' -H \"X-Parse-Application-Id: $APP_ID\" "
        f'-H "X-Parse-REST-API-Key: $REST_KEY"{data}',
    )


def failure(base: CheckEvent, kind: str, url: str) -> CheckEvent:
    source = base.spec[0]
    create = f"{url}/classes/GameScore"
    score = '{"score":9007199254740993,"playerName":"Seán Plött"}'
    found = {
        "status": (
            [DifferenceFact("$status", Kind.VALUE, 201, 200, None, source)],
            [exchange("POST", create, score, 200, '{"objectId":"Ed1nuqPvcm"}')],
        ),
        "precision": (
            [
                DifferenceFact(
                    "$.score", Kind.VALUE, 9007199254740993, 9007199254740992, None, source
                ),
                DifferenceFact(
                    "$.createdAt", Kind.MISSING, "2026-07-30T12:34:56.789Z", None, None, source
                ),
            ],
            [
                exchange("POST", create, score, 201, '{"objectId":"Ed1nuqPvcm"}'),
                exchange("GET", f"{create}/Ed1nuqPvcm", "", 200, '{"score":9007199254740992}'),
            ],
        ),
        "big": (
            [DifferenceFact("$.results", Kind.ORDER, [3, 2, 1], [1, 2, 3], None, source)],
            [exchange("GET", f"{create}?order=-score&limit=200", "", 200, big_body(200))],
        ),
        "acl": (
            [
                DifferenceFact("$.results[0].sessionToken", Kind.EXTRA, None, "r:…", None, source),
                DifferenceFact("$.results[0].ACL", Kind.TYPE, {}, [], "KD-0003", source),
            ],
            [exchange("GET", f"{url}/users", "", 200, big_body(40))],
        ),
        "function": (
            [DifferenceFact("$.result", Kind.VALUE, "x" * 300, "y" * 3000, None, source)],
            [exchange("POST", f"{url}/functions/echo", '{"text":"x"}', 200, '{"result":"y"}')],
        ),
    }
    differences, exchanges = found[kind]
    return change(
        base,
        outcome=Outcome.FAIL,
        reason="The response is not what the guide states.",
        differences=tuple(differences),
        exchanges=tuple(exchanges),
    )


def change(base: CheckEvent, **changes: object) -> CheckEvent:
    values = {name: getattr(base, name) for name in base.__dataclass_fields__}
    return CheckEvent(**{**values, **changes})


def sample_checks() -> Iterator[CheckEvent]:
    dice = random.Random(7)
    for facts in HEADER.targets:
        for area, (number_of_checks, chapter) in CHECKS.items():
            for number in range(number_of_checks):
                yield sample_check(facts, area, chapter, number, dice)


def sample_check(
    facts: TargetFacts, area: str, chapter: str, number: int, dice: random.Random
) -> CheckEvent:
    behaviour = BEHAVIOURS[number % len(BEHAVIOURS)]
    name = f"suites/{area}/test_{area}_{number // 9}.py::test_{behaviour.replace(' ', '_')}"
    took = dice.uniform(0.02, 0.4)
    base = CheckEvent(
        id=f"{name}_{number}",
        nodeid=f"{name}_{number}[{facts.name}]",
        target=facts.name,
        area=area,
        level="must" if number % 5 else ("should" if number % 2 else "may"),
        effect="writes",
        spec=(f"rest/{chapter}#{area}-{number % 6}",),
        title=f"{area.capitalize()}: it {behaviour}.",
        outcome=Outcome.PASS,
        duration_s=took,
        server_s=took * 0.8,
        requests=dice.randint(1, 6),
        worker=f"gw{number % 2}",
    )
    selfhosted = facts.name == "selfhosted"
    if selfhosted and (area, number) in FAILURES:
        return failure(base, FAILURES[area, number], facts.url)
    if area == "files" and number in {2, 5} and selfhosted:
        return change(
            base,
            outcome=Outcome.ERROR,
            reason="selfhosted did not answer within 15 s: POST /files/hello.txt",
            exchanges=(exchange("POST", f"{facts.url}/files/hello.txt", "hello", None, ""),),
        )
    if not selfhosted and area == "cloud" and number % 3 == 0:
        return change(
            base, outcome=Outcome.UNSUPPORTED, reason="probe aggregate: GET /aggregate said 404"
        )
    if not selfhosted and number % 6 == 4:
        known = f"KD-{number // 6 % 10 + 1:04}"
        difference = DifferenceFact("$.username", Kind.MISSING, "ada", None, known, base.spec[0])
        return change(
            base,
            outcome=Outcome.KNOWN_DIFFERENCE,
            reason=known,
            differences=(difference,),
            exchanges=(exchange("POST", f"{facts.url}/users", "{}", 201, "{}"),),
        )
    return base


def sample_known(checks: list[CheckEvent]) -> Iterator[KnownDifferenceEvent]:
    for number, (severity, title) in enumerate(KNOWN, 1):
        name = f"KD-{number:04}"
        yield KnownDifferenceEvent(
            id=name,
            title=title,
            severity=severity,  # type: ignore[arg-type]
            cause="Parse Server builds the response itself; the hosted service had another writer.",
            effect="An app that reads the field from this response finds nothing there.",
            remedy="Read the field from a later GET, or keep the value that was sent.",
            provenance="recorded: parse-ruby-client cassettes, 2016-03-09 and 2017-02-13",
            targets=("hosted",) if number % 2 else ("hosted", "selfhosted"),
            observed=sum(any(d.known == name for d in check.differences) for check in checks),
        )


def write_sample(path: Path) -> Path:
    """Write the realistic run and return its path."""
    checks = list(sample_checks())
    with EvidenceWriter(path, HEADER) as writer:
        writer.write(
            NoticeEvent("warning", "hosted", "hosted is a stand-in, not the hosted service.")
        )
        writer.write(NoticeEvent("info", None, "Nothing was left behind."))
        for known in sample_known(checks):
            writer.write(known)
        for check in checks:
            writer.check(check)
        writer.close(exit_status=1)
    return path


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The evidence of the realistic run."""
    return write_sample(tmp_path_factory.mktemp("sample") / "evidence.jsonl")


@pytest.fixture
def write_run(tmp_path: Path) -> Callable[..., Path]:
    """Write a small run: events, and keywords for the footer or the header's targets."""

    def write(
        *events: CheckEvent | KnownDifferenceEvent | NoticeEvent,
        targets: tuple[TargetFacts, ...] = HEADER.targets,
        interrupted: bool = False,
        exit_status: int | None = 0,
    ) -> Path:
        path = tmp_path / "evidence.jsonl"
        header = Header(
            run_id="small",
            started_at=HEADER.started_at,
            suite_version="0.1.0",
            seed=None,
            arguments=(),
            targets=targets,
        )
        with EvidenceWriter(path, header) as writer:
            for event in events:
                writer.write(event)
            writer.close(interrupted=interrupted, exit_status=exit_status)
        return path

    return write


@pytest.fixture
def make_check() -> Callable[..., CheckEvent]:
    """Build a check that passes, or with the given fields."""

    def make(number: int = 1, target: str = "hosted", **changes: object) -> CheckEvent:
        base = CheckEvent(
            id=f"suites/objects/test_create.py::test_{number}",
            nodeid=f"suites/objects/test_create.py::test_{number}[{target}]",
            target=target,
            area="objects",
            level="must",
            effect="writes",
            spec=("rest/objects#creating-objects",),
            title="A new object gets an id.",
            outcome=Outcome.PASS,
        )
        return change(base, **changes)

    return make
