"""URLs that a real Parse Server hands out behind proxies, and what is left of what was written."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.proxy import Answer
from parity.jobs.deployment import DeploymentOptions, codes
from parity.jobs.deployment.canary import Canary, clear, master_client, read_state
from parity.jobs.deployment.key_probe import KeyProbe
from parity.jobs.deployment.public import _is_internal, _of_file_url, check_public_url
from parity.model import Keys, Outcome, Target, Writes
from parity.model.judged import Judged
from parity.targets import Namespace
from tests.jobs.deployment.world import Authority, Deployment, deployed
from tests.mongod import Mongod

MARK = "abc123"


@contextlib.contextmanager
def canary(
    good: Deployment,
    state: Path,
    target: Target | None = None,
    *,
    master: bool = True,
    leave_files: bool = False,
) -> Iterator[Canary]:
    with good.outside(target) as http, good.inside() as inside:
        client = master_client(KeyProbe.of(http), KeyProbe.of(inside)) if master else None
        file = state / "state.json"
        with Canary(http, client, Namespace(MARK), file, leave_files=leave_files) as each:
            each.write()
            yield each


def looked(
    good: Deployment,
    state: Path,
    target: Target | None = None,
    options: DeploymentOptions | None = None,
) -> Judged:
    with canary(good, state, target) as each, good.outside(target) as http:
        return check_public_url(http, each, options or good.options())


def rows(good: Deployment) -> dict[str, int]:
    """Return what is in the database: documents by collection, with those of the run's classes."""
    with good.mongod.client() as client:
        database = client[good.database]
        names = ("_User", "_Session", "fs.files", "fs.chunks")
        found = {name: database[name].count_documents({}) for name in names}
        own = [each for each in database.list_collection_names() if each.startswith("Parity")]
        return found | {name: database[name].count_documents({}) for name in own}


def codes_of(found: Judged) -> list[str]:
    return [finding.code for finding in found.findings]


def test_a_server_that_knows_its_address_passes_and_nothing_stays(
    good: Deployment, tmp_path: Path
) -> None:
    before = rows(good)
    found = looked(good, tmp_path)

    assert (found.outcome, codes_of(found)) == (Outcome.PASS, [])
    assert "byte for byte" in found.seen
    assert rows(good) == before
    assert not (tmp_path / "state.json").exists()


def test_a_server_that_takes_the_address_of_its_own_port_fails(
    mongod: Mongod, authority: Authority, tmp_path: Path
) -> None:
    """Without publicServerURL and trustProxy, Parse Server answers by the request it gets: http."""
    options = {"publicServerURL": None, "trustProxy": False}
    with deployed(mongod, authority, options) as bad:
        found = looked(bad, tmp_path)

    assert found.outcome is Outcome.FAIL
    assert codes_of(found) == [codes.URL_LOCATION.id, codes.URL_FILE.id]
    assert all("http://localhost" in finding.seen for finding in found.findings)


def test_a_public_url_without_the_mount_path_fails(good: Deployment, tmp_path: Path) -> None:
    target = good.target(public_url=f"{good.proxy.origin}/api/parse")
    assert codes_of(looked(good, tmp_path, target)) == [codes.URL_LOCATION.id, codes.URL_FILE.id]


def test_a_file_that_comes_back_changed_fails(
    good: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def edit(request: object, answer: Answer) -> Answer:
        if request.method == "GET" and "/files/" in request.path:  # type: ignore[attr-defined]
            return Answer(200, answer.headers, answer.body + b"<!-- injected -->")
        return answer

    # The file's URL leads to the server's own proxy.
    monkeypatch.setattr(good.proxy, "_edit", edit)
    found = looked(good, tmp_path)
    assert (found.outcome, codes_of(found)) == (Outcome.FAIL, [codes.URL_FILE_UNREADABLE.id])


def test_a_forbidden_target_is_not_written_to(good: Deployment, tmp_path: Path) -> None:
    before = rows(good)
    found = looked(good, tmp_path, good.target(writes=Writes.FORBIDDEN))

    assert found.outcome is Outcome.UNSUPPORTED
    assert "writes to this target are forbidden" in found.seen
    assert rows(good) == before


def test_what_could_not_be_deleted_is_not_uploaded(good: Deployment, tmp_path: Path) -> None:
    before = rows(good)
    with canary(good, tmp_path, master=False) as each, good.outside() as http:
        found = check_public_url(http, each, good.options())
    after = rows(good)

    assert found.outcome is Outcome.UNSUPPORTED
    assert "Location is right" in found.seen
    assert (after["fs.files"], after["_User"]) == (before["fs.files"], before["_User"])
    assert each.left == [f"the session of the user parity{MARK}_canary1, which ends by itself"]


def test_a_file_may_stay_if_somebody_says_so(
    mongod: Mongod, authority: Authority, tmp_path: Path
) -> None:
    with deployed(mongod, authority) as own:
        with (
            canary(own, tmp_path, master=False, leave_files=True) as each,
            own.outside() as http,
        ):
            found = check_public_url(http, each, own.options())
        assert found.outcome is Outcome.PASS
        assert rows(own)["fs.files"] == 1
        assert any("the file " in left for left in each.left)


def test_a_server_that_takes_no_sign_ups_is_not_tested(good: Deployment, tmp_path: Path) -> None:
    target = good.target(keys=Keys())
    with (
        good.outside(target) as http,
        Canary(http, None, Namespace(MARK), tmp_path / "state.json", leave_files=False) as each,
    ):
        each.write()
        found = check_public_url(http, each, good.options())
    assert found.outcome is Outcome.UNSUPPORTED
    assert "a sign-up answers 403" in found.seen


def test_a_server_that_takes_no_files_passes_by_its_location(
    mongod: Mongod, authority: Authority, tmp_path: Path
) -> None:
    options = {"fileUpload": {"enableForAuthenticatedUser": False}}
    with deployed(mongod, authority, options) as own:
        found = looked(own, tmp_path)
    assert found.outcome is Outcome.PASS
    assert "takes no files" in found.seen


def test_what_a_killed_run_left_is_known(good: Deployment, tmp_path: Path) -> None:
    with canary(good, tmp_path) as each:
        state = tmp_path / "state.json"
        assert state.stat().st_mode & 0o777 == 0o600
        assert read_state(state) == each.written
    assert read_state(state) is None
    state.write_text('{"user": 7}')
    assert read_state(state) is None


def test_what_is_there_stays_known_while_the_server_does_not_answer(
    good: Deployment, tmp_path: Path
) -> None:
    before, state = rows(good), tmp_path / "state.json"
    with (
        good.behind() as proxy,
        good.outside(good.target(proxy)) as http,
        Canary(http, None, Namespace(MARK), state, leave_files=False) as each,
    ):
        each.write()
        proxy.upstream = "http://127.0.0.1:1"
    left = read_state(state)
    assert left is not None
    assert any("the user" in what for what in each.left)

    with good.outside() as http, good.inside() as inside:
        assert clear(state, left, http, inside.parse_client().as_master()) == []
    assert rows(good) == before
    assert not state.exists()


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("https://api.example/parse/files/a/b", False),
        ("https://api.example:443/parse/files/a/b", False),
        ("https://bucket.s3.example.com/b?signature=1", False),
        ("http://api.example/parse/files/a/b", True),
        ("https://api.example:1337/parse/files/a/b", True),
        ("https://api.example/files/a/b", True),
        ("https://localhost/parse/files/a/b", True),
        ("https://10.1.2.3/parse/files/a/b", True),
        ("https://parse/parse/files/a/b", True),
        ("/parse/files/a/b", True),
        ("https://[oops/", True),
    ],
)
def test_a_file_url_is_right_or_wrong(url: str, wrong: bool) -> None:  # noqa: FBT001
    assert bool(list(_of_file_url(url, "https://api.example/parse"))) is wrong


def test_internal_hosts() -> None:
    assert [_is_internal(each) for each in ("parse", "db.internal", "127.0.0.1")] == [True] * 3
    assert [_is_internal(each) for each in ("cdn.example.com", "8.8.8.8")] == [False] * 2


def test_a_host_of_files_is_asked_only_if_it_is_allowed(
    good: Deployment, authority: Authority, tmp_path: Path
) -> None:
    def elsewhere(request: object, answer: Answer) -> Answer:
        body = answer.body.replace(b"https://localhost:", b"https://files.example.com:")
        return Answer(answer.status, answer.headers, body)

    with good.behind(edit=elsewhere) as proxy:
        found = looked(good, tmp_path, good.target(proxy))
    assert found.outcome is Outcome.UNSUPPORTED
    assert "--allow-host files.example.com" in found.remedy
