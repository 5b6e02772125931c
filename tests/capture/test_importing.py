"""Many files, one recording: what is the app's is kept, and everything is counted."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.capture.base_url import base_url, infer_base_url, mount_of, place_of
from parity.capture.exchanges import CLOCK_JUMP, NO_TIME
from parity.capture.importers import UnreadableSource, kind_of, source_files
from parity.capture.importing import COUNTS, Import
from parity.capture.recording import RecordedRequest
from parity.model import UserError
from tests.capture.sources import har, har_entry
from tests.capture.test_cassettes import VCR

SIGNED = {"X-Parse-Application-Id": "a"}


def run(*files: Path, **settings: object) -> tuple[list[str], Counter[str]]:
    """Import; return the ids that were kept and the counts."""
    imported = Import(files, **settings)  # type: ignore[arg-type]
    ids = [exchange.id for exchange in imported.exchanges()]
    return ids, Counter({name: n for name, n in imported.report.counts.items() if n})


def request(url: str, *, signed: bool = False) -> RecordedRequest:
    return RecordedRequest("GET", url, tuple(SIGNED.items()) if signed else (), b"")


def test_what_went_elsewhere_is_left_out_and_counted(tmp_path: Path) -> None:
    path = har(
        tmp_path / "app.har",
        har_entry("https://api.parse.com/1/classes/Post", headers=SIGNED),
        har_entry("https://cdn.example/app.js"),
        har_entry("https://api.parse.com/2/classes/Post"),
        har_entry("https://api.parse.com/1"),
        har_entry("wss://api.parse.com/1"),
        har_entry("https://api.parse.com/1/users", status=0),
        {"request": 1},
    )
    ids, counts = run(path)
    assert ids == ["app#1", "app#4", "app#6"]
    assert counts == {
        "seen": 7,
        "kept": 3,
        "other_host": 1,
        "other_path": 1,
        "not_http": 1,
        "unreadable": 1,
        "no_response": 1,
    }


@given(
    st.lists(st.sampled_from(["good", "host", "path", "socket", "broken", "silent"]), min_size=1)
)
def test_everything_that_was_seen_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, kinds: list[str]
) -> None:
    made = {
        "good": har_entry("https://h/parse/classes/A"),
        "host": har_entry("https://other/parse/classes/A"),
        "path": har_entry("https://h/else"),
        "socket": har_entry("ws://h/parse"),
        "broken": {"request": 1},
        "silent": har_entry("https://h/parse/users", status=0),
    }
    path = har(tmp_path_factory.mktemp("har") / "a.har", *(made[kind] for kind in kinds))
    ids, counts = run(path, base=base_url("https://h/parse"))
    reasons = ("kept", "other_host", "other_path", "not_http", "unreadable")
    assert counts["seen"] == len(kinds) == sum(counts[reason] for reason in reasons)
    assert counts["kept"] == len(ids) == kinds.count("good") + kinds.count("silent")
    assert counts["no_response"] == kinds.count("silent")
    assert set(counts) <= set(COUNTS)


def test_ids_are_unique_across_files_of_the_same_name(tmp_path: Path) -> None:
    files = []
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        files.append(har(tmp_path / name / "app.har", har_entry(headers=SIGNED)))
    assert run(*files)[0] == ["app#1", "app-2#1", "app-3#1"]


def test_each_cassette_is_a_lane_of_its_own_unless_a_session_says_otherwise(
    tmp_path: Path,
) -> None:
    token = "r:0123456789abcdef0123456789abcdef"
    for name in ("a", "b"):
        text = VCR.replace(
            "    headers: {}\n", f"    headers: {{X-Parse-Session-Token: '{token}'}}\n"
        )
        (tmp_path / f"{name}.yml").write_text(text)
    imported = Import(source_files((tmp_path,)))
    lanes = [exchange.lane for exchange in imported.exchanges()]
    assert lanes[0] != lanes[2]
    assert lanes[1] == lanes[3]
    assert imported.report.lanes == 3


def test_the_order_of_the_file_wins_over_its_clock_and_that_is_noted(tmp_path: Path) -> None:
    times = ("2016-03-09T17:12:30Z", "2016-03-09T17:12:10Z", "2016-03-09T17:12:31Z", "never")
    path = har(tmp_path / "a.har", *(har_entry(headers=SIGNED, at=time) for time in times))
    imported = Import([path])
    found = list(imported.exchanges())
    assert [each.id for each in found] == ["a#1", "a#2", "a#3", "a#4"]
    assert [each.notes for each in found] == [(), (CLOCK_JUMP,), (), (NO_TIME,)]
    assert found[3].at == found[2].at
    assert imported.report.counts["clock_jumps"] == 1


def test_an_unreadable_file_is_reported_and_the_others_are_used(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(VCR.replace("base64_string: ''", "x: !ruby/object:A {}"))
    good = har(tmp_path / "b.har", har_entry(headers=SIGNED))
    imported = Import(source_files((tmp_path,)))
    assert [exchange.origin for exchange in imported.exchanges()] == ["b.har#1"]
    assert "tag !ruby/object:A" in imported.report.files[0].error
    assert imported.report.files[1].path == good
    assert not imported.report.files[1].error


@pytest.mark.parametrize("base", [None, base_url("https://api.parse.com/1")])
def test_nothing_that_can_be_read_is_an_error_that_names_the_files(
    tmp_path: Path, base: object
) -> None:
    (tmp_path / "a.har").write_text("{")
    (tmp_path / "b.yml").write_text("x")
    with pytest.raises(UserError, match=r"a\.har.*b\.yml") as caught:
        run(*source_files((tmp_path,)), base=base)
    assert caught.value.code == "import-unreadable"


def test_endpoints_and_methods_are_summed_up(tmp_path: Path) -> None:
    root = "https://api.parse.com/1"
    urls = (
        f"{root}/classes/Post/a?x=/",
        f"{root}/classes/Post",
        f"{root}/functions/f",
        f"{root}/users",
    )
    path = har(tmp_path / "a.har", *(har_entry(url, headers=SIGNED) for url in urls))
    imported = Import([path])
    assert len(list(imported.exchanges())) == 4
    assert imported.report.endpoints == {"classes/Post": 2, "functions/f": 1, "users": 1}
    assert imported.report.methods == {"GET": 4}


def test_keys_in_the_url_become_a_header(tmp_path: Path) -> None:
    url = "https://app:javascript-key=abc@api.parse.com/1/classes/Post?limit=1#top"
    (found,) = Import([har(tmp_path / "a.har", har_entry(url))]).exchanges()
    assert found.request.url == "/1/classes/Post?limit=1"
    assert found.request.headers == (("Authorization", "Basic YXBwOmphdmFzY3JpcHQta2V5PWFiYw=="),)


def test_progress_is_told_for_every_entry(tmp_path: Path) -> None:
    path = har(tmp_path / "a.har", *[har_entry(headers=SIGNED)] * 3)
    told: list[tuple[Path, int]] = []
    list(Import([path], progress=lambda *each: told.append(each)).exchanges())
    assert told == [(path, 1), (path, 2), (path, 3)]


@pytest.mark.parametrize(
    ("urls", "expected"),
    [
        (["https://api.parse.com/1/classes/A"], "https://api.parse.com/1"),
        (["http://H:1337/a/parse/users", "http://x/login"], "http://H:1337/a/parse"),
        (["https://h/classes/A", "https://h/x"], "https://h"),
        (["http://x/parse/users", "https://api.parse.com/1/users"], "https://api.parse.com/1"),
        (["http://x/parse/classes/users/batch"], "http://x/parse"),
    ],
)
def test_the_base_url_is_what_most_requests_share(urls: list[str], expected: str) -> None:
    assert infer_base_url(request(url) for url in urls).url == expected


def test_requests_that_name_an_app_weigh_more() -> None:
    others = [request("https://ads.example/login")] * 5
    mine = request("https://h/parse/classes/A", signed=True)
    assert infer_base_url([*others, mine]).url == "https://h/parse"


def test_traffic_without_parse_is_an_error_that_names_the_option() -> None:
    with pytest.raises(UserError, match="--base-url"):
        infer_base_url([request("https://h/index.html")])


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://h/1/classes/A?b=1", ("", "/1/classes/A?b=1")),
        ("http://H/1", ("", "/1")),
        ("https://h:443/1/", ("", "/1/")),
        ("https://h:8443/1/", ("other_host", "")),
        ("https://h/10/classes", ("other_path", "")),
        ("https://other/1/classes", ("other_host", "")),
        ("http://[::1/1", ("other_host", "")),
        ("/1/classes", ("other_host", "")),
    ],
)
def test_where_a_request_went(url: str, place: tuple[str, str]) -> None:
    assert place_of(url, base_url("https://h/1/")) == place


@pytest.mark.parametrize("text", ["api.parse.com/1", "ftp://h/", "http://", "http://h:x/", ""])
def test_what_is_no_base_url_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="no base URL"):
        base_url(text)


@pytest.mark.parametrize("path", ["/", "/a/b", "", "/classesx/A"])
def test_a_path_without_an_endpoint_has_no_mount(path: str) -> None:
    assert mount_of(path) is None


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("x", '{"log": {"entries": []}}', "HAR"),
        ("x.har", "broken", "HAR"),
        ("x", '\ufeff{"http_interactions": []}', "cassette (JSON)"),
        ("x.txt", "---\nhttp_interactions:\n- request:\n", "cassette (YAML)"),
        ("x.yml", "broken: [", "cassette (YAML)"),
        ("parse-server.info.2016-03-09", '{"level":"info","message":"x"}\n', "Parse Server log"),
        ("x", "\x1b[36mverbose\x1b[39m: REQUEST for", "Parse Server log"),
        ("x", "node: a warning\n\nverbose: REQUEST for [GET] /1: {}", "Parse Server log"),
    ],
)
def test_the_kind_of_a_file_is_what_is_in_it(
    tmp_path: Path, name: str, text: str, kind: str
) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    assert kind_of(tmp_path / name) == kind


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("<html>", "no kind"),
        ('{"kind":"header","format":"parity-recording"}', "a recording already"),
    ],
)
def test_a_file_of_no_kind_is_a_named_error(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "x").write_text(text)
    with pytest.raises(UnreadableSource, match=reason):
        kind_of(tmp_path / "x")


def test_a_folder_stands_for_what_can_be_imported_in_it(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("b.yml", "sub/a.har", "README.md", "parse-server.info.1", "parse-server.err.1"):
        (tmp_path / name).write_text("x")
    found = [str(file.relative_to(tmp_path)) for file in source_files((tmp_path, tmp_path))]
    assert found == ["b.yml", "parse-server.info.1", "sub/a.har"]


@pytest.mark.parametrize("kind", ["missing", "empty"])
def test_a_source_without_files_is_a_named_error(tmp_path: Path, kind: str) -> None:
    with pytest.raises(UnreadableSource):
        source_files((tmp_path / "x",) if kind == "missing" else (tmp_path,))


def test_an_import_with_a_base_url_streams(tmp_path: Path) -> None:
    path = har(tmp_path / "a.har", *[har_entry(headers=SIGNED)] * 3)
    imported = Import([path], base=base_url("https://api.parse.com/1"))
    next(iter(imported.exchanges()))
    assert imported.report.counts["seen"] == 1
    assert json.dumps(dict(imported.report.counts))


@given(st.permutations(range(4)))
def test_files_in_any_order_give_the_same(
    tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("files")
    times = ("12:40", "12:20", "12:30", "12:20")
    files = []
    for number, at in enumerate(times):
        entries = [
            har_entry(f"https://h/parse/classes/A{number}", headers=SIGNED, at=when)
            for when in (f"2016-03-09T17:{at}Z", f"2016-03-09T17:{at[:3]}59Z")
        ]
        files.append(har(folder / f"{number}.har", *entries))
    imported = Import([files[number] for number in order])
    assert [exchange.id for exchange in imported.exchanges()] == [
        f"{number}#{entry}" for number in (1, 3, 2, 0) for entry in (1, 2)
    ]


def test_requests_are_counted_by_application(tmp_path: Path) -> None:
    url = "https://h/parse/classes/A"
    path = har(
        tmp_path / "a.har",
        *(har_entry(url, headers={"x-parse-application-id": app}) for app in ("a", "b", "a")),
        har_entry(url, headers={"X-Parse-Application-Id": "wrong"}, status=403),
    )
    imported = Import([path])
    assert len(list(imported.exchanges())) == 4
    assert imported.report.applications == {"a": 2, "b": 1}
