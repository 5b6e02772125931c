"""Only what a server makes anew is taken out, and nothing that a visitor sees."""

from __future__ import annotations

import pytest

from parity.jobs.web.normalise import Normaliser
from parity.wire import Redactor

AT = 1_457_543_550.0  # 2016-03-09T17:12:30Z
OLD = "https://old.example"


def _text(text: str, **more: object) -> str:
    settings: dict[str, object] = {"origins": (OLD,), "at": AT}
    return Normaliser(**{**settings, **more}).text(text)[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('<input type="hidden" name="_csrf" value="a1b2c3d4e5">',
         '<input type="hidden" name="_csrf" value="{CSRF token}">'),
        ("<meta content='a1b2c3d4e5' name='csrf-token'>",
         "<meta content='{CSRF token}' name='csrf-token'>"),
        ('<input name=authenticity_token value="a1b2c3d4e5">',
         '<input name=authenticity_token value="{CSRF token}">'),
        ('var csrfToken = "a1b2c3d4e5";', 'var csrfToken = "{CSRF token}";'),
        ('{"_csrf":"a1b2c3d4e5"}', '{"_csrf":"{CSRF token}"}'),
        ('<script nonce="a1b2c3d4">', '<script nonce="{nonce}">'),
        ('<a href="/a;jsessionid=0A1B2C3D4E">', '<a href="/a;jsessionid={session id}">'),
        ('<a href="/a?x=1&PHPSESSID=0a1b2c3d4e">', '<a href="/a?x=1&PHPSESSID={session id}">'),
        ("r:0123456789abcdef0123456789abcdef", "{session token}"),
        ("made 2016-03-09T17:12:31.250Z", "made {time of the answer}"),
        ("Wed, 09 Mar 2016 17:12:29 GMT", "{time of the answer}"),
        ("Wed Mar 09 2016 18:12:29 GMT+0100 (CET)", "{time of the answer}"),
        ("t=1457543551; u=1457543551123", "t={time of the answer}; u={time of the answer}"),
        ("https://old.example/a //OLD.example:443/b", "{site}/a {site}/b"),
        ('"https:\\/\\/old.example\\/a"', '"{site}\\/a"'),
        ("a\r\nb", "a\nb"),
    ],
)  # fmt: skip
def test_what_is_minted_is_taken_out(text: str, wanted: str) -> None:
    assert _text(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        '<input name="amount" value="a1b2c3d4e5">',
        '<input name="_csrf" value="">',
        '<meta name="description" content="csrf-token of a1b2c3d4e5">',
        "posted on 2016-03-08T17:12:31.250Z",
        "Wed, 09 Mar 2016",
        "2016-03-09",
        "call 1457000000",
        "1457543551.5",
        "https://old.example.org/a https://very-old.example/b",
        "https://old.example:8443/a",
        '<p nonce="a1b2c3d4">',
        "order 0123456789abcdef0123456789abcdef",
        "de305d54-75b4-431b-adb2-eb6b9e546014",
        "2016-13-45T99:00:00Z",
    ],
)
def test_what_a_page_says_stays(text: str) -> None:
    assert _text(text) == text


def test_each_rule_is_counted() -> None:
    text, rules = Normaliser((OLD,), AT).text(f"{OLD}/ {OLD}/a <script nonce='12345678'>")
    assert dict(rules) == {"address of the site": 2, "nonce": 1}
    assert text == "{site}/ {site}/a <script nonce='{nonce}'>"


def test_a_redacted_text_equals_the_live_one() -> None:
    live = 'write to ann@example.org or +49 170 1234567, key "abcdefgh12345", password: "hunter22"'
    known = {"abcdefgh12345": "$HOSTED_JAVASCRIPT_KEY"}
    recorded = Redactor(known, b"1" * 16).text(live)
    assert "ann@" not in recorded
    here = Redactor({"abcdefgh12345": "$SELFHOSTED_JAVASCRIPT_KEY"}, b"2" * 16)
    one = Normaliser((OLD,), AT, None, redacted=True).text(recorded)[0]
    other = Normaliser((OLD,), AT, here, redacted=True).text(live)[0]
    assert one == other
    assert _text(live) == live
