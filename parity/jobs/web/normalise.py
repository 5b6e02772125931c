"""Takes out of a text what a server makes anew for each answer, and says what was taken out.

Only what can be told for sure is replaced: the site's own address, tokens in fields that are known
to hold one, times of the very moment at which the page was made. What else changes from one answer
to the next shows by asking the old site twice (:mod:`parity.jobs.web.text_diff`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

from parity.wire import Redactor

MINTED_WITHIN_S: Final = 600.0
"""A time counts as that of the answer if it is at most so far from it."""
_LEAST_TOKEN: Final = 8

_CSRF: Final = (
    r"(?:_?csrf(?:[_-]?(?:token|middlewaretoken))?|csrfmiddlewaretoken|authenticity_token|"
    r"__RequestVerificationToken|xsrf[_-]?token)"
)
_TAG: Final = re.compile(r"<(?:input|meta)\b[^>]*>", re.IGNORECASE)
_CSRF_NAME: Final = re.compile(
    rf"""\b(?:name|id|property)\s*=\s*["']?{_CSRF}(?=["'\s/>])""", re.IGNORECASE
)
_VALUE: Final = re.compile(
    r"""(?P<head>\b(?:value|content)\s*=\s*(?P<q>["']))(?P<value>[^"']*)(?P=q)""", re.IGNORECASE
)
_CSRF_SCRIPT: Final = re.compile(
    rf"""(?P<head>\b{_CSRF}["']?\s*[:=]\s*(?P<q>["']))(?P<value>[^"'\s]{{{_LEAST_TOKEN},}})(?P=q)""",
    re.IGNORECASE,
)
_NONCE: Final = re.compile(
    r"""(?P<head><(?:script|style|link)\b[^>]*\bnonce\s*=\s*(?P<q>["']))[\w+/=-]{8,}(?P=q)""",
    re.IGNORECASE,
)
_SESSION_IN_URL: Final = re.compile(
    r"(?P<head>;jsessionid=|[?&](?:amp;)?(?:PHPSESSID|JSESSIONID|connect\.sid)=)[\w.%-]{8,}",
    re.IGNORECASE,
)
_SESSION_TOKEN: Final = re.compile(r"\br:(?:[0-9a-f]{32}|[A-Za-z0-9]{25})(?![A-Za-z0-9])")
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:?\d\d)")
_HTTP_DATE: Final = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:GMT|[+-]\d{4})"
)
_SCRIPT_DATE: Final = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} \d{2} \d{4} \d\d:\d\d:\d\d "
    r"GMT(?P<zone>[+-]\d{4})(?: \([^()<>]{1,60}\))?"
)
_EPOCH: Final = re.compile(r"(?<![\w.-])1\d{9}(?:\d{3})?(?![\w.-])")
_STAND_INS: Final = (
    ("e-mail address", re.compile(r"\b[0-9a-f]{20}@redacted\.example\b")),
    ("redacted value", re.compile(r"\bredacted-[0-9a-f]{32}\b")),
    ("phone number", re.compile(r"\+999\d{12}\b")),
    ("key", re.compile(r"\$[A-Z][A-Z0-9_]*_(?:APP_ID|[A-Z]+_KEY)\b")),
)


@dataclass(frozen=True, slots=True)
class Normaliser:
    """Replaces what one side mints.

    Attributes:
        origins: Addresses of the site itself: ``https://old.example``.
        at: When the answer was given, seconds since the epoch.
        redactor: For the live side of a recording that is redacted; ``None`` leaves it.
        redacted: Whether the other side is redacted, so that stand-ins have to be equal.
    """

    origins: tuple[str, ...]
    at: float
    redactor: Redactor | None = None
    redacted: bool = False

    def text(self, text: str) -> tuple[str, Counter[str]]:
        """Return the text without what is minted, and how often each rule applied."""
        rules: Counter[str] = Counter()
        if self.redacted:
            text = self.redactor.text(text) if self.redactor is not None else text
            for name, pattern in _STAND_INS:
                text = _replace(text, pattern, f"{{{name}}}", rules, name)
        if "\r" in text:
            rules["line ends"] += text.count("\r\n")
            text = text.replace("\r\n", "\n")
        text = self.addresses(text, rules)
        text = _TAG.sub(lambda match: _csrf_field(match[0], rules), text)
        for name, pattern in (("CSRF token", _CSRF_SCRIPT), ("nonce", _NONCE)):
            text = _replace(text, pattern, f"{{{name}}}", rules, name)
        text = _replace(text, _SESSION_IN_URL, "{session id}", rules, "session id")
        text = _replace(text, _SESSION_TOKEN, "{session token}", rules, "session token")
        return self._times(text, rules), rules

    def addresses(self, text: str, rules: Counter[str] | None = None) -> str:
        """Return the text with each address of the site itself as ``{site}``."""
        counted = rules if rules is not None else Counter()
        for origin in self.origins:
            pattern = _address(origin)
            text = _replace(text, pattern, "{site}", counted, "address of the site")
        return text

    def _times(self, text: str, rules: Counter[str]) -> str:
        def near(parse: Callable[[str], float]) -> Callable[[re.Match[str]], str]:
            def mask(match: re.Match[str]) -> str:
                try:
                    is_now = abs(parse(match[0]) - self.at) <= MINTED_WITHIN_S
                except (ValueError, OverflowError, TypeError):
                    return match[0]
                rules["time of the answer"] += is_now
                return "{time of the answer}" if is_now else match[0]

            return mask

        text = _ISO.sub(near(_iso), text)
        text = _HTTP_DATE.sub(near(lambda date: parsedate_to_datetime(date).timestamp()), text)
        text = _SCRIPT_DATE.sub(near(_script_date), text)
        return _EPOCH.sub(near(lambda number: float(number[:10])), text)


def _address(origin: str) -> re.Pattern[str]:
    parts = urlsplit(origin)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    standard = port in {80, 443}
    ports = rf"(?::(?:80|443|{port}))?" if standard else rf":{port}"
    host = re.escape(parts.hostname or "")
    return re.compile(rf"(?:https?:)?(?:\\?/){{2}}{host}{ports}(?![\w:-]|\.\w)", re.IGNORECASE)


def _replace(text: str, pattern: re.Pattern[str], by: str, rules: Counter[str], name: str) -> str:
    def mask(match: re.Match[str]) -> str:
        groups = match.groupdict()
        return f"{groups.get('head') or ''}{by}{groups.get('q') or ''}"

    text, count = pattern.subn(mask, text)
    if count:
        rules[name] += count
    return text


def _csrf_field(tag: str, rules: Counter[str]) -> str:
    if not _CSRF_NAME.search(tag):
        return tag

    def mask(match: re.Match[str]) -> str:
        # An empty token is a fault: nothing that is sent with it is accepted.
        if len(match["value"]) < _LEAST_TOKEN:
            return match[0]
        rules["CSRF token"] += 1
        return f"{match['head']}{{CSRF token}}{match['q']}"

    return _VALUE.sub(mask, tag)


def _iso(text: str) -> float:
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _script_date(text: str) -> float:
    return datetime.strptime(text.partition(" (")[0], "%a %b %d %Y %H:%M:%S GMT%z").timestamp()
