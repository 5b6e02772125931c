"""``parity import`` and ``parity export``: from the command line to the file."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import click
import pytest
import zstandard
from click.testing import CliRunner, Result

from parity.capture.recording import open_recording
from parity.cli import ExitCodes
from parity.cli.export import export
from parity.cli.import_ import import_
from parity.model import ExitCode
from tests.capture.sources import har, har_entry
from tests.capture.test_cassettes import VCR

TOKEN = "r:0123456789abcdef0123456789abcdef"
SIGNED = {"X-Parse-Application-Id": "the-app-id", "X-Parse-REST-API-Key": "the-rest-key"}
PLANTED = (TOKEN[2:], "ann@mail.example", "hunter2", "the-app-id", "the-rest-key", "fb-token-1")


@click.group(cls=ExitCodes)
def main() -> None:
    """Run a command as `parity` does."""


main.add_command(import_)
main.add_command(export)


def parity(*arguments: object, **env: str) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], env=env)


def app_har(folder: Path) -> Path:
    """Write traffic with something secret in every place."""
    user = {
        "username": "ann@mail.example",
        "password": "hunter2",
        "authData": {"facebook": {"id": "1", "access_token": "fb-token-1"}},
    }
    answer = json.dumps({"objectId": "uuuuuuuuuu", "sessionToken": TOKEN})
    packed = base64.b64encode(gzip.compress(answer.encode())).decode()
    where = '{"email":"ann@mail.example"}'
    batch = {"requests": [{"method": "PUT", "path": "/1/users/u", "body": {"password": "hunter2"}}]}
    session = SIGNED | {"X-Parse-Session-Token": TOKEN}
    root = "https://api.parse.com/1"
    return har(
        folder / "app.har",
        har_entry(
            f"{root}/users",
            method="POST",
            headers=SIGNED,
            post={"text": json.dumps(user)},
            content={"text": packed, "encoding": "base64"},
            answer_headers={"Content-Encoding": "gzip"},
        ),
        har_entry(
            f"{root}/login?username=ann%40mail.example&password=hunter2",
            headers=SIGNED,
            content={"text": answer},
        ),
        har_entry(f"{root}/users?where={where}", headers=session),
        har_entry(
            f"{root}/batch", method="POST", headers=session, post={"text": json.dumps(batch)}
        ),
        har_entry(
            f"{root}/classes/Post",
            method="POST",
            post={
                "text": json.dumps(
                    {
                        "_method": "GET",
                        "_SessionToken": TOKEN,
                        "where": where,
                        "_ApplicationId": "the-app-id",
                    }
                )
            },
        ),
        har_entry("https://cdn.example/app.js"),
    )


def everything(folder: Path) -> str:
    """Return all that is in all files of a folder, compressed or not."""
    found = []
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        data = path.read_bytes()
        if path.suffix == ".zst":
            data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
        found.append(data.decode())
    return "\n".join(found)


def test_nothing_planted_is_in_any_output(tmp_path: Path) -> None:
    source, out = app_har(tmp_path), tmp_path / "out"
    commands: list[tuple[object, ...]] = []
    for name in ("a.jsonl", "a.jsonl.zst"):
        commands += [
            ("import", source, "--out", out / name),
            ("import", source, "--out", out / name, "--force", "--json"),
            ("export", out / name, "--har", out / f"{name}.har"),
        ]
    shown = [parity(*command) for command in commands]
    assert [each.exit_code for each in shown] == [ExitCode.PASS] * 6
    written = everything(out) + "".join(each.output for each in shown)
    assert [each for each in PLANTED if each in written] == []
    parity("import", source, "--out", tmp_path / "plain" / "a.jsonl", "--keep-secrets")
    plain = everything(tmp_path / "plain")
    assert [each for each in PLANTED if each not in plain] == []


def test_what_is_broken_is_not_quoted(tmp_path: Path) -> None:
    texts = [app_har(tmp_path).read_text(), VCR.replace("it''s", "hunter2")]
    broken = [('"method"', "method"), ("{", ""), ("string: ", "string: *"), ("- Con", "Con")]
    folder = tmp_path / "sources"
    folder.mkdir()
    for number, (text, (old, new)) in enumerate([(t, b) for t in texts for b in broken]):
        (folder / f"{number}.{'har' if text[0] == '{' else 'yml'}").write_text(
            text.replace(old, new)
        )
    result = parity("import", folder, "--out", tmp_path / "a.jsonl")
    assert result.stderr
    assert [each for each in PLANTED if each in result.output] == []


def test_the_summary_says_what_became_of_everything(tmp_path: Path) -> None:
    result = parity("import", app_har(tmp_path), "--out", tmp_path / "a.jsonl", "--json")
    facts: dict[str, Any] = json.loads(result.stdout)
    assert facts["base_url"] == "https://api.parse.com/1"
    assert facts["redacted"] is True
    assert facts["counts"]["seen"] == 6
    assert (facts["counts"]["kept"], facts["counts"]["other_host"]) == (5, 1)
    assert facts["endpoints"] == {"users": 2, "login": 1, "batch": 1, "classes/Post": 1}
    assert facts["files"][0]["kind"] == "HAR"
    with open_recording(tmp_path / "a.jsonl") as reader:
        assert reader.header.redacted
        assert reader.header.source == "import app.har"
        assert len(list(reader)) == 5
        assert reader.footer is not None
        assert reader.footer.counts == facts["counts"]


def test_the_table_names_files_endpoints_and_the_base_url(tmp_path: Path) -> None:
    (tmp_path / "c.yml").write_text(VCR)
    output = parity("import", app_har(tmp_path), tmp_path / "c.yml", "--out", tmp_path / "a").stdout
    assert "app.har" in output
    assert "cassette (YAML)" in output
    assert "total" in output
    assert "base URL   https://api.parse.com/1" in output
    assert "users 2" in output


def test_secrets_are_kept_only_with_a_warning(tmp_path: Path) -> None:
    result = parity("import", app_har(tmp_path), "--out", tmp_path / "a.jsonl", "--keep-secrets")
    assert "warning: the recording will hold keys" in result.stderr
    with open_recording(tmp_path / "a.jsonl") as reader:
        assert not reader.header.redacted


def test_one_pseudonym_key_gives_the_same_recording_and_no_key_another(tmp_path: Path) -> None:
    source = app_har(tmp_path)
    (tmp_path / "key").write_text("0123456789abcdef\n")
    keys: list[tuple[str, ...]] = [
        ("--pseudonym-key", f"file:{tmp_path / 'key'}"),
        ("--pseudonym-key", "env:MY_KEY"),
        (),
    ]
    texts = []
    for number, arguments in enumerate(keys):
        out = tmp_path / f"{number}.jsonl"
        parity("import", source, "--out", out, *arguments, MY_KEY="0123456789abcdef")
        texts.append(out.read_text().splitlines()[1:-1])
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]
    assert "0123456789abcdef" not in "".join(texts[0]).replace(TOKEN[2:], "")


@pytest.mark.parametrize(
    "reference", ["env:NO_SUCH", "file:/no/such", "s3cr3t-key-itself", "env:SHORT"]
)
def test_a_pseudonym_key_that_cannot_be_used_is_refused_and_not_repeated(
    tmp_path: Path, reference: str
) -> None:
    result = parity(
        *("import", app_har(tmp_path), "--out", tmp_path / "a.jsonl"),
        *("--pseudonym-key", reference),
        SHORT="short",
    )
    assert result.exit_code == ExitCode.CANNOT_JUDGE
    assert "pseudonym" in result.stderr
    assert "s3cr3t" not in result.output
    assert not (tmp_path / "a.jsonl").exists()


def test_keys_of_the_targets_are_redacted_by_name_even_in_text(tmp_path: Path) -> None:
    entry = har_entry(headers=SIGNED, content={"text": "your key is the-rest-key, keep it"})
    source = har(tmp_path / "a.har", entry)
    (tmp_path / "parity.toml").write_text(
        '[targets.hosted]\nstyle = "hosted"\nurl = "https://api.parse.com/1"\n'
        'app_id = "env:HOSTED_APP"\nrest_key = "env:HOSTED_REST"\n'
    )
    result = parity(
        *("import", source, "--out", tmp_path / "a.jsonl"),
        *("--config", tmp_path / "parity.toml", "--target", "hosted"),
        HOSTED_APP="the-app-id",
        HOSTED_REST="the-rest-key",
    )
    assert result.exit_code == ExitCode.PASS, result.output
    text = (tmp_path / "a.jsonl").read_text()
    assert "your key is $HOSTED_REST, keep it" in text
    assert "the-rest-key" not in text


def test_an_existing_recording_is_replaced_only_when_asked(tmp_path: Path) -> None:
    out = tmp_path / "a.jsonl"
    out.write_text("precious")
    refused = parity("import", app_har(tmp_path), "--out", out)
    assert refused.exit_code == ExitCode.CANNOT_JUDGE
    assert "--force" in refused.stderr
    assert out.read_text() == "precious"
    assert parity("import", app_har(tmp_path), "--out", out, "--force").exit_code == ExitCode.PASS


def test_nothing_readable_exits_with_2_and_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.har").write_text("{")
    result = parity("import", tmp_path / "a.har", "--out", tmp_path / "out" / "a.jsonl")
    assert result.exit_code == ExitCode.CANNOT_JUDGE
    assert "nothing could be read" in result.stderr
    assert not list((tmp_path / "out").glob("*"))


def test_an_unreadable_file_among_others_exits_with_2_and_the_others_are_used(
    tmp_path: Path,
) -> None:
    (tmp_path / "bad.yml").write_text(VCR.replace("base64_string: ''", "x: !ruby/object:A {}"))
    result = parity(
        "import", app_har(tmp_path), tmp_path / "bad.yml", "--out", tmp_path / "a.jsonl"
    )
    assert result.exit_code == ExitCode.CANNOT_JUDGE
    assert "bad.yml: line 34 has the tag !ruby/object:A" in result.stderr
    with open_recording(tmp_path / "a.jsonl") as reader:
        assert len(list(reader)) == 5


def test_a_broken_entry_is_a_warning_with_its_position(tmp_path: Path) -> None:
    source = har(tmp_path / "a.har", har_entry(headers=SIGNED), {"request": 1})
    result = parity("import", source, "--out", tmp_path / "a.jsonl")
    assert result.exit_code == ExitCode.PASS
    assert "entry 2, line " in result.stderr


def test_a_base_url_that_nothing_went_to_exits_with_2(tmp_path: Path) -> None:
    result = parity(
        *("import", app_har(tmp_path), "--out", tmp_path / "a.jsonl"),
        *("--base-url", "https://other.example/parse"),
    )
    assert result.exit_code == ExitCode.CANNOT_JUDGE
    assert "none of 6 entries" in result.stderr


def test_bodies_beyond_the_limit_are_counted(tmp_path: Path) -> None:
    source = har(tmp_path / "a.har", har_entry(headers=SIGNED, content={"text": "x" * 5000}))
    result = parity("import", source, "--out", tmp_path / "a.jsonl", "--max-body", "0.001")
    assert "mind       1 truncated body" in result.stdout


def test_an_interrupted_import_leaves_neither_a_part_nor_a_changed_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> bytes:
        raise KeyboardInterrupt

    out = tmp_path / "out" / "a.jsonl"
    out.parent.mkdir()
    out.write_text("precious")
    monkeypatch.setattr("parity.capture.recording.exchange_line", interrupted)
    result = parity("import", app_har(tmp_path), "--out", out, "--force")
    assert result.exit_code == ExitCode.INTERRUPTED
    assert [each.name for each in out.parent.iterdir()] == ["a.jsonl"]
    assert out.read_text() == "precious"


def test_a_truncated_recording_is_exported_only_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    parity("import", app_har(tmp_path), "--out", path)
    path.write_bytes(path.read_bytes()[:-300])
    refused = parity("export", path, "--har", tmp_path / "b.har")
    assert refused.exit_code == ExitCode.CANNOT_JUDGE
    assert "--allow-truncated" in refused.stderr
    allowed = parity("export", path, "--har", tmp_path / "b.har", "--allow-truncated")
    assert allowed.exit_code == ExitCode.PASS
    assert "is truncated" in allowed.stderr
    assert len(json.loads((tmp_path / "b.har").read_text())["log"]["entries"]) >= 4


@pytest.mark.parametrize("command", ["import", "export"])
def test_help_shows_an_example(command: str) -> None:
    assert f"parity {command} " in parity(command, "--help").stdout


def test_deflate_is_decoded_too(tmp_path: Path) -> None:
    packed = base64.b64encode(zlib.compress(b'{"a":1}')).decode()
    entry = har_entry(
        headers=SIGNED,
        content={"text": packed, "encoding": "base64"},
        answer_headers={"Content-Encoding": "deflate"},
    )
    parity("import", har(tmp_path / "a.har", entry), "--out", tmp_path / "a.jsonl")
    with open_recording(tmp_path / "a.jsonl") as reader:
        (found,) = reader
    assert found.response is not None
    assert found.response.body == b'{"a":1}'
