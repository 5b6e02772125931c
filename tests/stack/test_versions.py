"""The table of versions and the locks that belong to it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from packaging.version import Version

from parity.model import UserError
from parity.stack.lock import without_hosts
from parity.stack.versions import VERSIONS, lock_folder, mongod_fits, needs_of, node_fits

EACH = pytest.mark.parametrize("version", VERSIONS)


def read(version: str, name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((lock_folder(version) / name).read_text("utf-8"))
    return content


def locked(version: str, package: str) -> str | None:
    entry = read(version, "package-lock.json")["packages"].get(f"node_modules/{package}")
    return None if entry is None else entry["version"]


def test_every_folder_of_locks_is_in_the_table() -> None:
    folders = {path.name for path in lock_folder("x").parent.iterdir()}
    assert folders == set(VERSIONS)


@EACH
def test_the_lock_is_of_the_version(version: str) -> None:
    assert locked(version, "parse-server") == version
    root = read(version, "package-lock.json")["packages"][""]
    assert root["dependencies"] == read(version, "package.json")["dependencies"]


@EACH
def test_the_lock_names_no_host(version: str) -> None:
    text = (lock_folder(version) / "package-lock.json").read_text("utf-8")
    assert not re.search(r'"resolved"|registry\.|\.tgz', text)


@EACH
def test_what_is_installed_is_pinned_by_digest(version: str) -> None:
    packages = read(version, "package-lock.json")["packages"]
    unpinned = [
        path
        for path, entry in packages.items()
        if path and "integrity" not in entry and not entry.get("optional")
    ]
    assert unpinned == []


@EACH
def test_the_router_that_breaks_batch_is_not_locked(version: str) -> None:
    # Parse Server 8.5.0 and later answer 500 to every /batch with router 2.3.0.
    expected = "2.2.0" if Version(version) >= Version("8.5.0") else None
    assert locked(version, "router") == expected


def test_the_oldest_has_a_driver_that_this_mongod_answers() -> None:
    assert locked("2.8.4", "mongodb") == "3.7.4"


@pytest.mark.parametrize("wrong", ["8.6", "9.10", "8.6.1"])
def test_an_unknown_version_names_the_nearest(wrong: str) -> None:
    with pytest.raises(UserError) as caught:
        needs_of(wrong)
    assert wrong in caught.value.what
    assert re.search(r"Did you mean (8\.6|9\.10)", caught.value.remedy)
    assert caught.value.remedy.endswith(f"There are: {', '.join(VERSIONS)}.")


def test_a_version_like_no_other_gets_the_list() -> None:
    with pytest.raises(UserError) as caught:
        needs_of("latest")
    assert caught.value.remedy.startswith("There are: 2.8.4")


@pytest.mark.parametrize(
    ("version", "fits"),
    [
        ("20.18.0", False),
        ("20.19.0", True),
        ("21.7.0", False),
        ("22.12.0", False),
        ("22.20.0", True),
        ("24.10.0", False),
        ("24.19.0", True),
        ("25.0.0", False),
    ],
)
def test_node_must_be_in_the_range_of_the_newest_parse_server(version: str, *, fits: bool) -> None:
    assert node_fits(version) is fits


@pytest.mark.parametrize(
    ("version", "fits"), [("4.2.24", False), ("4.4.0", True), ("6.0.5", True), ("8.2.1", True)]
)
def test_mongod_must_log_json(version: str, *, fits: bool) -> None:
    assert mongod_fits(version) is fits


def test_addresses_are_taken_out_of_a_lock() -> None:
    lock = {
        "lockfileVersion": 3,
        "packages": {
            "": {"dependencies": {"a": "1.0.0"}},
            "node_modules/a": {
                "version": "1.0.0",
                "resolved": "https://example.org/a.tgz",
                "integrity": "sha512-x",
                "funding": {"url": "https://example.org"},
            },
        },
    }
    packages = without_hosts(lock)["packages"]
    assert packages["node_modules/a"] == {"version": "1.0.0", "integrity": "sha512-x"}
    assert packages[""] == {"dependencies": {"a": "1.0.0"}}
