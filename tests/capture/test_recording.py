"""Recordings: what is written is read again, and every broken file is a named error."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from parity.capture import recording_format
from parity.capture.exchanges import MISSING_BODY, TRUNCATED_BODY, lacks_body
from parity.capture.recording import (
    BadRecording,
    MissingRecording,
    NewerRecording,
    RecordingReader,
    RecordingWriter,
    TruncatedRecording,
    UnwritableRecording,
    open_recording,
)
from parity.model import UserError
from tests.capture.recorded import HEADER, content, exchange, read, write

SCHEMA = json.loads(
    (Path(recording_format.__file__).parent / "schemas" / "recording.schema.json").read_text()
)
BOTH = pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.zst"])


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content(path).splitlines()]


def change(path: Path, number: int, **fields: Any) -> None:
    """Change fields of one line (from 0) of an uncompressed recording."""
    found = lines(path)
    found[number] |= fields
    path.write_text("".join(json.dumps(each) + "\n" for each in found))


@BOTH
def test_exchanges_header_and_counts_are_read_as_they_were_written(
    tmp_path: Path, name: str
) -> None:
    sent = [
        exchange(1),
        exchange(2, body=b"\x89PNG\xff\x00", headers=(("A", "1"), ("a", "2"), ("A", "1"))),
        exchange(3, answer=None, notes=("truncated body",)),
        replace(exchange(4), elapsed_ms=None),
    ]
    path = tmp_path / "deep" / name
    with RecordingWriter(path, HEADER, redactor=None) as writer:
        for each in sent:
            writer.write(each)
        writer.close({"seen": 9})
    with open_recording(path) as reader:
        assert list(reader) == sent
        assert reader.header == HEADER
        assert reader.footer is not None
        assert reader.footer.exchanges == 4
        assert reader.footer.counts == {"seen": 9, "kept": 4, "no_response": 1, "truncated": 1}
        assert not reader.truncated
        assert list(reader) == sent


def test_every_line_is_what_the_published_schema_says(tmp_path: Path) -> None:
    sent = [exchange(1), exchange(2, body=b"\xff"), exchange(3, answer=None, notes=("x",))]
    found = lines(write(tmp_path / "r.jsonl", sent))
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for each in found:
        jsonschema.validate(each, SCHEMA)
    assert [each["kind"] for each in found] == ["header", *["exchange"] * 3, "footer"]


@pytest.mark.parametrize(
    "wrong", [{"url": "classes"}, {"body": {"base64": 1}}, {"headers": [["a"]]}, {"method": None}]
)
def test_schema_and_reader_refuse_the_same_request(tmp_path: Path, wrong: dict[str, Any]) -> None:
    path = write(tmp_path / "r.jsonl", [exchange(1)])
    change(path, 1, request=lines(path)[1]["request"] | wrong)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(lines(path)[1], SCHEMA)
    with pytest.raises(BadRecording, match="line 2"):
        read(path)


def test_a_recording_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", [])
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_existing_file_is_not_replaced_unless_asked(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", [exchange(1)])
    with pytest.raises(UnwritableRecording, match="exists"):
        RecordingWriter(path, HEADER, redactor=None)
    with RecordingWriter(path, HEADER, redactor=None, overwrite=True):
        pass
    assert read(path) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnwritableRecording, match="cannot write"):
        RecordingWriter(tmp_path / "file" / "r.jsonl", HEADER, redactor=None)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_named_and_nothing_more_is_written(tmp_path: Path) -> None:
    link = tmp_path / "r.jsonl"
    link.symlink_to("/dev/full")
    with pytest.raises(UnwritableRecording, match="No space"):
        RecordingWriter(link, HEADER, redactor=None, overwrite=True)


def test_an_id_that_was_written_before_is_refused(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / "r.jsonl", HEADER, redactor=None) as writer:
        writer.write(exchange("a#1"))
        with pytest.raises(ValueError, match="'a#1' is in the recording already"):
            writer.write(exchange("a#1"))


@pytest.mark.parametrize("at", [float("nan"), float("inf")])
def test_a_time_that_json_cannot_hold_is_refused(tmp_path: Path, at: float) -> None:
    with (
        RecordingWriter(tmp_path / "r.jsonl", HEADER, redactor=None) as writer,
        pytest.raises(ValueError, match="not finite"),
    ):
        writer.write(replace(exchange(1), at=at))


def test_half_a_surrogate_pair_in_a_header_costs_only_itself(tmp_path: Path) -> None:
    sent = exchange(1, headers=(("A", "x\ud800y"),))
    assert read(write(tmp_path / "r.jsonl", [sent]))[0].request.headers == (("A", "x\ufffdy"),)


@BOTH
def test_a_writer_that_failed_leaves_a_truncated_recording(tmp_path: Path, name: str) -> None:
    path = tmp_path / name

    def fail() -> None:
        with RecordingWriter(path, HEADER, redactor=None) as writer:
            writer.write(exchange(1))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with pytest.raises(TruncatedRecording, match="1 exchanges are whole") as caught:
        open_recording(path)
    assert "--allow-truncated" in caught.value.remedy
    assert caught.value.whole == 1
    assert read(path, allow_truncated=True) == [exchange(1)]


@BOTH
def test_kill_9_loses_nothing_that_was_synced(tmp_path: Path, name: str) -> None:
    script = textwrap.dedent(
        f"""
        import os, sys
        from pathlib import Path
        from parity.capture.recording import RecordingWriter
        from tests.capture.recorded import HEADER, exchange
        writer = RecordingWriter(Path({str(tmp_path / name)!r}), HEADER, redactor=None)
        for number in range(1, 101):
            writer.write(exchange(number), sync=True)
        os.kill(os.getpid(), {int(signal.SIGKILL)})
        """
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    with open_recording(tmp_path / name, allow_truncated=True) as reader:
        assert [each.id for each in reader] == [str(number) for number in range(1, 101)]
        assert reader.truncated
        assert reader.footer is None


@BOTH
@pytest.mark.parametrize("cut", [1, 2, 100, 700])
def test_a_file_cut_anywhere_is_truncated_and_gives_what_is_whole(
    tmp_path: Path, name: str, cut: int
) -> None:
    path = tmp_path / name
    sent = [exchange(number, body=os.urandom(100)) for number in range(1, 11)]
    with RecordingWriter(path, HEADER, redactor=None) as writer:
        for each in sent:
            writer.write(each, sync=True)
    data = path.read_bytes()
    path.write_bytes(data[:-cut])
    if name.endswith("l") and cut == 1:  # the newline alone is missing; nothing is lost
        assert read(path) == sent
        return
    with open_recording(path, allow_truncated=True) as reader:
        found = list(reader)
    assert found == sent[: len(found)]
    assert len(found) >= 10 - cut // 100 * 2
    if not reader.truncated:  # of a compressed file, only its checksum may be gone
        assert (found, name) == (sent, "r.jsonl.zst")
        return
    with pytest.raises(TruncatedRecording) as caught:
        open_recording(path)
    assert caught.value.whole == len(found)


def test_a_recording_without_its_end_of_the_header_is_truncated(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", [exchange(1)])
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(TruncatedRecording, match="0 exchanges"):
        open_recording(path)


@pytest.mark.parametrize("kind", ["nothing", "folder"])
def test_what_is_not_there_is_missing(tmp_path: Path, kind: str) -> None:
    path = tmp_path if kind == "folder" else tmp_path / "r.jsonl"
    with pytest.raises(MissingRecording, match="folder" if kind == "folder" else "no such file"):
        open_recording(path)


def test_a_later_version_says_to_upgrade(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", [])
    change(path, 0, version=2)
    with pytest.raises(NewerRecording, match="version 2") as caught:
        open_recording(path)
    assert "Upgrade" in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("{}\n", "no header"),
        ('{"log": {"entries": []}}', "no header"),
        ("no json\n", "no JSON"),
        ("[1]\n", "an object"),
        ('{"kind":"header","format":"parity-recording","version":1}\n', "facts"),
    ],
)
def test_what_is_no_recording_is_bad(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(text)
    with pytest.raises(BadRecording, match=reason):
        open_recording(path, allow_truncated=True)


@pytest.mark.parametrize(
    ("number", "fields", "reason"),
    [
        (1, {"kind": "other"}, "line 2: kind"),
        (2, {"id": "1"}, "line 3: the id '1' occurs twice"),
        (1, {"id": 5}, "line 2: id"),
        (1, {"at": "now"}, "line 2: at"),
        (1, {"at": True}, "line 2: at"),
        (1, {"elapsed_ms": "1"}, "line 2: elapsed_ms"),
        (1, {"notes": [1]}, "line 2: notes"),
        (1, {"request": None}, "line 2: request"),
        (1, {"response": {"status": 99, "headers": [], "body": ""}}, "line 2: status"),
        (1, {"response": {"status": 200, "headers": {}, "body": {"base64": "%"}}}, "line 2: body"),
        (3, {"exchanges": 7}, "line 4: the footer counts 7"),
    ],
)
def test_a_changed_line_is_bad_with_its_number(
    tmp_path: Path, number: int, fields: dict[str, Any], reason: str
) -> None:
    path = write(tmp_path / "r.jsonl", [exchange(1), exchange(2)])
    change(path, number, **fields)
    with pytest.raises(BadRecording, match=reason):
        read(path)


def test_a_line_behind_the_footer_is_bad(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", [exchange(1)])
    data = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*data, data[2]]))
    with pytest.raises(BadRecording, match="more after the footer"):
        read(path)


def test_what_is_not_compressed_at_all_is_bad(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", [exchange(1)]).rename(tmp_path / "r.jsonl.zst")
    with pytest.raises(BadRecording, match="cannot be decompressed"):
        open_recording(path)


def test_every_error_is_the_users_and_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text("x")
    with pytest.raises(UserError, match=r"r\.jsonl"):
        open_recording(path)


def test_reading_stops_where_the_reader_is_closed(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", [exchange(1), exchange(2)])
    with open_recording(path) as reader:
        found: Iterator[Any] = iter(reader)
        next(found)
    with pytest.raises(ValueError, match="closed"):
        next(found)


def test_an_open_recording_says_how_many_exchanges_it_has_before_it_is_read(
    tmp_path: Path,
) -> None:
    reader = RecordingReader(write(tmp_path / "r.jsonl.zst", [exchange(1), exchange(2)]))
    assert reader.footer is not None
    assert reader.footer.exchanges == 2


def test_a_body_that_was_not_kept_is_told_from_an_empty_one() -> None:
    assert not lacks_body(exchange(1, body=b""), "request")
    for note in (TRUNCATED_BODY, MISSING_BODY):
        cut = exchange(1, notes=(note, f"{note}: request"))
        assert (lacks_body(cut, "request"), lacks_body(cut, "response")) == (True, False)


def test_truncated_bodies_are_counted_by_the_writer(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", [exchange(1, notes=(TRUNCATED_BODY,))])
    assert lines(path)[-1]["counts"]["truncated"] == 1


def test_after_a_failed_write_nothing_more_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def write(self, _: bytes) -> int:
            raise OSError(28, "No space left on device")

        flush = write

    path = tmp_path / "r.jsonl"
    with RecordingWriter(path, HEADER, redactor=None) as writer:
        monkeypatch.setattr(writer, "_out", Full())
        with pytest.raises(UnwritableRecording, match="No space"):
            writer.write(exchange(1))
        monkeypatch.setattr(writer, "_out", None)
        with pytest.raises(ValueError, match="closed"):
            writer.write(exchange(2))
    with pytest.raises(TruncatedRecording):
        open_recording(path)
