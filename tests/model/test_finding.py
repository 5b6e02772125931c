"""A catalogue says everything that is wrong with it, by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.model.finding import read_catalogue


def test_a_catalogue_says_everything_that_is_wrong_with_it(tmp_path: Path) -> None:
    (tmp_path / "codes.toml").write_text(
        '[A-1]\nseverity = "bad"\n[A-2]\nseverity = "benign"\nremdy = "x"\nfails = "no"\n[A-3]\n'
    )

    with pytest.raises(ValueError, match=r"codes\.toml") as error:
        read_catalogue(str(tmp_path / "job.py"))

    assert str(error.value).split(": ", 1)[1].split("\n") == [
        "line 2: A-1.severity: expected one of breaking, benign, security, got 'bad'",
        "line 5: A-2: unknown field 'remdy', did you mean 'remedy'?",
        "line 6: A-2.fails: expected bool, got 'no'",
        "line 7: A-3: field 'severity' is missing",
    ]
