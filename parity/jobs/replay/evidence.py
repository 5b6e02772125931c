"""A replay as evidence: one check for each signature."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from parity.capture.recording import RecordedExchange
from parity.compare import Register
from parity.jobs.replay.codes import BREAKING, DIFFERENT, FOLLOWS, NOISY
from parity.jobs.replay.judgement import Answer, Class
from parity.jobs.replay.noise import NOISE
from parity.jobs.replay.rewrite import Rewritten
from parity.jobs.replay.tally import OfSignature, Tally
from parity.model import Difference, Outcome
from parity.model.evidence import (
    CheckEvent,
    DifferenceFact,
    ExchangeFact,
    Finding,
    KnownDifferenceEvent,
    body_text,
)
from parity.model.judged import doubtful, judged, untested
from parity.wire import Redactor

MOST_SHOWN = 25
"""Clusters of a signature, and rows of a table, that evidence shows."""

_AREAS: Final = {
    "batch": "objects",
    "config": "config",
    "files": "files",
    "functions": "cloud",
    "hooks": "cloud",
    "installations": "installations",
    "jobs": "cloud",
    "login": "users",
    "logout": "sessions",
    "push": "push",
    "roles": "roles",
    "schemas": "schemas",
    "sessions": "sessions",
    "users": "users",
}
_NOT_JUDGED = (Class.PRIOR_STATE, Class.UNDECIDABLE, Class.UNSUPPORTED, Class.NOT_SENT)


@dataclass(frozen=True, slots=True)
class Subject:
    """What was replayed against what, for the words of the evidence.

    Attributes:
        recording: Path of the recording as the user gave it.
        target: Name of the target.
        expected: What its answers were compared with: ``"the recording"``, or a target's name.
    """

    recording: str
    target: str
    expected: str = "the recording"

    def command(self, exchange_id: str) -> str:
        """Return the command that replays one exchange again."""
        return f"parity replay {self.recording} --target {self.target} --repeat {exchange_id!r}"


def checks(
    tally: Tally,
    subject: Subject,
    exchanges: Mapping[str, tuple[ExchangeFact, ...]],
) -> Iterator[CheckEvent]:
    """Yield one check for each signature, those that hit most clients first.

    Args:
        tally: Of the whole replay.
        subject: What was replayed.
        exchanges: Exchanges that are shown, by signature.
    """
    ranked = sorted(
        tally.signatures.items(),
        key=lambda item: (-len(item[1].clients), -item[1].outcomes[Class.DIFFERENT], item[0]),
    )
    for name, of in ranked:
        outcome = _outcome(of)
        yield CheckEvent(
            id=f"replay/{name}",
            nodeid=f"replay/{name}[{subject.target}]",
            target=subject.target,
            area=_area(name),
            level="must",
            effect="reads" if name.startswith(("GET ", "HEAD ")) else "writes",
            spec=(),
            title=name,
            outcome=outcome,
            reason=_reason(of, tally),
            duration_s=round(of.elapsed_ms / 1000, 6),
            server_s=round(of.elapsed_ms / 1000, 6),
            requests=of.total,
            differences=tuple(_facts(of, subject)),
            exchanges=exchanges.get(name, ()),
            findings=(_finding(of, subject),) if outcome is Outcome.FAIL else (),
        )


def known_differences(
    tally: Tally, register: Register, target: str
) -> Iterator[KnownDifferenceEvent]:
    """Yield the registered differences that the traffic met.

    Args:
        tally: Of the whole replay.
        register: What applies to the target.
        target: Its name.
    """
    for entry_id, count in sorted(tally.known().items()):
        if entry_id == NOISE:
            yield KnownDifferenceEvent(
                NOISE,
                "Noise that a person accepted",
                "benign",
                "Two replays against one and the same server differ there as well.",
                "None: it differs by itself.",
                "Look through the file of the control again when the app changes.",
                "observed: an A/A control",
                (target,),
                count,
            )
        elif entry_id in register.entries:
            yield register.entries[entry_id].event((target,), count)


def breaking_check(entry: KnownDifferenceEvent, target: str) -> CheckEvent:
    """Return the check that fails because a breaking difference was met (--fail-on-breaking)."""
    seen = f"{entry.id} was met {entry.observed:,} times: {entry.title.rstrip('.')}"
    finding = BREAKING.finding(seen, entry=entry.id)
    title = f"No request meets {entry.id}"
    return judged(entry.id, title, "", [finding]).event("replay", target, area="other")


def noise_checks(tally: Tally, target: str) -> Iterator[CheckEvent]:
    """Yield one check for each signature of a control: it passes, with a warning if it is noisy.

    Args:
        tally: Of the second replay, compared with the first.
        target: Name of the target.
    """
    for name, of in sorted(tally.signatures.items()):
        if of.outcomes[Class.ERROR]:
            check = doubtful(name, name, _reason(of, tally))
        elif of.clusters:
            places = ", ".join(path for path, _ in sorted(of.clusters)[:MOST_SHOWN])
            check = judged(name, name, "", [NOISY.finding(f"differs at {places}")])
        elif of.outcomes[Class.EQUAL]:
            check = judged(name, name, "")
        else:
            check = untested(name, name, _reason(of, tally))
        yield check.event("control", target, area=_area(name))


def exchange_facts(
    exchange: RecordedExchange,
    sent: Rewritten | None,
    answer: Answer | None,
    subject: Subject,
    base: str,
    redactor: Redactor,
) -> tuple[ExchangeFact, ...]:
    """Return an exchange as it was recorded and as it was replayed, redacted and clipped.

    Args:
        exchange: What was recorded.
        sent: What was sent now; ``None`` if nothing was.
        answer: What came back now.
        subject: What is replayed.
        base: Scheme and host of the recorded server.
        redactor: Keeps secrets out.
    """
    request, response = exchange.request, exchange.response
    command = subject.command(exchange.id)
    recorded = ExchangeFact(
        method=request.method,
        url=redactor.url(base + request.url),
        request_headers=redactor.headers(dict(request.headers)),
        request_body=body_text(redactor.text(request.body.decode("utf-8", "replace"))),
        status=None if response is None else response.status,
        response_headers={} if response is None else redactor.headers(dict(response.headers)),
        response_body=""
        if response is None
        else body_text(redactor.text(response.body.decode("utf-8", "replace"))),
        elapsed_ms=round(exchange.elapsed_ms or 0.0, 3),
        repeat=command,
    )
    if sent is None:
        return (recorded,)
    return recorded, ExchangeFact(
        method=request.method,
        url=redactor.url(sent.url),
        request_headers=redactor.headers(sent.headers),
        request_body=body_text(redactor.text(sent.body.decode("utf-8", "replace"))),
        status=None if answer is None else answer.status,
        response_headers={} if answer is None else redactor.headers(dict(answer.headers)),
        response_body=""
        if answer is None
        else body_text(redactor.text(answer.body.decode("utf-8", "replace"))),
        elapsed_ms=0.0 if answer is None else round(answer.elapsed_ms, 3),
        repeat=command,
    )


def _outcome(of: OfSignature) -> Outcome:
    if of.outcomes[Class.DIFFERENT]:
        return Outcome.FAIL
    if of.outcomes[Class.ERROR]:
        return Outcome.ERROR
    if of.outcomes[Class.KNOWN]:
        return Outcome.KNOWN_DIFFERENCE
    return Outcome.PASS if of.outcomes[Class.EQUAL] else Outcome.UNSUPPORTED


def _reason(of: OfSignature, tally: Tally) -> str:
    words = [
        f"{of.outcomes[outcome]:,} of {of.total:,} requests: {outcome.value}"
        for outcome in (Class.DIFFERENT, Class.ERROR, Class.KNOWN, *_NOT_JUDGED)
        if of.outcomes[outcome]
    ]
    if of.outcomes[Class.DIFFERENT]:
        words.append(f"{len(of.clients):,} of {len(tally.clients):,} clients are hit")
    words += [reason for reason, _ in of.reasons.most_common(3)]
    return "; ".join(words)


def _facts(of: OfSignature, subject: Subject) -> Iterator[DifferenceFact]:
    ranked = sorted(of.clusters.values(), key=lambda cluster: -cluster.exchanges)
    for cluster in ranked[:MOST_SHOWN]:
        source = f"{subject.expected}, exchange {', '.join(cluster.examples)}"
        yield _fact(cluster.difference, None, source)
    for entry_id, (_, difference) in sorted(of.known.items()):
        yield _fact(difference, entry_id, subject.expected)


def _fact(difference: Difference, known: str | None, source: str) -> DifferenceFact:
    return DifferenceFact(
        difference.path, difference.kind, difference.expected, difference.actual, known, source
    )


def _finding(of: OfSignature, subject: Subject) -> Finding:
    clusters = list(of.clusters.values())
    own = [cluster for cluster in clusters if not cluster.is_consequence]
    first = (own or clusters)[0]
    if own:
        code = DIFFERENT
        cause = f"The answers differ from {subject.expected}, and no registered entry explains it."
    else:
        code, root = FOLLOWS, first.follows.most_common(1)[0][0]
        cause = f"It follows from an earlier difference, in exchange {root}."
    found = code.finding(reproduce=subject.command(first.examples[0]))
    return replace(found, cause=cause)


def _area(signature: str) -> str:
    route = signature.partition(" ")[2]
    head = route.strip("/").partition("/")[0].partition(" ")[0]
    if head in ("classes", "aggregate"):
        return "queries" if signature.startswith("GET ") and "/:id" not in route else "objects"
    return _AREAS.get(head, "other")
