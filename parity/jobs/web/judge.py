"""Is an answer of the new site the one that the old site gave?"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from parity.compare.values import differences
from parity.jobs.web import codes
from parity.jobs.web.answers import Answer, Failure, Page
from parity.jobs.web.links import hosted_links, leads_away
from parity.jobs.web.normalise import Normaliser
from parity.jobs.web.text_diff import SHOWN, diff_texts
from parity.model import Kind, Outcome
from parity.model.events import DifferenceFact
from parity.model.finding import Code
from parity.wire import Redactor

TEXTUAL: Final = ("text/", "javascript", "ecmascript", "json", "xml", "urlencoded", "manifest")
_SAME_TYPES: Final = (
    {"application/javascript", "text/javascript", "application/x-javascript"},
    {"application/xml", "text/xml"},
    {"image/x-icon", "image/vnd.microsoft.icon"},
    {"font/woff", "application/font-woff", "application/x-font-woff"},
    {"font/ttf", "application/font-ttf", "application/x-font-ttf", "application/x-font-truetype"},
    {"font/otf", "application/x-font-opentype", "application/font-otf"},
)
"""Names of one media type; WHATWG MIME Sniffing (JavaScript), RFC 8081 (fonts), RFC 7303 (XML)."""
_FLAGS: Final = ("secure", "httponly")
_CLIP: Final = 300
_GATED: Final = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Rules:
    """How to judge.

    Attributes:
        old: Scheme and host of the old site.
        new: Scheme and host of the new site.
        domain_stays: Whether the old address will lead to the new site, so that links to it are
            right.
        redactor: Makes an answer comparable with a redacted recording, and keeps secrets out of
            what is cut short.
        redacted: Whether what was recorded is redacted.
    """

    old: str
    new: str
    domain_stays: bool
    redactor: Redactor
    redacted: bool = False

    def of_old(self, answer: Answer) -> Normaliser:
        """Return what takes the minted out of an answer of the old site."""
        return Normaliser((self.old,), answer.at, None, self.redacted)

    def of_new(self, answer: Answer) -> Normaliser:
        """Return what takes the minted out of an answer of the new site."""
        redactor = self.redactor if self.redacted else None
        return Normaliser((self.new, self.old), answer.at, redactor, self.redacted)

    @property
    def old_host(self) -> str | None:
        """Host of the old site if nothing may lead there; ``None`` if it stays."""
        return None if self.domain_stays or self.old == self.new else urlsplit(self.old).netloc


@dataclass(slots=True)
class Judgement:
    """What became of one page.

    Attributes:
        outcome: One of pass, fail, unsupported, error.
        reason: Why; empty for a plain pass.
        code: The most important problem.
        differences: Where the answers differ.
        notes: What differs and does no harm.
        unjudged: What could not be compared, and why.
        rules: What was taken out before the bodies were compared, and how often.
        links: Links of the new page to the hosted service or the old site.
    """

    outcome: Outcome = Outcome.PASS
    reason: str = ""
    code: Code | None = None
    differences: list[DifferenceFact] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unjudged: list[str] = field(default_factory=list)
    rules: Counter[str] = field(default_factory=Counter)
    links: list[str] = field(default_factory=list)

    def add(self, code: Code, path: str, expected: Any, actual: Any) -> None:
        """Note a problem; the first one names the finding."""
        self.code = self.code or code
        kind = Kind.MISSING if actual is None else Kind.VALUE
        self.differences.append(DifferenceFact(path, kind, expected, actual))


def judge(
    page: Page,
    expected: tuple[Answer, ...],
    actual: Answer | Failure,
    rules: Rules,
) -> Judgement:
    """Compare what two sites answered to one request.

    Args:
        page: What was asked.
        expected: Answers of the old site: the one that counts, then others to the same request,
            which show what changes by itself.
        actual: What the new site answered.
        rules: How to judge.
    """
    if isinstance(actual, Failure):
        return Judgement(Outcome.ERROR, f"the new site: {actual.reason}")
    verdict = Judgement()
    wanted = expected[0]
    if _needs_login(page, wanted, actual):
        reason = "the recorded client had a session (cookies), and without one it is not shown"
        return Judgement(Outcome.UNSUPPORTED, reason)
    if wanted.status >= 500 and actual.status < 500:
        reason = f"the old site itself failed with {wanted.status}; the new one: {actual.status}"
        return Judgement(Outcome.UNSUPPORTED, reason)
    if _led_to_https(page, wanted, rules):
        reason = "the old site led to https here, and the new one is asked with https already"
        return Judgement(Outcome.UNSUPPORTED, reason)
    _status(wanted, actual, verdict)
    if not verdict.differences:
        if wanted.is_redirect:
            _redirect(page, wanted, actual, rules, verdict)
        elif wanted.status != 204:
            _type(wanted, actual, verdict)
            _body(page, expected, actual, rules, verdict)
        over_tls = rules.new.startswith("https:")
        for path, was, now, code in _cookie_problems(wanted, actual, over_tls=over_tls):
            verdict.add(code, path, was, now)
        _cache(wanted, actual, verdict)
    _links(actual, rules, verdict)
    return _concluded(verdict)


def _concluded(verdict: Judgement) -> Judgement:
    if verdict.differences:
        verdict.outcome = Outcome.FAIL
        places = list(dict.fromkeys(fact.path.partition(":")[0] for fact in verdict.differences))
        verdict.reason = f"differs in {', '.join(place.lstrip('$') for place in places)}"
    elif verdict.unjudged:
        verdict.outcome = Outcome.UNSUPPORTED
        verdict.reason = "; ".join(verdict.unjudged)
    elif verdict.notes:
        verdict.reason = f"harmless: {'; '.join(verdict.notes)}"
    return verdict


def _needs_login(page: Page, wanted: Answer, actual: Answer) -> bool:
    gated = actual.status in _GATED or (actual.is_redirect and not wanted.is_redirect)
    return page.with_cookies and wanted.status < 400 and gated


def _led_to_https(page: Page, wanted: Answer, rules: Rules) -> bool:
    if not wanted.is_redirect or not rules.new.startswith("https:"):
        return False
    target = urlsplit(urljoin(rules.old + page.path, wanted.header("Location")))
    same = target.hostname == urlsplit(rules.old).hostname and target.scheme == "https"
    return same and rules.old.startswith("http:") and target.path == urlsplit(page.path).path


def _status(wanted: Answer, actual: Answer, verdict: Judgement) -> None:
    same = {wanted.status, actual.status}
    if len(same) == 1 or same == {200, 304}:
        return
    if same <= {301, 308} or same <= {302, 303, 307}:
        verdict.notes.append(f"status {actual.status} instead of {wanted.status}")
        return
    gone = wanted.status < 400 and actual.status in {404, 410}
    verdict.add(codes.MISSING if gone else codes.STATUS, "$status", wanted.status, actual.status)


def _redirect(page: Page, wanted: Answer, actual: Answer, rules: Rules, verdict: Judgement) -> None:
    was = urljoin(rules.old + page.path, wanted.header("Location"))
    now = urljoin(rules.new + page.path, actual.header("Location"))
    if leads_away(now, rules.old_host):
        target = rules.of_old(wanted).addresses(was)
        verdict.add(codes.REDIRECT, "$header.Location", target, now)
        return
    one = rules.of_old(wanted).text(was)[0]
    other = rules.of_new(actual).text(now)[0]
    if one != other:
        verdict.add(codes.REDIRECT, "$header.Location", one, other)


def _type(wanted: Answer, actual: Answer, verdict: Judgement) -> None:
    was, now = wanted.mime, actual.mime
    if was != now:
        alike = any({was, now} <= names for names in _SAME_TYPES)
        if alike:
            verdict.notes.append(f"{now} instead of {was}, which is the same")
        elif was:
            verdict.add(codes.TYPE, "$header.Content-Type", was, now or None)
    charset = wanted.charset.replace("utf8", "utf-8")
    new_charset = actual.charset.replace("utf8", "utf-8")
    body = actual.body or b""
    if was == now and _is_text(was) and charset and new_charset != charset and not body.isascii():
        was_type, now_type = wanted.header("Content-Type"), actual.header("Content-Type")
        verdict.add(codes.TYPE, "$header.Content-Type", was_type, now_type)


def _body(
    page: Page,
    expected: tuple[Answer, ...],
    actual: Answer,
    rules: Rules,
    verdict: Judgement,
) -> None:
    wanted = expected[0]
    if page.method == "HEAD":
        return
    if wanted.body is None or wanted.status == 304:
        verdict.unjudged.append("the body of the old site was not kept, so it cannot be compared")
        return
    if actual.body is None:
        verdict.unjudged.append("the new answer is too long to be compared")
        return
    if wanted.body == actual.body:
        return
    before = len(verdict.differences)
    if _is_text(wanted.mime) or (not wanted.mime and _decodes(wanted)):
        _text_body(expected, actual, rules, verdict)
    else:
        verdict.add(codes.BODY, "$body", _digest(wanted.body), _digest(actual.body))
    personal = page.with_cookies and ("html" in wanted.mime or "json" in wanted.mime)
    if personal and len(verdict.differences) > before:
        del verdict.differences[before:]
        verdict.code = None if not verdict.differences else verdict.code
        verdict.unjudged.append(
            "the recorded client had a session (cookies), and the body without one is another"
        )


def _text_body(
    expected: tuple[Answer, ...], actual: Answer, rules: Rules, verdict: Judgement
) -> None:
    wanted = expected[0]
    one, applied = rules.of_old(wanted).text(_text(wanted))
    other, applied_new = rules.of_new(actual).text(_text(actual))
    verdict.rules = applied + applied_new
    values = _parsed(one), _parsed(other)
    if "json" in wanted.mime and values[0] is not _NO_JSON and values[1] is not _NO_JSON:
        again = [
            unstable.path
            for answer in expected[1:]
            if answer.status == wanted.status and answer.body is not None
            for unstable in differences(
                values[0], _parsed(rules.of_old(answer).text(_text(answer))[0]), "$body"
            )
        ]
        found = differences(values[0], values[1], "$body")
        stable = [difference for difference in found if difference.path not in again]
        for difference in stable[:SHOWN]:
            verdict.code = verdict.code or codes.BODY
            verdict.differences.append(
                DifferenceFact(
                    difference.path, difference.kind, difference.expected, difference.actual
                )
            )
        return
    more = [
        rules.of_old(answer).text(_text(answer))[0]
        for answer in expected[1:]
        if answer.status == wanted.status and answer.body is not None
    ]
    differing = next((text for text in more if text != one), None)
    compared = diff_texts(one, other, differing)
    if not compared.judged:
        verdict.unjudged.append(
            f"{compared.unstable:.0%} of the body changes from answer to answer of the old site"
        )
        return
    for fact in compared.differences[:SHOWN]:
        # Redacted before it is cut: half a secret would not be found any more.
        was, now = (_clip(rules.redactor.text(str(text))) for text in (fact.expected, fact.actual))
        verdict.code = verdict.code or codes.BODY
        verdict.differences.append(DifferenceFact(fact.path, fact.kind, was, now))
    if compared.unstable and not compared.differences:
        verdict.rules["changes by itself"] += 1


def _cookie_problems(
    wanted: Answer, actual: Answer, *, over_tls: bool
) -> Iterator[tuple[str, Any, Any, Code]]:
    """Yield what the new site's cookies lack: place, what was, what is, code.

    A cookie that only the new site sets is no problem: the recorded client may have had it
    already. ``Secure`` is not asked for where the new site is tried over plain HTTP, because a
    server rightly leaves it out there.

    Args:
        wanted: The old site's answer; a redacted recording does not show its cookies.
        actual: The new site's answer.
        over_tls: Whether the new site was asked with https.
    """
    was, now = _cookies(wanted), _cookies(actual)
    for name, flags in was.items():
        if name not in now:
            yield f"$cookie.{name}", "a cookie of this name", None, codes.COOKIE
            continue
        lost = [flag for flag in _FLAGS if flag in flags and flag not in now[name]]
        for flag in lost:
            if flag != "secure" or over_tls:
                yield f"$cookie.{name}", flag, None, codes.COOKIE_FLAG


def _cookies(answer: Answer) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for header in answer.all("Set-Cookie"):
        # HAR files of some browsers have several cookies in one field, a line each.
        for cookie in header.split("\n"):
            pair, *attributes = cookie.split(";")
            name, equals, value = pair.strip().partition("=")
            names = {attribute.partition("=")[0].strip().lower() for attribute in attributes}
            if equals and value:
                found[name] = names
    return found


def _cache(wanted: Answer, actual: Answer, verdict: Judgement) -> None:
    was, now = (_directives(answer.header("Cache-Control")) for answer in (wanted, actual))
    kept_private = was & {"private", "no-store"}
    shared = now & {"public"} or any(item.startswith(("s-maxage=", "max-age=")) for item in now)
    closed = now & {"private", "no-store", "no-cache"}
    if kept_private and shared and not closed and not (now <= {"max-age=0", "public"}):
        verdict.add(
            codes.CACHE,
            "$header.Cache-Control",
            wanted.header("Cache-Control"),
            actual.header("Cache-Control"),
        )
    elif was != now:
        said = actual.header("Cache-Control") or "nothing"
        instead = wanted.header("Cache-Control") or "nothing"
        verdict.notes.append(f"Cache-Control says {said} instead of {instead}")


def _directives(value: str) -> set[str]:
    return {item.strip().lower() for item in value.split(",") if item.strip()}


def _links(actual: Answer, rules: Rules, verdict: Judgement) -> None:
    if actual.body is not None and _is_text(actual.mime):
        verdict.links = hosted_links(actual.mime, _text(actual), rules.old_host)


def _is_text(mime: str) -> bool:
    return any(part in mime for part in TEXTUAL)


def _decodes(answer: Answer) -> bool:
    try:
        (answer.body or b"").decode()
    except UnicodeDecodeError:
        return False
    return True


def _text(answer: Answer) -> str:
    body = answer.body or b""
    for encoding in (answer.charset or "utf-8", "utf-8"):
        try:
            return body.decode(encoding)
        except (LookupError, UnicodeDecodeError):
            continue
    return body.decode("latin-1")


def _clip(text: str) -> str:
    return text if len(text) <= _CLIP else f"{text[:_CLIP]}…(+{len(text) - _CLIP} characters)"


_NO_JSON: Final = object()


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _NO_JSON


def _digest(body: bytes) -> str:
    return f"{len(body):,} bytes, SHA-256 {hashlib.sha256(body).hexdigest()[:16]}"
