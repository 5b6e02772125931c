"""No input makes the scan fail: whatever a file holds, there is a report."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from parity.jobs.scan import CODES, scan
from parity.jobs.scan.clients import read_file
from parity.jobs.scan.cloud import cloud_findings
from parity.jobs.scan.definitions import registered
from parity.jobs.scan.dependencies import DEPENDENCY_FILES, asked
from parity.jobs.scan.files import File
from parity.jobs.scan.languages import read_source
from parity.jobs.scan.script import parse_script
from parity.jobs.scan.symbols import Symbols
from parity.targets.sources import MARKUP
from tests.examples import examples

PIECES = (
    "Parse", ".Cloud", "['define']", "(", ")", "{", "}", "'a'", "`${x}`", "=>", "function", "f",
    "var ", "const {", "} = ", "response.success()", "require(", "module.exports = ", "=", ",", ";",
    "\n", "//", "/*", "*/", "new ", "for (const x of ", "[", "]", "...", "class A { m(a) {} }",
    ".bind(this)", "f(f)", "=> f", "a.b", "import a from 'b';", "export default ", "'", '"', "🎉",
)  # fmt: skip
SOURCE = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.text(max_size=200)
)
ENDINGS = st.sampled_from(
    [
        "swift",
        "m",
        "java",
        "cs",
        "rb",
        "json",
        "js",
        "ts",
        "tsx",
        "kt",
        "plist",
        "?",
        *sorted(MARKUP),
    ]
)


@given(SOURCE, SOURCE)
@settings(max_examples=examples(150))
def test_any_text_is_read_as_cloud_code(first: str, second: str) -> None:
    scripts = [
        parse_script("cloud/main.js", first.encode("utf-8", "replace")),
        parse_script("cloud/f.js", second.encode("utf-8", "replace")),
    ]
    symbols = Symbols(scripts)
    known = registered(symbols)
    for finding in cloud_findings(symbols, known, lambda _: frozenset()):
        assert finding.code.id in CODES
        assert finding.place.line >= 1
        assert finding.place.column >= 1


@given(st.binary(max_size=300))
def test_any_bytes_are_parsed(data: bytes) -> None:
    parse_script("a.js", data)


@given(st.text(max_size=300), ENDINGS)
def test_any_text_is_read_as_client_source(text: str, ending: str) -> None:
    data = f"{text}\nParse".encode("utf-8", "replace")
    for finding in read_file(File(f"a.{ending}", data, "")).matches:
        assert finding.code.id in CODES


@given(st.text(max_size=200), st.sampled_from(sorted(DEPENDENCY_FILES)))
def test_any_text_is_read_as_a_dependency_file(text: str, name: str) -> None:
    list(asked(name, text))


@given(st.text(max_size=300), ENDINGS)
def test_blanking_comments_keeps_every_place(text: str, ending: str) -> None:
    data = text.encode("utf-8", "replace")
    reading = read_source(data, ending)
    assert len(reading.code) == len(data)
    assert reading.code.count("\n") == data.count(b"\n")
    for start, comment in reading.comments:
        assert data[start : start + len(comment)].decode("latin-1") == comment
        assert reading.code[start : start + len(comment)].strip() == ""


@given(st.sampled_from(["(", "[", "{", "a(", "!", "x=>", "function(){", "`${", "a.", "f(f)("]))
@settings(max_examples=examples(10))
def test_deep_nesting_ends(piece: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "cloud"
        folder.mkdir()
        (folder / "main.js").write_text(piece * 3000 + "Parse.Cloud.define('a', b);")
        assert scan([folder]).cloud_files == 1


def test_functions_that_call_each_other_end() -> None:
    source = "\n".join(
        f"function f{i}(a, b) {{ return f{(i + 1) % 40}(f{(i + 7) % 40}(b, a), a) || a; }}"
        for i in range(40)
    )
    script = parse_script("cloud/main.js", f"{source}\nParse.Cloud.define(f0('x'), f1);".encode())
    registered(Symbols([script]))
