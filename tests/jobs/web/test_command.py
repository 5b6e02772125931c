"""``parity web`` as people use it: a real old site, and a new one that is wrong in one thing."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
import trustme
from aiohttp import web as http
from click.testing import CliRunner

import parity.jobs.web
from parity.jobs.web import Judgement, Page, judge
from parity.jobs.web.command import web
from parity.model import ExitCode, Outcome, UserError
from parity.model.evidence import Evidence, read_evidence
from tests.fake_parse import APP_ID, MASTER_KEY, REST_KEY, FakeParse
from tests.jobs.web.sites import PATHS, PNG, Fault, Website, har_of

SCHEMA = Path(parity.jobs.web.__file__).parent / "schemas" / "web.schema.json"


@pytest.fixture(scope="module")
def old() -> Iterator[Website]:
    """The old site; its host has another name, so that links to it can be told apart."""
    with Website(name="localhost") as site:
        yield site


@pytest.fixture(scope="module")
def har(old: Website, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a visitor's browser saved of the old site."""
    path = tmp_path_factory.mktemp("har") / "site.har"
    path.write_text(json.dumps(har_of(old)))
    return path


@pytest.fixture
def config(tmp_path: Path, fake_parse: FakeParse, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration whose target is a server that speaks Parse."""
    for name, value in (("APP", APP_ID), ("REST", REST_KEY), ("MASTER", MASTER_KEY)):
        monkeypatch.setenv(name, value)
    path = tmp_path / "parity.toml"
    path.write_text(
        f'[targets.selfhosted]\nstyle = "parse-server"\nurl = "{fake_parse.url}"\n'
        'app_id = "env:APP"\nrest_key = "env:REST"\nmaster_key = "env:MASTER"\ntimeout = 20\n'
    )
    return path


class Ran:
    """One run of the command."""

    def __init__(self, tmp_path: Path, config: Path, *arguments: str) -> None:
        reports = tmp_path / "reports"
        fixed = ("--target", "selfhosted", "--config", str(config), "--report-dir", str(reports))
        result = CliRunner().invoke(web, [*arguments, *fixed], standalone_mode=False)
        if result.exception is not None:
            raise result.exception
        self.code: ExitCode = result.return_value
        self.output, self.stdout = result.output, result.stdout
        [file] = reports.glob("*/evidence.jsonl")
        self.evidence: Evidence = read_evidence(file)

    def codes(self) -> dict[str, str]:
        """Return the checks that failed, with the codes of their findings."""
        return {
            check.id.removeprefix("web/"): check.finding.code
            for check in self.evidence.checks
            if check.outcome is Outcome.FAIL and check.finding is not None
        }

    def outcome(self, name: str) -> Outcome:
        (found,) = (check for check in self.evidence.checks if check.id == f"web/{name}")
        return found.outcome

    def reason(self, name: str) -> str:
        (found,) = (check for check in self.evidence.checks if check.id == f"web/{name}")
        return found.reason

    def table(self, name: str) -> list[list[Any]]:
        (found,) = (each for each in self.evidence.tables if each.id == name)
        return [list(row) for row in found.rows]


def test_the_same_site_at_another_address_passes(har: Path, config: Path, tmp_path: Path) -> None:
    with Website() as new:
        ran = Ran(tmp_path, config, str(har), "--site", new.url)
    assert ran.code is ExitCode.PASS, ran.output
    assert {check.id for check in ran.evidence.checks} == {
        "web/hosted-links", *(f"web/GET {path}" for path in PATHS)
    }  # fmt: skip
    assert {check.outcome for check in ran.evidence.checks} == {Outcome.PASS}
    assert ran.evidence.header.targets[0].server_version == "9.10.0"
    assert ["text/html", 5, 5, 0, 0, 0] in [row[:6] for row in ran.table("content-types")]
    made_equal = {row[1] for row in ran.table("made-equal") if row[0] == "/"}
    assert made_equal == {"CSRF token", "nonce", "time of the answer", "address of the site"}
    assert ["/", "nonce", 2] in ran.table("made-equal")  # one on each side


def test_two_running_sites_are_compared_side_by_side(
    old: Website, config: Path, tmp_path: Path
) -> None:
    urls = tmp_path / "urls.txt"
    urls.write_text(f"# the pages\n/\n{old.url}/about\n/lottery\n/about\n")
    with Website() as new:
        ran = Ran(tmp_path, config, str(urls), "--from", old.url, "--site", new.url)
        assert sorted(new.asked) == [("GET", "/"), ("GET", "/about"), ("GET", "/lottery")]
    assert ran.code is ExitCode.PASS, ran.output
    assert ["/lottery", "changes by itself", 1] in ran.table("made-equal")


def _on(path: str, change: Callable[[http.Response, str], http.Response | None]) -> Fault:
    def fault(request: http.Request, right: http.Response) -> http.Response | None:
        if request.path != path:
            return None
        return change(right, f"http://{request.host}")

    return fault


def _body(old: str, new: str) -> Callable[[http.Response, str], http.Response]:
    def change(right: http.Response, _site: str) -> http.Response:
        assert right.text is not None
        assert old in right.text
        right.text = right.text.replace(old, new)
        return right

    return change


def _header(name: str, value: str) -> Callable[[http.Response, str], http.Response]:
    def change(right: http.Response, _site: str) -> http.Response:
        right.headers[name] = value
        return right

    return change


def _without_cookie(right: http.Response, _site: str) -> http.Response:
    right.cookies.clear()
    return right


def _readable_cookie(right: http.Response, _site: str) -> http.Response:
    right.cookies.clear()
    right.set_cookie("parse.session", "1" * 32)
    return right


def _status(status: int) -> Callable[[http.Response, str], http.Response]:
    return lambda right, _site: http.Response(
        status=status, body=right.body, headers={"Content-Type": "text/html; charset=utf-8"}
    )


FAULTS: list[tuple[str, Fault, dict[str, str]]] = [
    ("a page is gone", _on("/about", _status(404)), {"GET /about": "WEB-MISSING"}),
    ("a page breaks", _on("/about", _status(500)), {"GET /about": "WEB-STATUS"}),
    ("a 404 is a page now", _on("/nothing-here", _status(200)),
     {"GET /nothing-here": "WEB-STATUS"}),
    ("text is another", _on("/about", _body("2012", "2013")), {"GET /about": "WEB-BODY"}),
    ("a visible number is another", _on("/", _body("24 users", "25 users")),
     {"GET /": "WEB-BODY"}),
    ("the token is empty", _on("/", lambda right, _: _empty_token(right)), {"GET /": "WEB-BODY"}),
    ("a script is another", _on("/app.js", _body("serverURL", "serverUrl")),
     {"GET /app.js": "WEB-BODY"}),
    ("a value is another", _on("/api.json", _body("[1, 2]", "[1, 3]")),
     {"GET /api.json": "WEB-BODY"}),
    ("an image is cut", _on("/logo.png", lambda *_: http.Response(
        body=PNG[:-1], headers={"Content-Type": "image/png"})), {"GET /logo.png": "WEB-BODY"}),
    ("a style is plain text", _on("/style.css", _header("Content-Type", "text/plain")),
     {"GET /style.css": "WEB-TYPE"}),
    ("the charset is lost", _on("/about", _header("Content-Type", "text/html")),
     {"GET /about": "WEB-TYPE"}),
    ("a redirect is a page", _on("/old-page", _status(200)), {"GET /old-page": "WEB-STATUS"}),
    ("a redirect leads elsewhere", _on("/old-page", _header("Location", "/")),
     {"GET /old-page": "WEB-REDIRECT"}),
    ("a redirect leads to the old service",
     _on("/old-page", _header("Location", "http://app.parseapp.com/about")),
     {"GET /old-page": "WEB-REDIRECT"}),
    ("a redirect out is lost", _on("/away", _header("Location", "https://example.org/")),
     {"GET /away": "WEB-REDIRECT"}),
    ("a cookie is lost", _on("/login", _without_cookie), {"GET /login": "WEB-COOKIE"}),
    ("scripts may read the cookie", _on("/login", _readable_cookie),
     {"GET /login": "WEB-COOKIE-FLAG"}),
    ("caches may keep what is private",
     _on("/private", _header("Cache-Control", "public, max-age=600")),
     {"GET /private": "WEB-CACHE"}),
    ("a script talks to the hosted service",
     _on("/app.js", _body("Parse.serverURL", 'Parse.old = "https://api.parse.com/1/";\n'
                          "Parse.serverURL")),
     {"GET /app.js": "WEB-BODY", "hosted-links": "WEB-HOSTED-LINK"}),
]  # fmt: skip


def _empty_token(right: http.Response) -> http.Response:
    assert right.text is not None
    head, _, rest = right.text.partition('name="_csrf" value="')
    right.text = f'{head}name="_csrf" value="{rest[rest.index(chr(34)) :]}'
    return right


@pytest.mark.parametrize(
    ("fault", "wanted"), [each[1:] for each in FAULTS], ids=[each[0] for each in FAULTS]
)
def test_a_fault_of_the_new_site_fails_its_page_alone(
    fault: Fault, wanted: dict[str, str], har: Path, config: Path, tmp_path: Path
) -> None:
    with Website(fault) as new:
        ran = Ran(tmp_path, config, str(har), "--site", new.url)
    assert ran.code is ExitCode.FAIL
    assert ran.codes() == wanted
    assert all(code in ran.output for code in wanted.values())


def test_links_to_the_old_address_fail_unless_it_stays(
    old: Website, har: Path, config: Path, tmp_path: Path
) -> None:
    def forgotten(request: http.Request, right: http.Response) -> http.Response | None:
        if request.path == "/" and right.text is not None:
            right.text = right.text.replace(f"http://{request.host}", old.url)
        if request.path == "/old-page":
            right.headers["Location"] = f"{old.url}/about"
        return right

    with Website(forgotten) as new:
        ran = Ran(tmp_path / "1", config, str(har), "--site", new.url)
        stays = Ran(tmp_path / "2", config, str(har), "--site", new.url, "--domain-stays")
    assert ran.codes() == {"GET /old-page": "WEB-REDIRECT", "hosted-links": "WEB-HOSTED-LINK"}
    assert stays.code is ExitCode.PASS


def test_a_page_that_does_not_come_is_not_judged(har: Path, config: Path, tmp_path: Path) -> None:
    with Website(_on("/about", _header("X-Hang", "1"))) as new:
        ran = Ran(tmp_path, config, str(har), "--site", new.url, "--timeout", "1")
    assert ran.code is ExitCode.CANNOT_JUDGE
    assert ran.outcome("GET /about") is Outcome.ERROR
    assert "no whole answer within 1 s" in ran.reason("GET /about")


def test_a_site_that_is_down_is_left_alone(har: Path, config: Path, tmp_path: Path) -> None:
    with Website() as gone:
        url = gone.url
    ran = Ran(tmp_path, config, str(har), "--site", url, "--jobs", "1")
    assert ran.code is ExitCode.CANNOT_JUDGE
    errors = [check for check in ran.evidence.checks if check.outcome is Outcome.ERROR]
    assert len(errors) == 5
    assert any("6 URLs were not tried" in notice.message for notice in ran.evidence.notices)


def test_what_needs_a_login_is_not_judged(old: Website, config: Path, tmp_path: Path) -> None:
    har = tmp_path / "account.har"
    har.write_text(json.dumps(har_of(old, ("/account", "/about"), Cookie="sid=12345; _ga=1")))
    with Website() as new:
        ran = Ran(tmp_path, config, str(har), "--site", new.url)
        assert all("Cookie" not in header for header in new.headers)
    assert ran.outcome("GET /account") is Outcome.UNSUPPORTED
    assert "session" in ran.reason("GET /account")
    assert ran.outcome("GET /about") is Outcome.PASS


def test_a_run_that_judged_nothing_does_not_pass(
    old: Website, config: Path, tmp_path: Path
) -> None:
    har = tmp_path / "account.har"
    har.write_text(json.dumps(har_of(old, ("/account",), Cookie="sid=12345")))
    with Website() as new:
        ran = Ran(tmp_path, config, str(har), "--site", new.url)
    assert ran.code is ExitCode.CANNOT_JUDGE


def test_only_and_limit_choose(har: Path, config: Path, tmp_path: Path) -> None:
    with Website() as new:
        ran = Ran(tmp_path, config, str(har), "--site", new.url, "--only", "/a*", "--limit", "2")
        assert sorted(new.asked) == [("GET", "/about"), ("GET", "/app.js")]
    assert ran.code is ExitCode.PASS


def test_json_is_what_its_schema_says(har: Path, config: Path, tmp_path: Path) -> None:
    fault = _on("/app.js", _body("serverURL", 'x = "//api.parse.com/1"; Parse.y'))
    with Website(fault) as new:
        ran = Ran(tmp_path, config, str(har), "--site", new.url, "--json")
    document = json.loads(ran.stdout)
    jsonschema.validate(document, json.loads(SCHEMA.read_text()))
    assert document["exit_code"] == 1
    assert document["hosted_links"] == [{"page": "/app.js", "link": "//api.parse.com/1"}]
    assert {each["path"]: each["code"] for each in document["pages"] if each["code"]} == {
        "/app.js": "WEB-BODY"
    }


def test_keys_of_the_target_are_in_no_output(har: Path, config: Path, tmp_path: Path) -> None:
    with Website(_on("/app.js", _body("serverURL", f'key = "{MASTER_KEY}"; Parse.url'))) as new:
        ran = Ran(tmp_path, config, str(har), "--site", new.url)
    written = [path.read_text() for path in (tmp_path / "reports").glob("*/*.*")]
    assert ran.codes() == {"GET /app.js": "WEB-BODY"}
    assert not any(MASTER_KEY in each for each in [*written, ran.output])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["urls.txt"], "--from https://old.example"),
        (["app.har", "--site", "https://new.example/path"], "scheme and host alone"),
        (["gone.har"], "cannot be read"),
        (["app.har", "--only", "/nowhere"], "no URL"),
        (["other.txt", "--from", "https://old.example"], "line 2"),
        (["api.har"], "no HTML page"),
    ],
)
def test_what_a_user_did_wrong_is_said(
    arguments: list[str], says: str, old: Website, har: Path, config: Path, tmp_path: Path
) -> None:
    (tmp_path / "urls.txt").write_text("/\n")
    (tmp_path / "other.txt").write_text("/\nhttps://elsewhere.example/\n")
    (tmp_path / "app.har").write_text(har.read_text())
    (tmp_path / "api.har").write_text(json.dumps(har_of(old, ("/parse/classes/Post",))))
    file, *more = arguments
    with pytest.raises(UserError) as caught:
        Ran(tmp_path, config, str(tmp_path / file), *more)
    assert says in str(caught.value)
    assert not (tmp_path / "reports").exists()


def test_a_private_certificate_authority_is_trusted_if_the_target_names_it(
    har: Path, config: Path, tmp_path: Path
) -> None:
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    pem = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(pem))
    with Website(tls=server) as new:
        stranger = Ran(tmp_path / "1", config, str(har), "--site", new.url, "--only", "/about")
        config.write_text(config.read_text() + f'ca = "{pem}"\n')
        known = Ran(tmp_path / "2", config, str(har), "--site", new.url)
    assert stranger.code is ExitCode.CANNOT_JUDGE
    assert "not trusted" in stranger.reason("GET /about")
    assert known.code is ExitCode.PASS, known.output


def test_ctrl_c_leaves_what_was_judged_and_says_so(
    har: Path, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[str] = []

    def interrupted(page: Page, *arguments: Any) -> Judgement:
        if len(judged) == 3:
            raise KeyboardInterrupt
        judged.append(f"web/{page.signature}")
        return judge(page, *arguments)

    monkeypatch.setattr("parity.jobs.web.compare.judge", interrupted)
    with Website() as new, pytest.raises(click.Abort):
        Ran(tmp_path, config, str(har), "--site", new.url, "--jobs", "1")
    [folder] = (tmp_path / "reports").iterdir()
    evidence = read_evidence(folder / "evidence.jsonl")
    assert evidence.footer.interrupted
    assert [check.id for check in evidence.checks] == judged
    assert (folder / "report.html").exists()
