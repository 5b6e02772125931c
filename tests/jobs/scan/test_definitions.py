"""The list of what cloud code registers."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from parity.jobs.scan import scan
from parity.paths import shipped
from tests.jobs.scan.conftest import Scan

Listed = Callable[[str], list[str]]


@pytest.fixture
def listed(scan_files: Scan) -> Listed:
    def run(source: str) -> list[str]:
        report = scan_files({"cloud/main.js": source})
        return [
            " ".join(filter(None, (definition.kind, definition.name, definition.class_name)))
            for definition in report.definitions
        ]

    return run


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Parse.Cloud.define('f', h);", ["function f"]),
        ("Parse['Cloud']['define'](`f`, h);", ["function f"]),
        ("const {define} = Parse.Cloud; define('f', h);", ["function f"]),
        ("const name = 'f' + '1'; Parse.Cloud.define(name, h);", ["function f1"]),
        ("Parse.Cloud.job('j', h);", ["job j"]),
        ("Parse.Cloud.beforeSave('Post', h);", ["trigger beforeSave Post"]),
        ("Parse.Cloud.afterDelete(Parse.User, h);", ["trigger afterDelete _User"]),
        ("Parse.Cloud.beforeSave(Parse.File, h);", ["trigger beforeSave @File"]),
        (
            "var Post = Parse.Object.extend('Post'); Parse.Cloud.afterSave(Post, h);",
            ["trigger afterSave Post"],
        ),
        ("Parse.Cloud.beforeLogin(h);", ["trigger beforeLogin"]),
        (
            "['a', 'b'].forEach(n => Parse.Cloud.define(n, h));",
            ["function a", "function b"],
        ),
        (
            "for (const n of ['a', 'b']) { Parse.Cloud.define(n, h); }",
            ["function a", "function b"],
        ),
        (
            (
                "const define = (name, h) => Parse.Cloud.define(name, h);\ndefine('a', h);\n"
                "define('b', h);"
            ),
            ["function a", "function b"],
        ),
        (
            (
                "const on = (kind, c, h) => Parse.Cloud[kind](c, h);\non('beforeSave', 'A', h);\n"
                "on('afterSave', 'B', h);"
            ),
            ["trigger beforeSave A", "trigger afterSave B"],
        ),
        (
            (
                "const on = (kind, c) => Parse.Cloud[kind](c, h);\n"
                "const both = c => { on('beforeSave', c); on('afterSave', c); };\nboth('A');"
            ),
            ["trigger afterSave A", "trigger beforeSave A"],
        ),
        (
            (
                "var express = require('express'); var app = express(); app.get('/hello', h);"
                " app.post('/x', h);"
            ),
            ["route GET /hello", "route POST /x"],
        ),
        (
            "const {Parse: P} = require('parse-cloud-express'); P.Cloud.define('hook', h);",
            ["webhook hook"],
        ),
        ("// Parse.Cloud.define('f', h);\n'Parse.Cloud.define(\"g\", h)';", []),
        ("Parse.Cloud.run('f', {});\napp.get('/hello', h);", []),
    ],
)
def test_what_is_registered(listed: Listed, source: str, expected: list[str]) -> None:
    assert listed(source) == expected


def test_a_wrapper_is_listed_where_it_is_called(scan_files: Scan) -> None:
    report = scan_files(
        {
            "cloud/main.js": "const d = (n, h, v) =>\n  Parse.Cloud.define(n, h, v);\n"
            "d('a', h);\nd('b', h, v => v);"
        }
    )
    assert [(definition.place.line, definition.validated) for definition in report.definitions] == [
        (3, False),
        (4, True),
    ]


def test_the_shipped_cloud_code_registers_what_the_suites_call() -> None:
    report = scan([shipped("scenarios") / "cloud"])
    called: set[str] = set()
    for path in (shipped("suites") / "cloud").glob("*.py"):
        called |= set(re.findall(r"\bcall\(\s*\"(parity\w+)\"", path.read_text("utf-8")))
    functions = {
        definition.name for definition in report.definitions if definition.kind == "function"
    }
    assert called - {"parityNoSuchFunction"} <= functions
    source = (shipped("scenarios") / "cloud" / "main.js").read_text("utf-8")
    written = set(re.findall(r"^(?:Parse\.Cloud\.)?define\('(\w+)'", source, re.MULTILINE))
    assert functions == written
    assert len(functions) == 26
    triggers = {
        (definition.name, definition.class_name)
        for definition in report.definitions
        if definition.kind == "trigger"
    }
    assert triggers == {
        ("beforeSave", "ParityHooked"),
        ("afterSave", "ParityLogged"),
        ("beforeDelete", "ParityLogged"),
        ("afterDelete", "ParityLogged"),
        ("beforeFind", "ParityFound"),
        ("afterFind", "ParityFound"),
    }
    assert [definition.name for definition in report.definitions if definition.kind == "job"] == [
        "parityJob"
    ]
    assert report.of("SCAN-DEFINITION-UNKNOWN") == []


def test_names_come_from_other_files(scan_files: Scan) -> None:
    report = scan_files(
        {
            "cloud/main.js": "require('./functions')(require('./names').FIRST);",
            "cloud/functions.js": "module.exports = name => Parse.Cloud.define(name, q => 1);",
            "cloud/names.js": "exports.FIRST = 'first';",
        }
    )
    assert [
        (definition.name, Path(definition.place.file).name) for definition in report.definitions
    ] == [("first", "main.js")]
