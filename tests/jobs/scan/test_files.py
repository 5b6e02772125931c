"""Which files a scan reads, which it leaves out, and what it says about that."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from parity.jobs.scan import ScanReport, scan
from parity.jobs.scan.job import checks_of
from parity.model import Outcome, UserError
from tests.jobs.scan.conftest import Scan

BAD = "Parse.Cloud.useMasterKey();"


def reasons(report: ScanReport) -> dict[str, str]:
    return {each.path: each.reason for each in report.skipped}


def test_installed_packages_are_left_out_and_said_so(scan_files: Scan) -> None:
    report = scan_files({"cloud/main.js": "f();", "cloud/node_modules/a/main.js": BAD})
    assert report.findings == ()
    assert "cloud/node_modules" in reasons(report)


def test_a_large_file_is_named_and_nothing_passes(scan_files: Scan) -> None:
    report = scan_files({"cloud/main.js": BAD + " " * 300}, max_bytes=200)
    assert report.findings == ()
    assert [(each.path, each.doubt) for each in report.skipped] == [("cloud/main.js", True)]


def test_a_binary_file_is_skipped_and_said_so(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_bytes(b"\0\1\2api.parse.com")
    report = scan([tmp_path])
    assert report.findings == ()
    assert list(reasons(report).values()) == ["binary"]


def test_text_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.cs").write_bytes('var u = "https://api.parse.com/1";'.encode("utf-16"))
    assert [finding.code.id for finding in scan([tmp_path]).findings] == ["SCAN-CLIENT-URL"]


def test_bytes_that_are_no_utf8_are_read_around(tmp_path: Path) -> None:
    (tmp_path / "cloud").mkdir()
    (tmp_path / "cloud" / "main.js").write_bytes(b"var a = '\xff\xe9';\n" + BAD.encode())
    report = scan([tmp_path / "cloud"])
    assert [each.place.line for each in report.of("SCAN-USE-MASTER-KEY")] == [2]


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    folder = tmp_path / "cloud"
    folder.mkdir()
    (folder / "main.js").write_text(BAD)
    (folder / "again").symlink_to(folder)
    (folder / "nothing").symlink_to(folder / "missing")
    report = scan([folder])
    assert len(report.of("SCAN-USE-MASTER-KEY")) == 1
    assert not any(each.doubt for each in report.skipped)


def test_a_link_to_elsewhere_is_a_doubt(tmp_path: Path) -> None:
    (tmp_path / "cloud").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "main.js").write_text(BAD)
    (tmp_path / "cloud" / "lib").symlink_to(tmp_path / "other")
    assert [each.doubt for each in scan([tmp_path / "cloud"]).skipped] == [True]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "main.js")
    assert list(reasons(scan([tmp_path])).values()) == ["it is no regular file"]


def test_a_path_that_is_not_there_is_the_users_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file or folder"):
        scan([tmp_path / "cloud"])


def test_a_file_given_twice_is_read_once(scan_files: Scan) -> None:
    report = scan_files({"app/cloud/main.js": BAD}, "app", "app/cloud", "app/cloud/main.js")
    assert len(report.of("SCAN-USE-MASTER-KEY")) == 1


def test_cloud_code_is_found_in_a_folder_of_any_name(scan_files: Scan) -> None:
    report = scan_files(
        {
            "server/code.js": "const {x} = require('./lib');\nParse.Cloud.define('f', q => x());",
            "server/lib.js": f"exports.x = () => {{\n{BAD} }};",
            "app/main.ts": "Parse.Cloud.run('f');",
            "app/index.js": "Parse.User.current();",
        }
    )
    assert (report.cloud_files, report.client_files) == (2, 2)
    assert [str(finding.place) for finding in report.findings] == ["server/lib.js:2:1"]


def test_a_client_that_calls_functions_is_no_cloud_code(scan_files: Scan) -> None:
    report = scan_files(
        {"app/a.js": "// Parse.Cloud.define('f')\nParse.Cloud.run('f'); Parse.User.current();"}
    )
    assert (report.cloud_files, report.client_files, report.findings) == (0, 1, ())


def test_cloud_makes_any_folder_cloud_code(scan_files: Scan) -> None:
    report = scan_files({"lib/a.js": "Parse.User.current();"}, cloud=[Path("lib")])
    assert [finding.code.id for finding in report.findings] == ["SCAN-CURRENT-USER"]


def test_cloud_code_in_typescript_is_read(scan_files: Scan) -> None:
    source = (
        "import * as Parse from 'parse/node';\nconst name = 'f' as string;\n"
        "Parse.Cloud.define(name, (q: any, r: Answer) => r.success(Parse.User!.current()));"
    )
    report = scan_files({"cloud/main.ts": source})
    assert [str(finding.code) for finding in report.findings] == [
        "SCAN-RESPONSE-CALLBACK", "SCAN-CURRENT-USER",
    ]  # fmt: skip
    assert [definition.name for definition in report.definitions] == ["f"]
    assert report.skipped == ()


def test_cloud_code_in_coffeescript_is_a_doubt(scan_files: Scan) -> None:
    source = "Parse.Cloud.define 'f', (q, r) -> r.success 1"
    report = scan_files({"cloud/main.coffee": source, "cloud/a.js": "f();"})
    assert [(each.doubt, each.area) for each in report.skipped] == [(True, "cloud-code")]
    outcomes = {check.outcome for check in checks_of(report) if check.area == "cloud-code"}
    assert outcomes == {Outcome.ERROR}


def test_the_digest_changes_with_the_code_and_only_with_it(scan_files: Scan) -> None:
    first = scan_files({"cloud/main.js": "f();", "app/a.js": "g();"}).digests
    assert scan_files({"cloud/main.js": "f();", "app/a.js": "g();"}).digests == first
    second = scan_files({"cloud/main.js": "f(1);", "app/a.js": "g();"}).digests
    assert second["cloud"] != first["cloud"]
    assert second["clients"] == first["clients"]
