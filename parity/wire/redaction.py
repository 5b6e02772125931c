"""Keeps keys, tokens and personal data out of everything that is written.

Two rules, wherever a value stands (header, URL, JSON, JSON in a string, plain text):

1. a known secret becomes its display name: ``$SELFHOSTED_REST_KEY``;
2. a session token, password, ``authData``, device token, e-mail address, phone number or
   unknown key becomes a stand-in (:mod:`parity.wire.pseudonyms`).

Passwords, ``authData``, device tokens, keys, PINs, codes of cards, sender ids and signatures of
storage URLs are known by the name of their field; session tokens, e-mail addresses, international
phone numbers, JSON Web Tokens, bearer tokens, card numbers, IBANs and US social security numbers
by their form too.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from parity.wire.pseudonyms import Pseudonyms

_MAX_DEPTH: Final = 64
_PAIR_DEPTH: Final = 8
_TOO_DEEP: Final = "redacted-too-deep"
_SHORT = 6
_MIN_BASE64 = 8
_MAX_ENCODINGS = 3
_URL_SAFE = "$@:/,;!*~="

_NAME = r"""(?:
    [\w-]*pass(?:word|wd|phrase)(?:[_-]?(?:confirm(?:ation)?|again|repeat(?:ed)?|hash|digest))?
  | pwd
  | [\w-]*(?:session|device|access|refresh|id|auth|perishable|verify|reset|security
      |card|payment|stripe|push|fcm|gcm|apns|bearer|csrf)[_-]?token
  | jwt | bearer
  | [\w-]*(?:stripe|private|access|publishable|signing|encryption)[_-]?key
  | (?:credit|debit)?[_-]?card[_-]?(?:number|no|num) | cvv2? | cvc2? | csc | card[_-]?code
  | [\w-]*security[_-]?code | [\w-]*iban | ssn | social[_-]?security(?:[_-]?(?:number|no))?
  | pin | pin[_-]?(?:code|number)
  | [\w-]*sender[_-]?ids?
  | (?:x-(?:amz|goog)-)?signature | x-(?:amz|goog)-credential | awsaccesskeyid | googleaccessid
  | [\w-]*secret
  | [\w-]*e[_-]?mail(?:[_-]?address)?
  | [\w-]*(?:phone|mobile)(?:[_-]?(?:number|no))? | telephone | tel | msisdn
  | auth[_-]?data | _auth_data_\w+
  | x-parse-application-id | _ApplicationId
  | (?:x-parse-|x-|_)?
    (?:rest-?api|rest|client|javascript|windows|dotnet|master|maintenance|api|file|webhook)
    [_-]?key
  | (?:proxy-)?authorization | (?:set-)?cookie
)"""
_SENSITIVE = re.compile(_NAME, re.IGNORECASE | re.VERBOSE)
_PHONE_NAME = re.compile(r".*(?:phone|mobile|tel|msisdn)(?:[_-]?(?:number|no))?", re.IGNORECASE)
_START = r"(?<![\w-])"
# Up to the quote that began it, or to the end. Not a possessive group: those match wrongly before
# Python 3.11.5 (https://github.com/python/cpython/issues/106052), a single class does not.
_TO_QUOTE = r".*?(?=(?<!\\)(?P=q)|\Z)"
# name: "value", "name":"value", \"name\":\"value\", and the same cut off before the last quote.
_QUOTED = re.compile(
    rf"""{_START}(?P<head>(?P<name>{_NAME})(?:\\*["'])?\s*[:=]\s*(?P<q>\\*["']))
    (?P<value>{_TO_QUOTE})""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_LINE = re.compile(
    rf"{_START}(?P<head>(?P<name>(?:proxy-)?authorization|(?:set-)?cookie)\s*:\s*)"
    r"(?P<value>[^\s\"'\\][^\r\n\"'\\]*+)",
    re.IGNORECASE,
)
_COLON = re.compile(
    rf"""{_START}(?!(?:proxy-)?authorization|(?:set-)?cookie)
    (?P<head>(?P<name>{_NAME})(?:\\*["'])?\s*:\s*)(?P<value>[^\s"'\\,;&(){{}}\[\]]++)""",
    re.IGNORECASE | re.VERBOSE,
)
_SENSITIVE_PAIR = re.compile(
    rf"""{_START}(?P<name>token|sig|{_NAME})=(?P<value>[^&\s"'<>\#]++)""",
    re.IGNORECASE | re.VERBOSE,
)
_PAIR = re.compile(rf"{_START}(?P<name>[A-Za-z_$][\w-]*+)=(?P<value>[^&\s\"'<>#]++)")
# authData in JSON that cannot be parsed, most likely because it was cut off.
_AUTH_DATA = re.compile(
    r"""(?:authData|_auth_data_\w+)\\*["']?\s*[:=]\s*\{[^{}]*+(?:\{[^{}]*+\}?[^{}]*+)*""",
    re.IGNORECASE,
)
_QUOTED_VALUE = re.compile(rf"""(?P<head>:\s*(?P<q>\\*["']))(?P<value>{_TO_QUOTE})""", re.DOTALL)
_BASIC = re.compile(
    r"(?P<head>\bbasic(?:\s+|%20))(?P<value>[A-Za-z0-9+/]{4,}={0,2})", re.IGNORECASE
)
_USERINFO = re.compile(r"(?<=://)(?P<user>[^\s/@:\"'<>?#]*+):(?P<password>[^\s/\"'<>?#]*)(?=@)")
_NO_URL = re.compile(r"[\s\"<>\\]")
_SCAN = re.compile(
    r"""
    (?<=://)[^\s/@"'<>?\#]++@
  | r(?P<colon>:|%3[Aa])(?P<token>[0-9a-f]{32}|[A-Za-z0-9]{25})(?![A-Za-z0-9])
  | (?<![A-Za-z0-9+/_-])(?=[A-Za-z]*\d)(?=\d*[A-Za-z])
    (?P<legacy>[A-Za-z0-9]{25})(?![A-Za-z0-9+/=_-])
  | (?:(?<![\w.+-])(?!(?<=%)[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))
    (?P<local>(?>(?:[\w.+-]|%2[Bb])+))(?P<at>@|%40)(?P<domain>(?:[\w-]+\.)+[^\W\d_]{2,})
  | (?<![\w+])(?P<plus>\+|%2[Bb])(?P<phone>\d(?:[ ().-]{0,2}\d){6,14})(?!\d)
  | (?<![\w.-])(?P<jwt>eyJ[\w-]{6,}\.eyJ[\w-]{6,}\.[\w-]*)
  | (?<![\w-])(?P<scheme>(?:[Bb]earer|BEARER)(?:\s+|%20|\+))(?P<bearer>[\w.~+/-]{8,}=*)
  | (?<![\w.+-])(?P<card>(?:[0-9][ -]?){14,15}[0-9])(?![\w-]|\.\d)
  | (?<![\w-])(?P<iban>[A-Z]{2}[0-9]{2}(?:[ ]?[A-Z0-9]){11,30})(?![\w-])
  | (?<![\w-])(?P<ssn>[0-9]{3}-[0-9]{2}-[0-9]{4})(?![\w-])
    """,
    re.VERBOSE,
)
# Without one of these there is nothing to find by name or form.
_MARKS = re.compile(r"[=:@+%]|[A-Za-z0-9]{25}|(?i:basic)")
_FORM_MARKS = re.compile(r"[@+%]|r:|[A-Za-z0-9]{25}")
_NUMBERS = re.compile(r"\d{4}[ -]?\d{4}|\b\d{3}-\d\d-|\b[A-Z]{2}\d\d")
_SHORTEST_FORM = 11
"""Characters of a social security number; nothing else that is known by its form is shorter."""
_CARD = re.compile(r"(?=\d{15,16}$)(?:4|5[1-5]|2[2-7]|3[47]|6011|65)\d+", re.ASCII)
"""How numbers of the large card networks begin (ISO/IEC 7812)."""
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d{4})")
# What a schema or an operator says about a sensitive field is not the field's value.
_STRUCTURE = {
    "__op": {
        *("Delete", "Increment", "Add", "AddUnique", "Remove", "AddRelation", "RemoveRelation"),
        *("Batch", "SetOnInsert"),
    },
    "__type": {"Date", "Pointer", "Relation", "GeoPoint", "Polygon", "File", "Bytes", "Object"},
    "type": {"String", "Number", "Boolean", "Date", "Object", "Array", "Pointer", "Relation"},
    "$options": {"i", "m", "x", "s", "im", "imx"},
}


_WORDS = frozenset[str]().union(*_STRUCTURE.values())


class Redactor:
    """Redacts with one set of secrets and one key; every method is idempotent.

    Args:
        secrets: Each secret value with the name to show for it. Values of less than 6
            characters are replaced only where they stand alone; empty ones are ignored.
        key: At least 16 secret bytes for the stand-ins; the same key gives the same stand-ins.

    Raises:
        ValueError: The key is too short.
    """

    def __init__(self, secrets: Mapping[str, str], key: bytes) -> None:
        self._pseudonyms = Pseudonyms(key)
        self._shown = frozenset(secrets.values())
        self._names: dict[str, str] = {}
        for value, shown in secrets.items():
            for variant in _variants(value) if value else ():
                self._names.setdefault(variant, shown)
        self._names |= {shown: shown for shown in self._shown}
        longest_first = sorted(self._names, key=len, reverse=True)
        self._known = re.compile("|".join(map(_pattern, longest_first)) or r"(?!)")

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the headers, redacted; names and order stay."""
        return {
            name: self._leaf(name, value) if _is_sensitive(name) else self.text(value)
            for name, value in headers.items()
        }

    def json(self, value: Any) -> Any:
        """Return a copy of a parsed JSON value, redacted; what is not sensitive stays equal."""
        return self._walk(value, 0, "")

    def text(self, text: str) -> str:
        """Return text, redacted.

        JSON keeps its values but not its spacing when something in it was redacted.
        """
        return self._text(text, 0)

    def url(self, url: str) -> str:
        """Return a URL (full, or from the path on), redacted; it stays a valid URL.

        What is no URL is redacted as text.
        """
        if _NO_URL.search(url):
            return self.text(url)
        head, mark, query = self._userinfo(url).partition("?")
        scheme, colon, rest = head.partition("://")
        authority, *segments = (rest if colon else head).split("/")
        path = [self._segment(segment) for segment in segments]
        if not colon:
            scheme, authority = "", self._segment(authority)
        return self._flat(f"{scheme}{colon}{'/'.join([authority, *path])}{mark}{query}", 0)

    def _walk(self, value: Any, depth: int, name: str) -> Any:
        # `name` is the nearest sensitive field around the value, or empty.
        if isinstance(value, (dict, list)) and depth > _MAX_DEPTH:
            return _TOO_DEEP
        if isinstance(value, dict):
            # A pointer, a file, … in a field with a sensitive name is not the person's data.
            name = "" if value.get("__type") in _STRUCTURE["__type"] else name
            return {
                self._flat(key, depth): item
                if isinstance(item, str) and item in _STRUCTURE.get(key, ())
                else self._walk(item, depth + 1, key if _is_sensitive(key) else name)
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self._walk(item, depth + 1, name) for item in value]
        if isinstance(value, str):
            return self._leaf(name, value) if name else self._text(value, depth + 1)
        if isinstance(value, bool) or value is None:
            return value
        if (shown := self._names.get(str(value))) is not None:
            return shown
        is_card = isinstance(value, int) and value > 10**14 and _is_card(str(value))
        return self._pseudonyms.number(value) if name or is_card else value

    def _text(self, text: str, depth: int) -> str:
        if depth > _MAX_DEPTH:
            return _TOO_DEEP
        body = text.strip()
        if body.startswith(("{", "[", '"')):
            try:
                parsed = json.loads(body)
            except (ValueError, RecursionError):
                return self._flat(text, depth)
            redacted = self._walk(parsed, depth + 1, "")
            if redacted == parsed:
                # Not done yet: of a key that occurs twice, only the last value was parsed.
                return self._forms(self._secrets(text))
            dumped = json.dumps(redacted, ensure_ascii=False, separators=(",", ":"))
            return text.replace(body, dumped)
        return self._flat(text, depth)

    def _flat(self, text: str, depth: int) -> str:
        if not (_MARKS.search(text) or _has_form(text)) or _ISO_DATE.fullmatch(text):
            return self._secrets(text)
        text = self._userinfo(text)
        text = _BASIC.sub(lambda m: m["head"] + (self._basic(m["value"]) or m["value"]), text)
        text = self._secrets(text)
        text = _AUTH_DATA.sub(self._auth_data, text)
        for pattern in (_QUOTED, _LINE, _COLON):
            text = pattern.sub(lambda match: self._named(match, match["name"]), text)
        text = _SENSITIVE_PAIR.sub(self._sensitive_pair, text)
        text = self._forms(text)
        return _PAIR.sub(lambda match: self._pair(match, depth), text)

    def _forms(self, text: str) -> str:
        return _SCAN.sub(self._form, text) if _has_form(text) else text

    def _secrets(self, text: str) -> str:
        # The search by `in` is many times faster than the pattern, and mostly finds nothing.
        if any(name in text for name in self._names):
            return self._known.sub(lambda match: self._names[match[0]], text)
        return text

    def _leaf(self, name: str, value: str) -> str:
        """Redact a value that is sensitive because of its field's name."""
        if (match := _BASIC.fullmatch(value)) and (basic := self._basic(match["value"])):
            return match["head"] + basic
        shown = self._names.get(value, value)
        if shown in self._shown or _ISO_DATE.fullmatch(value) or value == _TOO_DEEP:
            return shown
        if _PHONE_NAME.fullmatch(name):
            return self._pseudonyms.phone(value)
        return self._pseudonyms.of(value)

    def _basic(self, encoded: str) -> str | None:
        """Redact both halves of HTTP Basic; ``None`` if it is no such thing."""
        try:
            app_id, colon, key = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        if not colon:
            return None
        prefix = "javascript-key=" if key.startswith("javascript-key=") else ""
        redacted = f"{self._leaf('', app_id)}:{prefix}{self._leaf('', key.removeprefix(prefix))}"
        return base64.b64encode(redacted.encode()).decode()

    def _userinfo(self, text: str) -> str:
        def redact(match: re.Match[str]) -> str:
            key = unquote(match["password"])
            prefix = "javascript-key=" if key.startswith("javascript-key=") else ""
            user = self._leaf("", unquote(match["user"]))
            # The "=" is encoded so that the pair is not taken for a query parameter.
            password = quote(prefix) + _quoted(self._leaf("", key.removeprefix(prefix)))
            return f"{_quoted(user)}:{password}"

        return _USERINFO.sub(redact, text)

    def _segment(self, segment: str) -> str:
        decoded = unquote(segment)
        redacted = self._flat(decoded, 1)
        return segment if redacted == decoded else _quoted(redacted)

    def _auth_data(self, match: re.Match[str]) -> str:
        return _QUOTED_VALUE.sub(
            lambda each: each[0] if each["value"] in _WORDS else self._named(each, "authData"),
            match[0],
        )

    def _named(self, match: re.Match[str], name: str) -> str:
        value = match["value"]
        if value in {"null", "true", "false"}:
            return match[0]
        if re.fullmatch(r"-?\d+", value) and "q" not in match.groupdict():
            return match["head"] + str(self._pseudonyms.number(int(value)))
        if (quotes := match.groupdict().get("q", "")).endswith('"'):
            value = _unescaped(value, len(quotes).bit_length())
        redacted = self._leaf(name, value)
        return match[0] if redacted == value else match["head"] + redacted

    def _sensitive_pair(self, match: re.Match[str]) -> str:
        name, value = match["name"], match["value"]
        # Strictly, "+" is a space; in front of a phone number nobody means that.
        phone = _PHONE_NAME.fullmatch(name) and value.startswith("+")
        decoded = unquote(value) if phone else unquote_plus(value)
        redacted = self._leaf(name, decoded)
        return match[0] if redacted == decoded else f"{name}={_quoted(redacted)}"

    def _pair(self, match: re.Match[str], depth: int) -> str:
        decoded = unquote_plus(match["value"])
        redacted = self._text(decoded, depth + _PAIR_DEPTH)
        return match[0] if redacted == decoded else f"{match['name']}={_quoted(redacted)}"

    def _form(self, match: re.Match[str]) -> str:
        found = match.groupdict()
        if found["token"]:
            return f"r{found['colon']}{self._pseudonyms.of('r:' + found['token'])[2:]}"
        if found["legacy"]:
            return self._pseudonyms.of(found["legacy"])
        if found["local"]:
            address = self._pseudonyms.of(f"{unquote(found['local'])}@{found['domain']}")
            return address.replace("@", found["at"])
        if found["bearer"]:
            return found["scheme"] + self._pseudonyms.of(found["bearer"])
        number = re.sub(r"[ -]", "", found["card"] or found["iban"] or "")
        is_money = _is_card(number) if found["card"] else bool(number) and _is_iban(number)
        if found["jwt"] or found["ssn"] or is_money:
            return self._pseudonyms.of(match[0])
        if found["phone"]:
            return found["plus"] + self._pseudonyms.phone("+" + found["phone"])[1:]
        return match[0]


@lru_cache(maxsize=4096)
def _is_sensitive(name: str) -> bool:
    return _SENSITIVE.fullmatch(name) is not None


def _has_form(text: str) -> bool:
    """Return whether it is worth a search for what is known by its form; this is the fast part."""
    if _FORM_MARKS.search(text):
        return True
    if len(text) < _SHORTEST_FORM:
        return False
    # By `in` and not by the pattern, which is slower the more it may begin with.
    words = "eyJ" in text or "earer" in text or "BEARER" in text
    return words or _NUMBERS.search(text) is not None


def _is_card(digits: str) -> bool:
    """Return whether digits are a card's: its beginning, and the check digit of Luhn."""
    if not _CARD.fullmatch(digits):
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


def _is_iban(text: str) -> bool:
    """Return whether a text is an IBAN, by its check digits (ISO 13616)."""
    return int("".join(str(int(letter, 36)) for letter in text[4:] + text[:4])) % 97 == 1


def _pattern(literal: str) -> str:
    pattern = re.escape(literal)
    return pattern if len(literal) >= _SHORT else rf"(?<![A-Za-z0-9]){pattern}(?![A-Za-z0-9])"


def _quoted(text: str) -> str:
    return quote(text, safe=_URL_SAFE, errors="surrogatepass")


def _unescaped(text: str, levels: int) -> str:
    try:
        for _ in range(levels):
            text = json.loads(f'"{text}"', strict=False)
    except ValueError:
        pass
    return text


def _variants(secret: str) -> set[str]:
    """Return the forms in which a secret may stand in a text, encoded up to three times."""
    steps: tuple[Callable[[str], str], ...] = (
        lambda text: quote(text, safe="", errors="surrogatepass"),
        lambda text: quote(text, errors="surrogatepass"),
        lambda text: quote_plus(text, errors="surrogatepass"),
        lambda text: json.dumps(text)[1:-1],
        lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
        html.escape,
    )
    found = {secret}
    for _ in range(_MAX_ENCODINGS):
        found |= {step(each) for each in found for step in steps}
    found |= {re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), each) for each in found}
    return found | _base64_cores(secret)


def _base64_cores(secret: str) -> set[str]:
    """Return what base64 makes of a secret, wherever it stands in the encoded bytes.

    The characters at both ends depend on the neighbours and are left out.
    """
    data = secret.encode("utf-8", "surrogatepass")
    cores = set()
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + data).decode()
        bits = (offset + len(data)) * 8
        core = encoded[-(-offset * 8 // 6) : bits // 6]
        if len(core) >= _MIN_BASE64:
            cores |= {core, core.replace("+", "-").replace("/", "_")}
    return cores
