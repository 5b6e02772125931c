"""A folder or a zip of the hosted export, also one that means harm."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from parity.jobs.verify.sources import export
from parity.jobs.verify.sources.export import ExportSource, open_export
from parity.jobs.verify.sources.rows import RowError
from parity.model import UserError

CONTENT = {
    "GameScore": [{"objectId": "a1", "score": 1}, {"objectId": "a2", "score": 2}],
    "_User": [{"objectId": "u1", "username": "kim"}],
    "_Join:users:_Role": [{"owningId": "r1", "relatedId": "u1"}],
    "Empty": [],
}


def text(rows: Any) -> str:
    return json.dumps({"results": rows})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "export"
    made.mkdir()
    for name, rows in CONTENT.items():
        (made / f"{name}.json").write_text(text(rows))
    return made


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    made = tmp_path / "export.zip"
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out:
        for name, rows in CONTENT.items():
            out.writestr(f"app/{name}.json", text(rows))
    return made


def content(source: ExportSource) -> dict[str, Any]:
    return {file.class_name: [row.value for row in file.rows()] for file in source.files}


def test_a_folder_is_read(folder: Path) -> None:
    assert content(open_export(folder)) == CONTENT


def test_a_folder_inside_a_folder_is_found(folder: Path) -> None:
    assert content(open_export(folder.parent)) == CONTENT


def test_a_zip_is_read_in_place(archive: Path) -> None:
    before = sorted(archive.parent.iterdir())
    assert content(open_export(archive)) == CONTENT
    assert sorted(archive.parent.iterdir()) == before


def test_what_cannot_be_a_class_is_listed(folder: Path) -> None:
    (folder / "read me.txt").write_text("hello")
    (folder / "my-class.json").write_text(text([]))
    (folder / ".DS_Store").write_bytes(b"")
    source = open_export(folder)
    assert source.strangers == ("read me.txt",)
    assert [name for name, _ in source.refused] == ["my-class.json"]
    assert content(source) == CONTENT


ROWS = [{"objectId": "c1"}]
READ = {
    "Comment.JSON": "Comment",
    "Comment.json.gz": "Comment",
    "sub/Comment.json": "Comment",
    "_Join%3Ausers%3ATeam.json": "_Join:users:Team",
    "_Join_users_Team.json": "_Join:users:Team",
    "_Join_roles__Role.json": "_Join:roles:_Role",
    "_Join_a_b__User.json": "_Join:a_b:_User",
}
UNREAD = (
    "Comment (1).json",
    "Comment copy.json",
    "Comment-2016.json",
    "Comment.json.part",
    "Comment.json.crdownload",
    "Comment.csv",
    "Comment.bson",
    "Comment",
    "_Join_a_b_C.json",
    "GameScore.JSON",
    "sub/GameScore.json",
)


def put(folder: Path, archive: Path, where: str, name: str) -> ExportSource:
    data = text(ROWS).encode()
    data = gzip.compress(data) if name.endswith(".gz") else data
    if where == "zip":
        with zipfile.ZipFile(archive, "a") as out:
            out.writestr(name, data)
        return open_export(archive)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)
    return open_export(folder)


@pytest.mark.parametrize("where", ["folder", "zip"])
@pytest.mark.parametrize(("name", "class_name"), READ.items())
def test_what_browsers_and_unpackers_make_of_a_name_is_read(
    folder: Path, archive: Path, where: str, name: str, class_name: str
) -> None:
    source = put(folder, archive, where, name)
    assert content(source) == {**CONTENT, class_name: ROWS}
    assert (source.refused, source.strangers) == ((), ())


@pytest.mark.parametrize("where", ["folder", "zip"])
@pytest.mark.parametrize("name", UNREAD)
def test_what_may_hold_objects_and_is_not_read_is_refused_by_name(
    folder: Path, archive: Path, where: str, name: str
) -> None:
    source = put(folder, archive, where, name)
    assert [refused for refused, _ in source.refused] == [name]
    assert content(source) == CONTENT


def test_a_gzip_that_grows_without_end_is_given_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "RATIO_FROM_BYTES", 1 << 20)
    rows = [{"objectId": "a" * 10, "text": " " * 1_000_000}] * 20
    (folder / "Bomb.json.gz").write_bytes(gzip.compress(text(rows).encode()))
    (bomb,) = [file for file in open_export(folder).files if file.class_name == "Bomb"]
    with pytest.raises(RowError, match="bomb"):
        list(bomb.rows())


def test_a_link_out_of_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text(text([]))
    (folder / "Secret.json").symlink_to(tmp_path / "secret.json")
    source = open_export(folder)
    assert source.refused == (("Secret.json", "is a link to a file outside of the export"),)
    assert "Secret" not in content(source)


@pytest.mark.parametrize("name", ["nothing", "empty", "wrong"])
def test_a_folder_that_is_no_export_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name != "nothing":
        path.mkdir()
    if name == "wrong":
        (path / "package-lock.json").write_text("{}")
    with pytest.raises(UserError) as caught:
        open_export(path)
    assert caught.value.code in ("export-missing", "export-empty")
    assert "Class.json" in caught.value.remedy


def test_two_exports_in_one_folder_are_not_mixed(folder: Path) -> None:
    (folder.parent / "other").mkdir()
    (folder.parent / "other" / "A.json").write_text(text([]))
    with pytest.raises(UserError, match="several exports: export, other"):
        open_export(folder.parent)


def test_a_file_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    path.write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(UserError) as caught:
        open_export(path)
    assert caught.value.code == "export-zip"


@pytest.mark.parametrize(
    "name", ["../Evil.json", "/etc/Evil.json", "a/../../Evil.json", "C:/Evil.json", "..\\Evil.json"]
)
def test_a_member_whose_name_leads_out_is_refused_by_name(archive: Path, name: str) -> None:
    with zipfile.ZipFile(archive, "a") as out:
        out.writestr(zipfile.ZipInfo(name), text([{"objectId": "x"}]))
    source = open_export(archive)
    if source.refused:
        assert source.refused == ((name, "its name leads out of the export"),)
    else:  # a backslash makes no class of a name
        assert source.strangers == (name,)
    assert content(source) == CONTENT


def test_a_bomb_is_refused_by_name(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "RATIO_FROM_BYTES", 1 << 20)
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as out:
        out.writestr("Bomb.json", '{"results": [' + " " * (4 << 20) + "]}")
    ((name, reason),) = open_export(archive).refused
    assert name == "Bomb.json"
    assert "as a zip bomb does" in reason


def test_members_that_share_their_bytes_are_refused(archive: Path) -> None:
    with zipfile.ZipFile(archive, "a") as out:
        first = out.infolist()[0]
        for number in range(3):
            shared = zipfile.ZipInfo(f"Copy{number}.json")
            for field in ("header_offset", "CRC", "compress_size", "file_size", "compress_type"):
                setattr(shared, field, getattr(first, field))
            out.filelist.append(shared)
        out._didModify = True  # type: ignore[attr-defined]
    refused = dict(open_export(archive).refused)
    assert {"Copy0.json", "Copy1.json", "Copy2.json"} <= refused.keys()
    assert all("zip bomb" in reason for reason in refused.values())


def test_a_class_that_is_there_twice_is_refused(archive: Path) -> None:
    with zipfile.ZipFile(archive, "a") as out:
        out.writestr("old/GameScore.json", text([]))
    assert open_export(archive).refused == (
        ("old/GameScore.json", "holds the class GameScore as app/GameScore.json does"),
    )


def test_an_encrypted_member_is_refused(archive: Path) -> None:
    raw = bytearray(archive.read_bytes())
    place = raw.index(b"PK\x01\x02")
    raw[place + 8] |= 1
    archive.write_bytes(bytes(raw))
    ((_, reason),) = open_export(archive).refused
    assert reason == "is encrypted"


@pytest.mark.parametrize("place", [0.3, 0.5, 0.9])
def test_a_damaged_member_is_never_read_to_its_end(tmp_path: Path, place: float) -> None:
    path = tmp_path / "export.zip"
    rows = [{"objectId": f"{n:010}", "text": f"{n * 7919:x}"} for n in range(2000)]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("A.json", text(rows))
        size = out.infolist()[0].compress_size
    raw = bytearray(path.read_bytes())
    raw[int(size * place) + 40] ^= 0x10
    path.write_bytes(bytes(raw))
    with pytest.raises(RowError):
        list(open_export(path).files[0].rows())


def test_a_file_that_vanishes_is_a_named_problem(folder: Path) -> None:
    source = open_export(folder)
    (folder / "GameScore.json").unlink()
    with pytest.raises(RowError, match=r"GameScore\.json: cannot be read"):
        content(source)
