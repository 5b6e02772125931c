"""``parity files`` on real servers, and through a proxy that gets one thing wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import gridfs
import jsonschema
import pytest
from click.testing import CliRunner
from pymongo import MongoClient

import parity.jobs.files
from parity.jobs.audit.command import audit
from parity.jobs.files.command import files
from parity.jobs.files.trial import STEPS
from parity.model import ExitCode, Keys, Outcome, Target, UserError
from parity.model.errors import HarnessError
from parity.model.evidence import Evidence, read_evidence
from parity.stack import Member, start_stack, stop_stack
from parity.stack.versions import SELFHOSTED_VERSION
from parity.targets import ParseClient
from tests.faults.messages import Request, Response, answer
from tests.faults.model import Fault, State
from tests.faults.proxy import Proxy

SCHEMA = Path(parity.jobs.files.__file__).parent / "schemas" / "files.schema.json"
ELSEWHERE = Path(__file__).with_name("elsewhere.cjs")
PLAIN = {"fileKey": None}


@dataclass(frozen=True, slots=True)
class World:
    """Three servers: files in GridFS, encrypted in GridFS, and elsewhere."""

    plain: Target
    secret: Target
    elsewhere: Target


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    adapter = {"module": str(ELSEWHERE)}
    stack = start_stack(
        [
            Member("plain", SELFHOSTED_VERSION, options=PLAIN),
            Member("secret", SELFHOSTED_VERSION),
            Member("elsewhere", SELFHOSTED_VERSION, options={**PLAIN, "filesAdapter": adapter}),
        ]
    )
    try:
        yield World(*stack.targets)
    finally:
        stop_stack(stack)


@pytest.fixture(scope="module")
def proxy(world: World) -> Iterator[Proxy]:
    with Proxy(world.plain.url) as running:
        yield running


class Ran:
    """One run of the command against a target."""

    def __init__(
        self,
        target: Target,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        *arguments: str,
        mongo: bool = True,
        writes: str = "namespaced",
    ) -> None:
        lines = [f'[targets.t]\nstyle = "parse-server"\nurl = "{target.url}"\ntimeout = 15']
        lines.append(f'writes = "{writes}"')
        for name, secret in target.secrets():
            if name in {"app_id", "rest_key", "master_key"} or (name == "mongo" and mongo):
                monkeypatch.setenv(f"T_{name.upper()}", secret.value)
                lines.append(f'{name} = "env:T_{name.upper()}"')
        config = tmp_path / "parity.toml"
        config.write_text("\n".join(lines) + "\n")
        self.reports = tmp_path / "reports"
        fixed = ("--target", "t", "--config", str(config), "--report-dir", str(self.reports))
        result = CliRunner().invoke(files, [*fixed, *arguments], standalone_mode=False)
        if result.exception is not None:
            raise result.exception
        self.code: ExitCode = result.return_value
        self.output, self.stdout = result.output, result.stdout
        self.evidence: Evidence = evidence_in(self.reports)

    def codes(self) -> dict[str, str]:
        """Return the checks that failed, with the codes of their findings."""
        return {
            check.id.removeprefix("files/"): check.finding.code
            for check in self.evidence.checks
            if check.outcome is Outcome.FAIL and check.finding is not None
        }

    def of(self, outcome: Outcome) -> dict[str, str]:
        """Return the checks of an outcome, with their reasons."""
        return {
            check.id.removeprefix("files/"): check.reason
            for check in self.evidence.checks
            if check.outcome is outcome
        }


def evidence_in(reports: Path) -> Evidence:
    [file] = reports.glob("*/evidence.jsonl")
    return read_evidence(file)


def stored_names(target: Target) -> list[str]:
    """Return the names of all files in GridFS."""
    assert target.mongo is not None
    with MongoClient[dict[str, Any]](target.mongo.value) as client:
        database = client.get_default_database()
        assert database["fs.chunks"].count_documents({}) >= 0
        return [str(each["filename"]) for each in database["fs.files"].find()]


def _remove(target: Target) -> None:
    assert target.mongo is not None
    with MongoClient[dict[str, Any]](target.mongo.value) as client:
        for name in ("fs.files", "fs.chunks"):
            client.get_default_database()[name].delete_many({})


def put(target: Target, name: str, content: bytes) -> None:
    """Put a file into GridFS as an older server has left it: in the clear."""
    assert target.mongo is not None
    with MongoClient[dict[str, Any]](target.mongo.value) as client:
        gridfs.GridFSBucket(client.get_default_database()).upload_from_stream(name, content)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    return lambda target, *arguments, **more: Ran(target, tmp_path, monkeypatch, *arguments, **more)


def test_a_good_server_passes_and_nothing_is_left(world: World, run: Callable[..., Ran]) -> None:
    put(world.plain, "0123456789abcdef0123456789abcdef_old.txt", b"from before")
    try:
        ran = run(world.plain, "--expect-store", "gridfs", "--max-upload", "20mb")
        assert ran.code is ExitCode.PASS, ran.output
        assert {check.outcome for check in ran.evidence.checks} == {Outcome.PASS}
        assert {check.id for check in ran.evidence.checks} >= {
            "files/upload", "files/read-back", "files/content-type", "files/head", "files/range",
            "files/url", "files/object", "files/store", "files/old", "files/name", "files/empty",
            "files/missing", "files/limit", "files/delete", "files/gone",
        }  # fmt: skip
        assert stored_names(world.plain) == ["0123456789abcdef0123456789abcdef_old.txt"]
        assert ran.evidence.header.targets[0].server_version == SELFHOSTED_VERSION
        assert "left behind" not in ran.output
        [table] = [each for each in ran.evidence.tables if each.id == "stored"]
        assert {row[3] for row in table.rows} == {"gridfs"}
        assert {row[4] for row in table.rows} == {"no"}
    finally:
        _remove(world.plain)


def test_what_was_not_asked_for_is_not_judged(world: World, run: Callable[..., Ran]) -> None:
    ran = run(world.plain, mongo=False)
    assert ran.code is ExitCode.PASS
    assert set(ran.of(Outcome.UNSUPPORTED)) == {"store", "old", "limit"}


def test_a_file_key_hides_older_files_and_breaks_parts(
    world: World, run: Callable[..., Ran]
) -> None:
    put(world.secret, "0123456789abcdef0123456789abcdef_old.txt", b"from before")
    try:
        ran = run(world.secret, "--expect-store", "gridfs")
    finally:
        _remove(world.secret)
    assert ran.codes() == {"old": "FILES-ENCRYPTED", "range": "FILES-RANGE"}
    assert "new files are in: gridfs, encrypted" in ran.output


def test_another_store_is_told_from_gridfs(world: World, run: Callable[..., Ran]) -> None:
    ran = run(world.elsewhere, "--expect-store", "gridfs")
    # It cannot answer parts, which is noticed as well.
    assert ran.codes() == {"store": "FILES-STORE", "range": "FILES-RANGE"}
    assert "got 'behind the server'" in ran.output


def test_a_store_that_cannot_be_seen_is_not_judged(world: World, run: Callable[..., Ran]) -> None:
    ran = run(world.elsewhere, "--expect-store", "s3", mongo=False)
    assert "store" in ran.of(Outcome.UNSUPPORTED)


def _is_file(request: Request) -> bool:
    return request.route.startswith("files/")


def _downloads(change: Callable[[Request, Response], Response]) -> Fault:
    def reply(request: Request, response: Response, _state: State) -> Response:
        asked = request.method in {"GET", "HEAD"} and _is_file(request)
        return change(request, response) if asked else response

    return Fault("f", "files", "wrong", reply=reply)


def _uploads(change: Callable[[Request, Response], Response]) -> Fault:
    def reply(request: Request, response: Response, _state: State) -> Response:
        return (
            change(request, response)
            if request.method == "POST" and _is_file(request)
            else (response)
        )

    return Fault("f", "files", "wrong", reply=reply)


def _instead(method: str, made: Callable[[Request], Response | None]) -> Fault:
    def request_(request: Request, _state: State) -> Request | Response:
        wrong = made(request) if request.method == method and _is_file(request) else None
        return wrong or request

    return Fault("f", "files", "wrong", request=request_)


def _flip(request: Request, response: Response) -> Response:
    body = response.body
    if request.header("Range") or len(body) < 300_000:
        return response
    return replace(response, body=body[:261_120] + bytes([body[261_120] ^ 1]) + body[261_121:])


def _cut(request: Request, response: Response) -> Response:
    whole = response.status == 200 and len(response.body) > 1000
    return replace(response, body=response.body[:-1]) if whole else response


def _too_large(request: Request) -> Response | None:
    page = Response(413, (("Content-Type", "text/html"),), b"<h1>413 Too Large</h1>")
    return page if len(request.body) > 1_000_000 else None


def _no_range(request: Request, _state: State) -> Request:
    return request.with_headers(Range=None)


def _no_url(request: Request, response: Response, _state: State) -> Response:
    row = response.members.get("file")
    if not request.route.startswith("classes/") or not isinstance(row, dict):
        return response
    return response.with_members(file={"__type": "File", "name": row["name"]})


FAULTS: list[tuple[str, Fault, dict[str, str]]] = [
    ("a byte is flipped", _downloads(_flip), {"read-back": "FILES-BYTES"}),
    ("the end is cut off", _downloads(_cut), {"read-back": "FILES-BYTES"}),
    ("the type is forgotten",
     _downloads(lambda _, reply: reply.with_headers(Content_Type="application/x-unknown")),
     {"content-type": "FILES-TYPE"}),
    ("large files are refused", _instead("POST", _too_large), {"upload": "FILES-TOO-LARGE"}),
    ("pictures are refused",
     _instead("POST", lambda request: answer(400, {"code": 130, "error": "no"})
              if request.target.endswith(".png") else None), {"upload": "FILES-UPLOAD"}),
    ("HEAD is refused", _instead("HEAD", lambda _: Response(405)), {"head": "FILES-HEAD"}),
    ("parts are not known", Fault("f", "files", "x", request=_no_range), {"range": "FILES-RANGE"}),
    ("what is missing is a page",
     _downloads(lambda _, reply: Response(200, (("Content-Type", "text/html"),), b"<h1>Hi</h1>")
                if reply.status == 404 else reply),
     {"missing": "FILES-MISSING", "gone": "FILES-NOT-GONE"}),
    ("objects show no URL", Fault("f", "files", "x", reply=_no_url), {"object": "FILES-OBJECT"}),
    ("escaped names are lost",
     _instead("GET", lambda request: Response(404) if "%20" in request.target else None),
     {"name": "FILES-NAME"}),
    ("no bytes break it",
     _instead("POST", lambda request: None if request.body else answer(500, {"error": "oops"})),
     {"empty": "FILES-UPLOAD"}),
    ("files may not be deleted",
     _instead("DELETE", lambda _: answer(403, {"error": "unauthorized"})),
     {"delete": "FILES-DELETE"}),
    ("files are not deleted", _instead("DELETE", lambda _: answer(200, {})),
     {"gone": "FILES-NOT-GONE"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "wanted"), [each[1:] for each in FAULTS], ids=[each[0] for each in FAULTS]
)
def test_a_wrong_server_fails_by_its_fault_alone(
    fault: Fault, wanted: dict[str, str], world: World, proxy: Proxy, run: Callable[..., Ran]
) -> None:
    target = replace(world.plain, url=proxy.listen(fault).url)
    try:
        ran = run(target, "--expect-store", "gridfs")
        left = stored_names(world.plain)
    finally:
        _remove(world.plain)
    assert ran.codes() == wanted
    assert ran.code is ExitCode.FAIL
    # A server that does not delete keeps the files, which is said; else nothing is left.
    assert bool(left) is (wanted in ({"delete": "FILES-DELETE"}, {"gone": "FILES-NOT-GONE"}))
    assert bool(left) is ("left behind" in ran.output)


def test_what_cannot_be_deleted_is_named(
    world: World, proxy: Proxy, run: Callable[..., Ran]
) -> None:
    fault = _instead("DELETE", lambda _: answer(200, {}))
    try:
        ran = run(replace(world.plain, url=proxy.listen(fault).url))
        left = stored_names(world.plain)
    finally:
        _remove(world.plain)
    assert len(left) == 7
    assert all(f"left behind: {each} (in fs.files)" in ran.output for each in left)
    assert any("Left behind" in notice.message for notice in ran.evidence.notices)


def test_files_on_a_host_that_is_not_allowed_are_not_judged(
    world: World, proxy: Proxy, run: Callable[..., Ran]
) -> None:
    def moved(_request: Request, response: Response) -> Response:
        name = response.members.get("name")
        return response.with_members(url=f"https://files.elsewhere.example/{name}")

    target = replace(world.plain, url=proxy.listen(_uploads(moved)).url)
    ran = run(target, mongo=False)
    assert ran.code is ExitCode.CANNOT_JUDGE
    assert "--allow-host files.elsewhere.example" in ran.of(Outcome.ERROR)["read-back"]
    assert stored_names(world.plain) == []


def test_files_on_another_host_are_not_in_the_chosen_store(
    world: World, proxy: Proxy, run: Callable[..., Ran]
) -> None:
    def moved(_request: Request, response: Response) -> Response:
        name = response.members.get("name")
        return response.with_members(url=f"https://files.elsewhere.example/{name}")

    target = replace(world.plain, url=proxy.listen(_uploads(moved)).url)
    ran = run(target, "--expect-store", "s3", mongo=False)
    assert ran.codes() == {"store": "FILES-STORE"}
    assert "host:files.elsewhere.example" in ran.output


def test_a_url_that_is_none_is_of_no_use(
    world: World, proxy: Proxy, run: Callable[..., Ran]
) -> None:
    fault = _uploads(lambda _, reply: reply.with_members(url="/files/a.txt") if reply.ok else reply)
    ran = run(replace(world.plain, url=proxy.listen(fault).url))
    assert ran.codes() == {"url": "FILES-URL"}


def test_a_url_that_nobody_answers_is_one_finding_that_names_it(
    world: World, proxy: Proxy, run: Callable[..., Ran]
) -> None:
    def moved(_request: Request, response: Response) -> Response:
        name = response.members.get("name")
        return response.with_members(url=f"http://127.0.0.1:1/parse/files/app/{name}")

    ran = run(replace(world.plain, url=proxy.listen(_uploads(moved)).url))
    assert ran.code is ExitCode.FAIL
    [failed] = [check for check in ran.evidence.checks if check.outcome is Outcome.FAIL]
    assert [finding.code for finding in failed.findings] == ["FILES-URL-DOWN"]
    assert failed.id == "files/url"
    assert failed.differences[0].path.startswith("http://127.0.0.1:1/parse/files/app/")
    waiting = ran.of(Outcome.ERROR)
    assert set(waiting.values()) == {"not run: nobody answers at http://127.0.0.1:1"}
    assert {"read-back", "head", "range"} <= set(waiting)
    assert ran.output.count("nobody answers at http://127.0.0.1:1 ") == 1
    assert "pass Clients can use the URL" not in ran.output


def test_lost_chunks_are_not_called_encrypted(world: World, run: Callable[..., Ran]) -> None:
    put(world.secret, "0123456789abcdef0123456789abcdef_old.txt", b"x" * 300_000)
    assert world.secret.mongo is not None
    with MongoClient[dict[str, Any]](world.secret.mongo.value) as client:
        client.get_default_database()["fs.chunks"].delete_one({"n": 1})
    try:
        ran = run(world.secret, "--expect-store", "gridfs")
    finally:
        _remove(world.secret)
    assert ran.codes() == {"old": "FILES-CHUNKS", "range": "FILES-RANGE"}
    [old] = [check for check in ran.evidence.checks if check.id == "files/old"]
    assert "261,120 bytes in 1 chunks" in old.differences[0].actual


def test_a_limit_that_is_not_there_is_noticed(world: World, run: Callable[..., Ran]) -> None:
    ran = run(world.plain, "--max-upload", "1mb")
    assert ran.codes() == {"limit": "FILES-LIMIT"}


def test_a_limit_that_is_lower_is_noticed(
    world: World, proxy: Proxy, run: Callable[..., Ran]
) -> None:
    page = Response(413, (("Content-Type", "text/html"),), b"413")
    fault = _instead("POST", lambda each: page if len(each.body) > 1_500_000 else None)
    ran = run(replace(world.plain, url=proxy.listen(fault).url), "--max-upload", "2mb")
    assert ran.codes() == {"limit": "FILES-TOO-LARGE"}


def test_ctrl_c_leaves_nothing_and_a_report_that_says_so(
    world: World, run: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_bench: parity.jobs.files.TrialContext) -> parity.jobs.files.StepResult:
        assert len(stored_names(world.plain)) >= 6
        raise KeyboardInterrupt

    steps = list(STEPS)
    steps[4] = stop
    monkeypatch.setattr("parity.jobs.files.trial.STEPS", tuple(steps))
    with pytest.raises(click.Abort):
        run(world.plain)
    evidence = evidence_in(tmp_path / "reports")
    assert evidence.footer.interrupted
    assert [check.id for check in evidence.checks] == [
        "files/upload", "files/read-back", "files/content-type", "files/head",
    ]  # fmt: skip
    assert stored_names(world.plain) == []


def test_json_is_what_its_schema_says(world: World, run: Callable[..., Ran]) -> None:
    ran = run(world.plain, "--json", "--expect-store", "gridfs")
    document = json.loads(ran.stdout)
    jsonschema.validate(document, json.loads(SCHEMA.read_text()))
    assert {each["store"] for each in document["stored"]} == {"gridfs"}
    assert document["left"] == []


def test_keys_are_in_no_output(world: World, run: Callable[..., Ran]) -> None:
    ran = run(world.plain)
    written = [path.read_text() for path in ran.reports.glob("*/*.*")] + [ran.output]
    for name, secret in world.plain.secrets():
        assert not any(secret.value in each for each in written), name


@pytest.mark.parametrize(
    ("arguments", "more", "says"),
    [
        (["--expect-store", "dropbox"], {}, "there is gridfs, s3, gcs"),
        (["--max-upload", "much"], {}, "no size"),
        ([], {"writes": "forbidden"}, "forbidden"),
    ],
)
def test_what_a_user_did_wrong_is_said(
    arguments: list[str],
    more: dict[str, str],
    says: str,
    world: World,
    run: Callable[..., Ran],
    tmp_path: Path,
) -> None:
    with pytest.raises(UserError) as caught:
        run(world.plain, *arguments, **more)
    assert says in str(caught.value)
    assert not (tmp_path / "reports").exists()


def test_without_the_master_key_nothing_is_stored(world: World, run: Callable[..., Ran]) -> None:
    with pytest.raises(UserError, match="could not be deleted"):
        run(replace(world.plain, keys=Keys(rest_key=world.plain.keys.rest_key)))


def test_a_server_that_is_down_is_not_judged(world: World, run: Callable[..., Ran]) -> None:
    with pytest.raises(HarnessError):
        run(replace(world.plain, url="http://127.0.0.1:1/parse"))


def _audit(target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Evidence:
    lines = [f'[targets.t]\nstyle = "parse-server"\nurl = "{target.url}"']
    for name, secret in target.secrets():
        if name in {"app_id", "rest_key", "master_key", "mongo", "file_key"}:
            monkeypatch.setenv(f"T_{name.upper()}", secret.value)
            lines.append(f'{name} = "env:T_{name.upper()}"')
    config = tmp_path / "parity.toml"
    config.write_text("\n".join(lines) + "\n")
    fixed = ("--target", "t", "--config", str(config), "--report-dir", str(tmp_path / "audit"))
    result = CliRunner().invoke(audit, [*fixed, "--check-files", "all"], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return evidence_in(tmp_path / "audit")


def test_the_audit_asks_for_every_file_class_by_class(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosted = "tfss-0b5b1c5e-8d6a-4c39-9c5c-3b0c5d0c0a11-photo.jpg"
    put(world.secret, "0123456789abcdef0123456789abcdef_old.txt", b"from before the key")
    master = ParseClient(world.secret).as_master()
    try:
        new = master.upload("new.txt", b"encrypted", "text/plain")["name"]
        for name in (new, new, "0123456789abcdef0123456789abcdef_old.txt", "f" * 32 + "_gone.txt"):
            assert master.create("Photo", {"image": {"__type": "File", "name": name}}).ok
        assert master.create("Album", {"cover": {"__type": "File", "name": hosted}}).ok
        evidence = _audit(world.secret, tmp_path, monkeypatch)
    finally:
        master.close()
        _remove(world.secret)
    [table] = [each for each in evidence.tables if each.id == "files"]
    assert table.rows == (
        ("Album", "cover", 1, 1, 1, 0, 0, 0, 1),
        ("Photo", "image", 4, 3, 0, 4, 2, 2, 0),
    )
    outcomes = {check.id: check for check in evidence.checks if "FILE" in check.id}
    assert outcomes["audit/AUD-FILE-UNREACHABLE"].reason.startswith("2 of 4 files")
    hidden = outcomes["audit/AUD-FILE-ENCRYPTED"]
    assert hidden.outcome is Outcome.FAIL
    assert hidden.finding is not None
    assert "change no file" in hidden.finding.remedy
    assert len(hidden.differences) == 1
    assert outcomes["audit/AUD-FILE-HOSTED"].outcome is Outcome.FAIL
    assert outcomes["audit/AUD-FILE-MISSING"].outcome is Outcome.FAIL
