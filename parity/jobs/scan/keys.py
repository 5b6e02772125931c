"""Ids and keys of an app that are written into its files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from parity.jobs.scan.codes import CLIENT_KEY, CLIENT_MASTER_KEY, SERVER_MASTER_KEY
from parity.jobs.scan.model import Match, Role
from parity.jobs.scan.source import Source

_TEXT = r"""@?["'](?P<{0}>[^"'\n]{{1,200}})["']"""


def _text(name: str) -> str:
    return _TEXT.format(name)


_KEYS: Final = (
    re.compile(
        r"//(?P<app>[A-Za-z0-9]{20,}):(?:javascript|client|rest|windows)-key=(?P<key>[A-Za-z0-9]{20,})@"
    ),
    re.compile(
        rf"{_text('master')}\s*,?\s*forHTTPHeaderField\s*:\s*@?\"X-Parse-Master-Key", re.IGNORECASE
    ),
    re.compile(
        rf"{_text('key')}\s*,?\s*forHTTPHeaderField\s*:\s*@?\"X-Parse-(?:REST-API|Client)-Key",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\bsetApplicationId\s*[:(]\s*{_text('app')}(?:\s*,?\s*clientKey\s*:\s*{_text('key')})?"
    ),
    re.compile(
        rf"\b(?:Parse|ParseClient)\s*(?:\.|::)\s*[iI]nitialize\s*\(\s*(?:[\w.]+(?:\(\))?\s*,\s*)?"
        rf"{_text('app')}(?:\s*,\s*{_text('key')})?(?:\s*,\s*{_text('master')})?"
    ),
    re.compile(rf"\b[aA]pplicationI[dD]\s*[=(:]\s*{_text('app')}"),
    re.compile(
        rf"\b(?:clientKey|ClientKey|WindowsKey|dotNetKey|javaScriptKey|javascriptKey|restAPIKey"
        rf"|restApiKey)\s*[=(:]\s*{_text('key')}"
    ),
    re.compile(
        rf"X-Parse-(?:REST-API|Client|Javascript|Windows)-Key['\"]?\s*[\],:=]\s*\)?\s*"
        rf"(?:forHTTPHeaderField\s*:\s*)?{_text('key')}",
        re.IGNORECASE,
    ),
    re.compile(rf"X-Parse-Master-Key['\"]?\s*[\],:=]\s*{_text('master')}", re.IGNORECASE),
    re.compile(
        rf"(?<!use)(?<!use_)master_?key['\"]?\s*(?:[=(:]|=>)\s*{_text('master')}", re.IGNORECASE
    ),
    re.compile(r"X-Parse-Master-Key\s*:\s*(?P<master>[A-Za-z0-9]{20,})", re.IGNORECASE),
    re.compile(
        r"com\.parse\.APPLICATION_ID['\"][^>]*?android:value\s*=\s*['\"](?P<app>[^'\"@][^'\"]*)"
    ),
    re.compile(
        r"com\.parse\.CLIENT_KEY['\"][^>]*?android:value\s*=\s*['\"](?P<key>[^'\"@][^'\"]*)"
    ),
    re.compile(r"^\s*applicationID:\s*(?P<app>[A-Za-z0-9]{20,})\s*$", re.MULTILINE),
    re.compile(r"^\s*dotnetKey:\s*(?P<key>[A-Za-z0-9]{20,})\s*$", re.MULTILINE),
)
_LOOKS = re.compile(r"[A-Za-z0-9_+/=-]{8,}")
_PARSE_KEY = re.compile(r"(?=.*[A-Z])(?=.*[a-z])(?=.*\d)[A-Za-z0-9]{40}")
"""Ids and keys that the hosted service made: 40 letters and digits at random."""
_VALUE: Final = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9]{40}(?![A-Za-z0-9+/=])")
_NAME_BEFORE: Final = (
    re.compile(r"<(?:string|item|meta-data)\b[^<>]*\bname=[\"'](?P<name>[\w.-]+)[\"'][^<>]*>\s*$"),
    re.compile(r"<key>(?P<name>[^<>]*)</key>\s*<string>\s*$"),
    re.compile(r"<\w+[^<>]*\b(?:key|name)=[\"'](?P<name>[\w.-]+)[\"'][^<>]*\bvalue=[\"']$"),
    re.compile(r"\#\s*define\s+(?P<name>\w+)\s+\(?\s*@?[\"']$"),
    re.compile(
        r"(?P<name>[\w$.-]*\w)(?:\s*:\s*[\w?!]+)?[\"'\])]*\s*(?:=>?|:=?|,|\(|\bas\b)\s*\(?\s*@?[\"'`]$"
    ),
    re.compile(r"(?m:^)[ \t]*(?:export[ \t]+)?(?P<name>[\w.-]+)[ \t]*[=:][ \t]*\Z"),
)
"""What may stand before a key and names it."""
_NAME_AFTER: Final = re.compile(
    r"^[\"']\s*,?\s*(?:forHTTPHeaderField|forKey|forHeader)\s*:\s*@?[\"']?(?P<name>[\w-]+)"
)
_NAMED: Final = (
    ("master", re.compile(r"(?<!use)masterkey")),
    ("app", re.compile(r"app(?:lication)?id|parseid|parseapp$|appkey")),
    (
        "key",
        re.compile(
            r"(?:client|rest|api|js|javascript|dotnet|net|windows|parse|access)key|clientid|keyid"
            r"|parse\w*(?:key|client|secret|token)"
        ),
    ),
)
"""What a name says its value is; the name in lower case and without ``_`` and ``-``."""
_STRONG: Final = re.compile(
    r"(?:java_?script|dot_?net|rest_?api|windows)_?key|parse_?(?:app|client|rest)", re.IGNORECASE
)
"""Names that only keys of Parse have: a file with one may name the others shortly."""
_APP_BEFORE: Final = re.compile(r"app(?:lication)?_?id\b[^{}]*$", re.IGNORECASE)
_FARTHEST: Final = 160
_OF_OTHERS: Final = re.compile(
    r"consumer|twitter|facebook|google|mandrill|mailgun|sendgrid|stripe|twilio|aws|amazon|flurry"
    r"|crashlytics|mixpanel|boundary"
)
_PLACEHOLDER = re.compile(
    r"your|example|placeholder|change|replace|insert|xxxx|<|\$\{|\{\{|_ID$|_KEY$"
    r"|^(?:my|the|some|test|parse)?[-_ ]?(?:app|application|master|client|rest|restapi|javascript"
    r"|java_?script|dotnet|windows)[-_ ]?(?:id|key)s?$",
    re.IGNORECASE,
)
_CONTEXT = re.compile(
    r"\bParse\b|\bParse(?:Client|Object|User|Server)|parse\.com|x-parse", re.IGNORECASE
)
_KEY_WORDS: Final = ("key", "applicationid", "application_id", "app", "initialize", "parse")
_NAMES: Final = {"app": "application id", "key": "key", "master": "master key"}


def keys_in(source: Source, secrets: set[str], role: Role) -> Iterator[Match]:
    """Yield the keys that are written into a file; their values go to ``secrets`` alone.

    A server may have its keys, except that the master key is worth a word.
    """
    lower = source.code.lower()
    if not any(word in lower for word in _KEY_WORDS):
        return
    speaks_of_parse = _CONTEXT.search(source.code) is not None
    seen: set[int] = set()
    for found, start in _written(source.code, speaks_of_parse=speaks_of_parse):
        # Two forms may name the same text: `clientKey:` stands in an initialisation as well.
        new = {name: value for name, (value, at) in found.items() if at not in seen}
        seen.update(at for _, at in found.values())
        secrets.update(new.values())
        place = source.place(start)
        if "master" in new:
            code = CLIENT_MASTER_KEY if role == "client" else SERVER_MASTER_KEY
            yield Match(code, place, _NAMES["master"])
        others = [_NAMES[name] for name in new if name != "master"]
        if others and role == "client":
            yield Match(CLIENT_KEY, place, " and ".join(others))


def _written(
    code: str, *, speaks_of_parse: bool
) -> Iterator[tuple[dict[str, tuple[str, int]], int]]:
    """Yield what each place says of keys: kind to value and where that is; and the place."""
    for pattern in _KEYS:
        for match in pattern.finditer(code):
            found = {
                name: (value, match.start(name))
                for name, value in match.groupdict().items()
                if value
                and _LOOKS.fullmatch(value)
                and not _PLACEHOLDER.search(value)
                and (speaks_of_parse or _PARSE_KEY.fullmatch(value))
            }
            if found:
                yield found, match.start()
    names_keys = speaks_of_parse or _STRONG.search(code) is not None
    for match in _VALUE.finditer(code):
        if not _PARSE_KEY.fullmatch(match[0]):
            continue
        name, start = _name_of(code, match)
        plain = re.sub(r"[\W_]", "", name).lower()
        if _OF_OTHERS.search(plain) or not (names_keys or "parse" in plain):
            continue
        kind = next((kind for kind, words in _NAMED if words.search(plain)), None)
        if plain == "key" and _APP_BEFORE.search(code[max(0, start - _FARTHEST) : start]):
            kind = "key"  # {applicationId: "…", key: "…"}
        if kind is not None:
            yield {kind: (match[0], match.start())}, start


def _name_of(code: str, value: re.Match[str]) -> tuple[str, int]:
    """Return the name that a value is given, and where that stands."""
    first = max(0, value.start() - _FARTHEST)
    before, after = code[first : value.start()], code[value.end() : value.end() + _FARTHEST]
    if named := _NAME_AFTER.search(after):
        return named["name"], value.start()
    for pattern in _NAME_BEFORE:
        if named := pattern.search(before):
            return named["name"], first + named.start("name")
    return "", value.start()
