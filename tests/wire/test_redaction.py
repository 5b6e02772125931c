from __future__ import annotations

import base64
import html
import json
import re
import string
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote, unquote, unquote_plus, urlencode, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.model import Keys, Secret
from parity.wire import Auth, Redactor, auth_body, auth_headers, basic_auth, token_format
from parity.wire.ids import SESSION_TOKENS
from parity.wire.redaction import _is_sensitive
from tests.examples import examples
from tests.wire.strategies import json_values

KEY = b"the key of the tests"
TOKENS = [
    "i4PucfXrFKZTRRXfrAJIMOAVe",
    "r:i4PucfXrFKZTRRXfrAJIMOAVe",
    "r:0123456789abcdef0123456789abcdef",
]
tokens = st.one_of(*(st.from_regex(form, fullmatch=True) for form in SESSION_TOKENS.values()))
passwords = st.text(min_size=10).filter(str.strip)
emails = st.from_regex(r"[a-z]{5,8}(\.|\+)?[a-z]{5,8}@[a-z]{3,8}\.(com|org)", fullmatch=True)
phones = st.from_regex(r"\+(1|49|44)[0-9]{9,10}", fullmatch=True)

# Characters that some encoding treats specially, and letters that none of the words around have.
secret_values = st.text("QXZqxz0123456789" + "/+=&%\"'\\é✓:{} ", min_size=12).filter(
    lambda text: text == text.strip() and sum(map(str.isalnum, text)) > 7
)

Wrap = Callable[[str], str]
WRAPS: dict[str, Wrap] = {
    "plain": lambda s: s,
    "sentence": lambda s: f"it was {s}, was it not",
    "json": lambda s: json.dumps({"a": [{"b": s}]}),
    "json, not ASCII": lambda s: json.dumps([s], ensure_ascii=False),
    "json, name of a field": lambda s: json.dumps({s: 1}),
    "json, cut off": lambda s: json.dumps({"a": s, "z": 1})[:-4],
    "json in a string": lambda s: json.dumps({"log": json.dumps({"a": s})}),
    "json in a string, cut off": lambda s: json.dumps({"log": json.dumps({"a": s})})[:-1],
    "json twice in a string": lambda s: json.dumps([json.dumps([json.dumps([s])])]),
    "url, query": lambda s: "http://127.0.0.1/parse/classes/A?" + urlencode({"where": s}),
    "url, query, json": lambda s: "/parse/classes/A?" + urlencode({"where": json.dumps({"a": s})}),
    "url, path": lambda s: f"http://127.0.0.1/parse/files/{quote(s, safe='')}/a.txt",
    "form": lambda s: urlencode({"a": "1", "b": s, "c": ""}),
    "log line": lambda s: f"GET /parse/classes/A?{urlencode({'where': s})} HTTP/1.1",
    "base64": lambda s: base64.b64encode(f"before {s} after".encode()).decode(),
    "base64, shifted by one": lambda s: base64.b64encode(f"x{s} after".encode()).decode(),
    "base64, shifted by two": lambda s: base64.b64encode(f"xy{s}".encode()).decode(),
    "base64, for URLs": lambda s: base64.urlsafe_b64encode(f"before {s}".encode()).decode(),
    "basic": lambda s: "Basic " + base64.b64encode(f"app:{s}".encode()).decode(),
    "curl": lambda s: f"curl -H 'X-Parse-Master-Key: {s}' http://127.0.0.1/",
    "header": lambda s: f"X-Parse-REST-API-Key: {s}\r\nAccept: */*",
    "batch": lambda s: json.dumps({"requests": [{"path": f"/parse/a/{s}", "body": {"a": s}}]}),
    "password": lambda s: json.dumps({"password": s}),
    "page": lambda s: f"<td title='{html.escape(s)}'>",
}
METHODS: dict[str, Callable[[Redactor, str], str]] = {
    "text": Redactor.text,
    "url": Redactor.url,
    "json": lambda redactor, text: json.dumps(redactor.json({"x": text})),
    "header": lambda redactor, text: json.dumps(redactor.headers({"X-Other": text})),
    "key header": lambda redactor, text: json.dumps(redactor.headers({"X-Parse-Master-Key": text})),
}


def unescaped(text: str) -> str:
    """Undo JSON's escapes, also in a fragment."""
    control = dict(zip("bfnrt", "\b\f\n\r\t", strict=True))

    def character(match: re.Match[str]) -> str:
        return chr(int(match[1][1:], 16)) if len(match[1]) == 5 else control.get(match[1], match[1])

    return re.sub(r"\\(u[0-9a-f]{4}|.)", character, text)


def unbased(text: str) -> str:
    """Decode everything that may be base64, from each place where it may begin."""
    found = []
    for run in re.findall(r"[A-Za-z0-9+/_-]{8,}", text):
        for start in range(4):
            part = run[start:].replace("-", "+").replace("_", "/")
            part = part[:-1] if len(part) % 4 == 1 else part
            found.append(base64.b64decode(part + "=" * (-len(part) % 4)))
    return " ".join(each.decode("utf-8", "replace") for each in found)


def survives(secret: str, text: str) -> bool:
    """Tell whether a secret can be read in a text after undoing any encodings."""
    undo = (unquote, unquote_plus, unescaped, html.unescape)
    texts = {text}
    for _ in range(4):
        texts |= {step(each) for each in texts for step in undo}
    return any(secret in each or secret in unbased(each) for each in texts)


@pytest.mark.parametrize("wrap", WRAPS)
@settings(max_examples=examples(40))
@given(secret=secret_values, method=st.sampled_from(sorted(METHODS)))
def test_a_known_secret_survives_nowhere(wrap: str, method: str, secret: str) -> None:
    redactor = Redactor({secret: "$MASTER_KEY"}, KEY)
    text = WRAPS[wrap](secret)

    assert survives(secret, text)
    assert not survives(secret, METHODS[method](redactor, text))


@given(secret_values)
def test_a_path_that_is_encoded_without_need_hides_nothing(secret: str) -> None:
    encoded = "".join(f"%{byte:02x}" for byte in secret.encode())
    redacted = Redactor({secret: "$APP_ID"}, KEY).url(f"http://127.0.0.1/files/{encoded}/a.txt")

    assert redacted == "http://127.0.0.1/files/$APP_ID/a.txt"


@pytest.mark.parametrize("method", METHODS)
@given(secret=secret_values, wraps=st.lists(st.sampled_from(sorted(WRAPS)), min_size=1, max_size=3))
def test_redacting_twice_changes_nothing(method: str, secret: str, wraps: list[str]) -> None:
    redactor = Redactor({secret: "$MASTER_KEY"}, KEY)
    text = " ".join(WRAPS[wrap](secret) for wrap in wraps)
    redact = METHODS[method] if method in {"text", "url"} else Redactor.text
    once = redact(redactor, text)

    assert redact(redactor, once) == once


@given(st.text())
def test_any_text_is_redacted_and_stays_as_it_is_then(text: str) -> None:
    redactor = Redactor({"QXZ-QXZ-QXZ": "$KEY"}, KEY)
    once = redactor.text(text)
    url = redactor.url(text)

    assert redactor.text(once) == once
    assert redactor.url(url) == url


@given(json_values, tokens, passwords)
def test_json_is_redacted_and_stays_as_it_is_then(value: Any, token: str, password: str) -> None:
    redactor = Redactor({}, KEY)
    once = redactor.json({"a": value, "sessionToken": token, "password": password})

    assert redactor.json(once) == once
    assert json.loads(redactor.text(json.dumps(once))) == once


plain_names = st.text(string.ascii_lowercase, max_size=3).filter(
    lambda name: not _is_sensitive(name)
)


# Integers of 15 digits and more may have the form of a card number.
plain_numbers = st.integers(-(10**13), 10**13)


@given(st.dictionaries(plain_names, plain_numbers | st.booleans()))
def test_what_is_not_sensitive_stays(value: dict[str, Any]) -> None:
    text = json.dumps(value, indent=1)

    assert Redactor({}, KEY).json(value) == value
    assert Redactor({}, KEY).text(text) == text


TOKEN_WRAPS: dict[str, Wrap] = {
    "json": lambda t: json.dumps({"sessionToken": t}),
    "body key": lambda t: json.dumps({"_SessionToken": t, "x": 1}),
    "json in a string": lambda t: json.dumps({"log": json.dumps({"_session_token": t})}),
    "where": lambda t: "/parse/sessions?" + urlencode({"where": json.dumps({"sessionToken": t})}),
    "header": lambda t: f"X-Parse-Session-Token: {t}\n",
    "curl": lambda t: f"curl -H 'X-Parse-Session-Token: {t}'",
    "sentence": lambda t: f"expired: {t}",
    "form": lambda t: f"session_token={quote(t, safe='')}&a=1",
    "json, cut off": lambda t: f'{{"sessionToken":"{t}","cut o',
}


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("wrap", TOKEN_WRAPS)
def test_a_session_token_stays_one_of_its_format_wherever_it_stands(token: str, wrap: str) -> None:
    redactor = Redactor({}, KEY)
    expected = redactor.json({"sessionToken": token})["sessionToken"]
    redacted = redactor.text(TOKEN_WRAPS[wrap](token))

    assert token_format(expected) is token_format(token)
    assert token not in unquote(redacted)
    assert expected in unquote(redacted)


@given(st.lists(tokens | emails | phones, unique=True, min_size=2))
def test_equal_stays_equal_and_different_stays_different(values: list[str]) -> None:
    redactor = Redactor({}, KEY)
    as_json = [redactor.json({"a": value})["a"] for value in values]
    as_text = [redactor.text(f"<{value}>")[1:-1] for value in values]
    as_query = [redactor.url("/?" + urlencode({"a": value})) for value in values]

    assert len(set(as_json)) == len(values)
    assert [parse_qs(urlsplit(url).query)["a"][0] for url in as_query] == as_json
    # In text, 25 letters without a digit are taken for a word.
    assert all(
        text in (stand_in, value)
        for text, stand_in, value in zip(as_text, as_json, values, strict=True)
    )


@given(passwords)
def test_a_password_survives_in_no_field(password: str) -> None:
    redactor = Redactor({}, KEY)
    body = {"username": "u", "password": password, "old": {"oldPassword": [password]}}
    redacted = redactor.json(body)
    url = redactor.url("/parse/login?" + urlencode({"username": "u", "password": password}))

    assert redacted["password"] == redacted["old"]["oldPassword"][0]
    assert redacted["username"] == "u"
    assert redacted["password"].startswith("redacted-")
    assert parse_qs(urlsplit(url).query)["password"] == [redacted["password"]]
    assert json.loads(redactor.text(json.dumps(body))) == redacted


@given(emails, st.sampled_from(["email", "username", "note"]))
def test_an_address_stays_an_address(email: str, field: str) -> None:
    redactor = Redactor({}, KEY)
    stand_in = redactor.json({field: email})[field]

    assert stand_in.endswith("@redacted.example")
    assert redactor.text(f"Mail to <{email}>.") == f"Mail to <{stand_in}>."
    assert email not in unquote(redactor.url(f"/a?{urlencode({field: email})}"))


@pytest.mark.parametrize(
    "text",
    [
        '{"password":"hunter2 hunter2","cut o',
        '{"password":"hunter2 \\" hunter2","cut o',
        '{"log":"{\\"password\\":\\"hunter2 hunter2\\"}","cut o',
        "{'password': 'hunter2 hunter2'}",
        "password = 'hunter2 hunter2'",
        '{"old-password":12345678,"cut o',
        "password: hunter2",
        "{ password: hunter2, name: x }",
        "Authorization: Bearer hunter2 hunter2",
        "curl -H 'Authorization: Bearer hunter2' -H 'Cookie: a=hunter2; b=hunter2'",
        "Set-Cookie: hunter2=hunter2; Path=/\r\nServer: x",
        "X-Parse-Master-Key: hunter2",
        "GET /verify_email?username=u&token=hunter2",
        "user=x;password=hunter2;y",
    ],
)
def test_a_field_is_known_by_its_name_in_any_text(text: str) -> None:
    redactor = Redactor({}, KEY)
    redacted = redactor.text(text)

    assert "hunter2" not in redacted
    assert "12345678" not in redacted
    assert redactor.text(redacted) == redacted


def test_auth_data_keeps_its_shape() -> None:
    sent = {
        "id": "10203040506",
        "access_token": "EAAB",
        "expiration_date": "2016-03-09T17:12:28.512Z",
        "level": 7,
    }
    data = {
        "facebook": sent,
        "anonymous": {"id": "0f8fad5b-d9cb-469f-a165-70867728950e"},
        "twitter": None,
    }
    redacted = Redactor({}, KEY).json({"authData": data, "_auth_data_facebook": sent})
    facebook = redacted["authData"]["facebook"]

    assert redacted["_auth_data_facebook"] == facebook
    assert facebook.keys() == sent.keys()
    assert facebook["expiration_date"] == "2016-03-09T17:12:28.512Z"
    assert facebook["level"] != 7
    assert redacted["authData"]["twitter"] is None
    assert len(redacted["authData"]["anonymous"]["id"]) == 36
    assert not [leak for leak in ("10203040506", "EAAB", "0f8fad5b") if leak in str(redacted)]


def test_auth_data_that_was_cut_off_is_redacted() -> None:
    text = json.dumps({"authData": {"facebook": {"id": "10203040506", "access_token": "EAAB"}}})
    redacted = [Redactor({}, KEY).text(text[:end]) for end in range(len(text) + 1)]

    assert not [each for each in redacted if "10203" in each or "EAA" in each]


def test_device_tokens_and_phone_numbers_are_redacted_by_name() -> None:
    redacted = Redactor({}, KEY).json(
        {"deviceToken": "0a" * 32, "phone": "(555) 123-4567", "mobileNumber": 5551234567}
    )

    assert redacted["deviceToken"] != "0a" * 32
    assert len(redacted["deviceToken"]) == 64
    assert redacted["phone"].startswith("+999")
    assert isinstance(redacted["mobileNumber"], int)
    assert redacted["mobileNumber"] != 5551234567


def test_what_is_said_about_a_sensitive_field_stays() -> None:
    value = {
        "fields": {"email": {"type": "String"}, "authData": {"type": "Object"}},
        "update": {"email": {"__op": "Delete"}},
        "where": {"email": {"$exists": True}, "emailVerified": False, "password": None},
        "phone": {"__type": "Pointer", "className": "Phone", "objectId": "abcdefghij"},
    }

    assert Redactor({}, KEY).json(value) == value
    assert json.loads(Redactor({}, KEY).text(json.dumps(value))) == value


def test_every_way_to_send_keys_is_redacted() -> None:
    auth = Auth(
        app_id=Secret("the-app-id"),
        keys=Keys(javascript_key=Secret("the-javascript-key")),
        session_token=TOKENS[1],
    )
    known = Redactor({"the-app-id": "$APP_ID", "the-javascript-key": "$JAVASCRIPT_KEY"}, KEY)
    unknown = Redactor({}, KEY)
    sent = [
        json.dumps(known.headers(auth_headers(auth))),
        json.dumps(known.json(auth_body(auth))),
        json.dumps(unknown.headers(auth_headers(auth))),
        json.dumps(unknown.json(auth_body(auth))),
        unknown.text(json.dumps(auth_headers(auth))),
    ]

    assert not [text for text in sent if "the-" in text or TOKENS[1] in text]
    assert known.headers(auth_headers(auth))["X-Parse-Application-Id"] == "$APP_ID"
    assert known.json(auth_body(auth))["_JavaScriptKey"] == "$JAVASCRIPT_KEY"


@pytest.mark.parametrize("known", [True, False])
def test_basic_stays_basic(*, known: bool) -> None:
    auth = Auth(app_id=Secret("the-app-id"), keys=Keys(javascript_key=Secret("the-js-key")))
    names = {"the-app-id": "$APP_ID", "the-js-key": "$JS_KEY"} if known else {}
    redactor = Redactor(names, KEY)
    header = redactor.headers({"authorization": basic_auth(auth)})["authorization"]
    pair = base64.b64decode(header.removeprefix("Basic ")).decode()

    assert "the-" not in pair
    assert ":javascript-key=" in pair
    assert not known or pair == "$APP_ID:javascript-key=$JS_KEY"
    assert redactor.text(f"curl -H 'Authorization: {basic_auth(auth)}'").count(header) == 1


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mongodb://user:pa@ss@127.0.0.1:27017/db?w=1", "@127.0.0.1:27017/db?w=1"),
        ("https://app:javascript-key=abc@example.com/1/a", "@example.com/1/a"),
    ],
)
def test_keys_in_front_of_a_host_are_redacted(url: str, expected: str) -> None:
    redactor = Redactor({}, KEY)

    for redacted in (redactor.url(url), redactor.text(url)):
        assert redacted.endswith(expected)
        assert not [leak for leak in ("user", "pa@", "ss@", "app:", "abc@") if leak in redacted]
        assert redactor.url(redacted) == redactor.text(redacted) == redacted


def test_json_with_a_repeated_key_hides_nothing() -> None:
    redactor = Redactor({"QXZ-QXZ-QXZ": "$KEY"}, KEY)

    assert "QXZ" not in redactor.text('{"a":"QXZ-QXZ-QXZ","a":1}')
    assert "b@x.com" not in redactor.text('{"a":"b@x.com","a":1}')


def test_white_space_around_json_stays() -> None:
    assert Redactor({}, KEY).text(' {"email": "a@b.com"}\n').startswith(' {"email":"')
    assert Redactor({}, KEY).text('{"email": "a@b.com"}\n').endswith('"}\n')


def test_deep_json_is_cut_and_never_leaks() -> None:
    value: Any = "a@b.com"
    for _ in range(200):
        value = {"a": [value]}
    redactor = Redactor({}, KEY)

    assert "a@b.com" not in json.dumps(redactor.json(value))
    assert "a@b.com" not in redactor.text(json.dumps(value))
    assert "a@b.com" not in redactor.text("[" * 5000 + '"a@b.com"')
    assert "hunter2" not in redactor.text("a=" * 100 + "password=hunter2")


def test_a_short_secret_is_replaced_where_it_stands_alone() -> None:
    redactor = Redactor({"app": "$APP_ID"}, KEY)

    assert redactor.text("/files/app/a.txt of application") == "/files/$APP_ID/a.txt of application"


def test_a_display_name_is_not_searched_for_secrets() -> None:
    redactor = Redactor({"REST_KEY": "$REST_KEY", "the-secret": "$SECRET_REST_KEY"}, KEY)

    assert redactor.text("the-secret REST_KEY") == "$SECRET_REST_KEY $REST_KEY"
    assert redactor.text("$SECRET_REST_KEY $REST_KEY") == "$SECRET_REST_KEY $REST_KEY"


def test_ordinary_texts_stay() -> None:
    texts = [
        "unauthorized: master key is required",
        "Account already exists for this username.",
        "parse-server@9.10.0 on node v22.1.0, 12:30:45+0100",
        "schema mismatch for _User.password; expected Number but got String",
        "http://127.0.0.1:1337/parse/classes/GameScore?limit=0&count=1&order=-score",
        '{"results":[{"objectId":"kMIdopcyK7","createdAt":"2016-03-09T17:12:28.512Z"}]}',
        "tfss-0f8fad5b-d9cb-469f-a165-70867728950e-hello.txt",
        "0123456789abcdef0123456789abcdef_hello.txt",
    ]

    assert [Redactor({}, KEY).text(text) for text in texts] == texts


@pytest.mark.parametrize(
    "unit",
    ["A1", "a@", "a=b=", '{"email":"', "r:", "+1 ", "x@a.", "basic ", "\\", "authData={", "://a",
     "-", "passwordtoken", "password ", "%41", "a.b@"],
)  # fmt: skip
def test_hostile_text_is_redacted_in_one_go(unit: str) -> None:
    redactor = Redactor({"QXZ-QXZ-QXZ": "$KEY"}, KEY)
    text = unit * (100_000 // len(unit))
    redacted = redactor.text(text)

    assert redactor.text(redacted) == redacted


JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
BY_NAME = {
    "X-Parse-Webhook-Key": "zq-planted-1",
    "X-Api-Key": "zq-planted-2",
    "stripeKey": "zq-planted-3",
    "passwordConfirmation": "zq-planted-4",
    "password_confirmation": "zq-planted-5",
    "cardToken": "zq-planted-6",
    "cvv": "zq-planted-7",
    "cvc": "zq-planted-8",
    "pin": "zq-planted-9",
    "ssn": "zq-planted-a",
    "iban": "zq-planted-b",
    "cardNumber": "zq-planted-c",
    "GCMSenderId": "zq-planted-d",
    "X-Amz-Signature": "zq-planted-e",
    "X-Amz-Credential": "zq-planted-f",
    "X-Amz-Security-Token": "zq-planted-g",
    "Signature": "zq-planted-h",
    "AWSAccessKeyId": "zq-planted-i",
    "jwt": "zq-planted-j",
    "fcmToken": "zq-planted-k",
    "securityCode": "zq-planted-l",
}
BY_FORM = {
    "jwt": JWT,
    "bearer": "Bearer zqplanted.0123456789",
    "card": "4242424242424242",
    "card in groups": "5555 5555 5555 4444",
    "american": "378282246310005",
    "iban": "DE89370400440532013000",
    "iban in groups": "GB82 WEST 1234 5698 7654 32",
    "ssn": "078-05-1120",
}


@pytest.mark.parametrize("name", BY_NAME)
def test_more_fields_are_known_by_their_name_wherever_they_stand(name: str) -> None:
    secret, redactor = BY_NAME[name], Redactor({}, KEY)
    shown = [
        json.dumps(redactor.json({"a": [{name: secret}]})),
        redactor.text(json.dumps({name: secret})),
        redactor.text(f'cut off {{"{name}":"{secret}'),
        str(redactor.headers({name: secret})),
        redactor.url(f"https://bucket.example/a.png?x=1&{name}={secret}&y=2"),
        json.dumps(redactor.json({name: 81723})),
    ]
    assert [text for text in shown if secret in text or "81723" in text] == []
    assert [redactor.text(text) for text in shown] == shown


@pytest.mark.parametrize("form", BY_FORM)
def test_more_values_are_known_by_their_form_wherever_they_stand(form: str) -> None:
    value, redactor = BY_FORM[form], Redactor({}, KEY)
    secret = value.removeprefix("Bearer ")
    shown = [
        json.dumps(redactor.json({"note": value, "list": [f"text {value}, more"]})),
        redactor.text(value),
        redactor.text(f"paid with {value}."),
        str(redactor.headers({"X-Note": value})),
        redactor.url(f"https://h.example/p?note={value}") if " " not in value else "",
    ]
    assert [text for text in shown if secret in text] == []
    assert [redactor.text(text) for text in shown] == shown


def test_a_card_number_is_known_as_a_number_too() -> None:
    assert Redactor({}, KEY).json({"n": 4242424242424242})["n"] != 4242424242424242


@pytest.mark.parametrize(
    "text",
    [
        *("4242424242424243", "1457543502000", "1234567890123456", "0.4242424242424242"),
        *("2016-03-09", "12-34-5678", "DE00370400440532013000", "the bearer of news", "Ab12Cd34Ef"),
        *("/classes/Pin", "a.b.c", "eyJ.a.b", "123e4567-e89b-12d3-a456-426614174000"),
    ],
)
def test_what_only_looks_like_such_a_value_stays(text: str) -> None:
    assert Redactor({}, KEY).text(text) == text
