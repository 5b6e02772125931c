from __future__ import annotations

from pathlib import Path

import pytest

from parity.model import Outcome
from parity.model.evidence import (
    BadEvidence,
    Event,
    Evidence,
    EvidenceWriter,
    Header,
    NoticeEvent,
    TruncatedEvidence,
    merge_evidence,
    read_evidence,
)
from tests.model.samples import TARGETS, check, header, known, lines, write


def parts(folder: Path) -> dict[str, Path]:
    first: list[Event] = [check(3), check(1), known(1), NoticeEvent("info", None, "same")]
    second: list[Event] = [
        check(2, Outcome.FAIL, "selfhosted"),
        known(2, ("selfhosted",)),
        NoticeEvent("info", None, "same"),
    ]
    return {
        "gw0": write(folder / "gw0.jsonl", first, header("gw0")),
        "gw1": write(folder / "gw1.jsonl", second, header("gw1")),
    }


def merge(folder: Path, made: dict[str, Path], name: str = "all.jsonl") -> Evidence:
    merge_evidence(made, folder / name, header(), exit_status=1)
    return read_evidence(folder / name)


def test_merging_keeps_everything_once_and_in_order(tmp_path: Path) -> None:
    whole = merge(tmp_path, parts(tmp_path))

    assert [each.nodeid[-17:] for each in whole.checks] == [
        "test_001[hosted]".rjust(17, ":"),
        "test_002[selfhosted]"[-17:],
        "test_003[hosted]".rjust(17, ":"),
    ]
    assert whole.known_differences == (known(3, TARGETS),)
    assert whole.notices == (NoticeEvent("info", None, "same"),)
    assert whole.header.worker == "main"
    assert (whole.footer.interrupted, whole.footer.exit_status) == (False, 1)


def test_the_order_of_the_workers_does_not_show(tmp_path: Path) -> None:
    made = parts(tmp_path)
    merge(tmp_path, made, "a.jsonl")
    merge(tmp_path, dict(reversed(made.items())), "b.jsonl")

    first, second = (list(lines(tmp_path / name))[:-1] for name in ("a.jsonl", "b.jsonl"))

    assert first == second


def test_one_interrupted_worker_interrupts_the_run(tmp_path: Path) -> None:
    made = parts(tmp_path)
    with EvidenceWriter(tmp_path / "gw2.jsonl", header("gw2")) as writer:
        writer.close(interrupted=True)

    assert merge(tmp_path, {**made, "gw2": tmp_path / "gw2.jsonl"}).footer.interrupted


def test_a_missing_worker_is_named(tmp_path: Path) -> None:
    made = parts(tmp_path)
    made["gw1"].unlink()

    with pytest.raises(TruncatedEvidence, match="worker gw1: cannot read"):
        merge(tmp_path, made)
    assert not (tmp_path / "all.jsonl").exists()


def test_a_short_worker_is_named(tmp_path: Path) -> None:
    made = parts(tmp_path)
    made["gw0"].write_bytes(made["gw0"].read_bytes()[:-30])

    with pytest.raises(TruncatedEvidence, match=r"worker gw0: .*truncated"):
        merge(tmp_path, made)


def test_a_broken_worker_is_named(tmp_path: Path) -> None:
    made = parts(tmp_path)
    made["gw0"].write_bytes(made["gw0"].read_bytes().replace(b'"must"', b'"most"', 1))

    with pytest.raises(BadEvidence, match=r"worker gw0: .*line 2"):
        merge(tmp_path, made)


@pytest.mark.parametrize("head", [header("gw1", "yesterday"), header("gw7")])
def test_a_part_of_another_run_or_worker_is_refused(tmp_path: Path, head: Header) -> None:
    made = parts(tmp_path)
    made["gw1"].unlink()
    write(made["gw1"], [check()], head)

    with pytest.raises(BadEvidence, match=r"worker gw1: .*not of run 'run-1'"):
        merge(tmp_path, made)
