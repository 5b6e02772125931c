"""Which exchanges are the website's, and which answer of several counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.capture.exchanges import (
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    RecordingHeader,
)
from parity.capture.recording import RecordingWriter
from parity.jobs.web import Answer, Page, Rules, judge, origin_of, read_urls, read_website
from parity.jobs.web.source import _target, sessions_in
from parity.model import Outcome, UserError
from parity.wire import Redactor

OLD, NEW = "https://old.example", "https://new.example"
HTML = (("Content-Type", "text/html; charset=utf-8"),)


def _exchange(
    number: int,
    url: str,
    *,
    method: str = "GET",
    status: int = 200,
    body: bytes = b"<p>page</p>",
    sent: tuple[tuple[str, str], ...] = (),
    headers: tuple[tuple[str, str], ...] = HTML,
    notes: tuple[str, ...] = (),
) -> RecordedExchange:
    request = RecordedRequest(method, url, sent, b"")
    response = RecordedResponse(status, headers, body) if status else None
    return RecordedExchange(
        str(number), "lane", 1000.0 + number, 5.0, request, response, "capture", notes
    )


def _recording(
    path: Path, *exchanges: RecordedExchange, base: str = OLD, redactor: Redactor | None = None
) -> Path:
    header = RecordingHeader(base, "2016-03-09T17:12:30Z", "capture", redacted=False, tool="t")
    with RecordingWriter(path / "app.jsonl", header, redactor=redactor) as writer:
        for exchange in exchanges:
            writer.write(exchange)
    return path / "app.jsonl"


def test_calls_of_the_api_are_left_out_and_counted(tmp_path: Path) -> None:
    key = (("X-Parse-Application-Id", "app"),)
    path = _recording(
        tmp_path,
        _exchange(1, "/parse/classes/Post"),
        _exchange(2, "/1/users/me", sent=key),
        _exchange(3, "/send", method="POST"),
        _exchange(4, "/gone", status=0),
        _exchange(5, "/movie", sent=(("Range", "bytes=0-"),)),
        _exchange(6, "/parsely"),
        _exchange(7, "/?lang=de"),
    )
    website = read_website(path, None, ("/parse",))
    assert [page.signature for page in website.pages] == ["GET /parsely", "GET /?lang=de"]
    assert website.old == OLD
    assert dict(website.left_out) == {
        "calls of the API": 2,
        "POST requests": 1,
        "without an answer": 1,
        "requests of a part of a file": 1,
    }


def test_a_recording_of_the_api_alone_says_how_to_record_the_site(tmp_path: Path) -> None:
    path = _recording(tmp_path, _exchange(1, "/1/classes/Post"), base=f"{OLD}/1")
    with pytest.raises(UserError, match="1 calls of the API") as caught:
        read_website(path, None, ())
    assert "without the mount" in caught.value.remedy


def test_whole_and_anonymous_answers_count_before_newer_ones(tmp_path: Path) -> None:
    path = _recording(
        tmp_path,
        _exchange(1, "/", body=b"<p>old</p>"),
        _exchange(2, "/", body=b"<p>newest</p>"),
        _exchange(3, "/", body=b"<p>mine</p>", sent=(("Cookie", "sid=1"),)),
        _exchange(4, "/", status=304, body=b""),
        _exchange(5, "/", method="HEAD", body=b""),
        _exchange(6, "/", body=b"", notes=("truncated body: response",)),
    )
    [page] = read_website(path, None, ()).pages
    assert page.method == "GET"
    assert [each.body for each in page.recorded] == [b"<p>newest</p>", b"<p>old</p>"]
    assert not page.with_cookies


def test_only_cookies_of_a_session_count() -> None:
    assert not sessions_in((("Cookie", "_ga=GA1.2; __utma=1; mp_abc_mixpanel=x"),))
    assert sessions_in((("Cookie", "_ga=1; connect.sid=s%3A1"),))
    assert sessions_in((("cookie", "redacted-0123"),))
    assert sessions_in((("Authorization", "Basic x"),))
    assert not sessions_in((("Accept", "*/*"),))


def test_a_redacted_recording_is_compared_with_a_live_page(tmp_path: Path) -> None:
    body = b"<p>write to ann@example.org</p><p>r:0123456789abcdef0123456789abcdef</p>"
    path = _recording(tmp_path, _exchange(1, "/", body=body), redactor=Redactor({}, b"1" * 16))
    website = read_website(path, None, ())
    [page] = website.pages
    assert website.redacted
    assert page.recorded[0].body != body
    rules = Rules(OLD, NEW, False, Redactor({}, b"2" * 16), redacted=True)
    live = Answer(200, HTML, body, 1001.0)
    assert judge(page, page.recorded, live, rules).outcome is Outcome.PASS
    wrong = Answer(200, HTML, body.replace(b"write", b"wrote"), 1001.0)
    verdict = judge(page, page.recorded, wrong, rules)
    assert verdict.outcome is Outcome.FAIL
    assert "ann@" not in str(verdict.differences)


def _judged(recorded: Answer, live: Answer, new: str = NEW, **page: Any) -> tuple[Outcome, str]:
    one = Page("GET", "/a", (recorded,), **page)
    verdict = judge(one, (recorded,), live, Rules(OLD, new, False, Redactor({}, b"2" * 16)))
    return verdict.outcome, verdict.reason


def test_what_was_not_kept_is_not_judged() -> None:
    live = Answer(200, HTML, b"<p>x</p>", 1.0)
    outcome, reason = _judged(Answer(200, HTML, None, 1.0), live)
    assert outcome is Outcome.UNSUPPORTED
    assert "not kept" in reason
    assert _judged(Answer(304, (), None, 1.0), live)[0] is Outcome.UNSUPPORTED
    # But what can be seen without a body still fails.
    gone = Answer(404, HTML, b"", 1.0)
    assert _judged(Answer(304, (), None, 1.0), gone)[0] is Outcome.FAIL


def test_a_page_that_failed_before_proves_nothing() -> None:
    live = Answer(200, HTML, b"<p>x</p>", 1.0)
    assert _judged(Answer(500, HTML, b"oops", 1.0), live)[0] is Outcome.UNSUPPORTED


def test_a_page_of_a_session_is_not_compared_but_its_absence_fails() -> None:
    recorded = Answer(200, HTML, b"<p>hello ann</p>", 1.0)
    other = Answer(200, HTML, b"<p>log in</p>", 1.0)
    assert _judged(recorded, other, with_cookies=True)[0] is Outcome.UNSUPPORTED
    gone = Answer(404, HTML, b"", 1.0)
    assert _judged(recorded, gone, with_cookies=True)[0] is Outcome.FAIL


def test_a_cookie_needs_secure_only_where_it_can_have_it() -> None:
    cookie = (*HTML, ("Set-Cookie", "sid=1; Path=/; Secure; HttpOnly"))
    plain = (*HTML, ("Set-Cookie", "sid=2; Path=/; HttpOnly"))
    recorded, live = Answer(200, cookie, b"", 1.0), Answer(200, plain, b"", 1.0)
    assert _judged(recorded, live)[0] is Outcome.FAIL
    assert _judged(recorded, live, new="http://127.0.0.1:8080")[0] is Outcome.PASS


def test_names_of_one_type_are_the_same_and_said() -> None:
    recorded = Answer(200, (("Content-Type", "application/x-javascript"),), b"a()", 1.0)
    live = Answer(200, (("Content-Type", "text/javascript"),), b"a()", 1.0)
    outcome, reason = _judged(recorded, live)
    assert outcome is Outcome.PASS
    assert reason.startswith("harmless: ")


def test_a_list_of_urls_is_read(tmp_path: Path) -> None:
    path = tmp_path / "urls.txt"
    path.write_text(f"# all\n\n{OLD}/a?x=1#part\n/b c\n{OLD}\n/a?x=1\n")
    website = read_urls(path, OLD)
    assert [page.path for page in website.pages] == ["/a?x=1", "/b%20c", "/"]


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_path_of_a_file_leads_to_another_host(path: str, query: str) -> None:
    target = _target(path, query)
    parts = urlsplit(NEW + target)
    assert parts.netloc == "new.example"
    assert target.startswith("/")
    assert not any(each in target for each in " \r\n\t")


@pytest.mark.parametrize("text", ["old.example", "ftp://old.example", f"{OLD}/a", f"{OLD}/?a=1"])
def test_a_site_is_scheme_and_host(text: str) -> None:
    with pytest.raises(UserError):
        origin_of(text, "--site")
    assert origin_of(f"{OLD}/", "--site") == OLD


def test_a_har_names_its_site_by_its_pages(tmp_path: Path) -> None:
    def entry(url: str, kind: str) -> dict[str, Any]:
        return {
            "startedDateTime": "2016-03-09T17:12:30.000Z",
            "time": 1,
            "request": {"method": "GET", "url": url, "headers": []},
            "response": {
                "status": 200,
                "headers": [{"name": "Content-Type", "value": kind}],
                "content": {"size": 1, "text": "x"},
            },
        }

    path = tmp_path / "site.har"
    entries = [
        entry("https://cdn.example/a.js", "text/javascript"),
        entry("https://cdn.example/b.js", "text/javascript"),
        entry(f"{OLD}/", "text/html"),
        entry(f"{OLD}/app.js", "text/javascript"),
        entry("https://api.parse.com/1/classes/Post", "application/json"),
    ]
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}))
    website = read_website(path, None, ("/parse",))
    assert (website.old, [page.path for page in website.pages]) == (OLD, ["/", "/app.js"])
    assert read_website(path, "https://cdn.example", ()).pages[0].path == "/a.js"
