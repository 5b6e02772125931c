"""The data: every setting is complete and has a probe."""

from __future__ import annotations

import re

import pytest

from parity.jobs.settings.catalogue import catalogue
from parity.jobs.settings.probes import PROBES

GUIDE = {
    "REVOCABLE-SESSIONS",
    "SESSION-EXPIRY",
    "REVOKE-ON-PASSWORD-CHANGE",
    "NEW-METHODS",
    "USERNAME-SIGN-UP",
    "ANONYMOUS-USERS",
    "FACEBOOK-LOGIN",
    "FACEBOOK-APP",
    "CLIENT-CLASSES",
}


def test_every_setting_has_a_probe_and_every_probe_a_setting() -> None:
    assert list(catalogue()) == list(PROBES)


def test_every_row_of_the_guides_list_is_there() -> None:
    assert {name for name, each in catalogue().items() if each.guide} >= GUIDE


def test_keys_and_codes_are_unique() -> None:
    settings = list(catalogue().values())
    assert len({setting.key for setting in settings}) == len(settings)
    assert len({setting.code for setting in settings}) == len(settings)


@pytest.mark.parametrize("name", catalogue())
def test_a_setting_says_what_it_is_and_how_that_is_known(name: str) -> None:
    setting = catalogue()[name]
    assert re.fullmatch(r"[A-Z]+(-[A-Z]+)*", name)
    assert setting.title.endswith(".")
    assert setting.option
    assert setting.since
    assert setting.source
    assert (setting.hosted is not None) == bool(setting.hosted_source)
    assert setting.kind != "switch" or (setting.yes and setting.no)
    for side in (setting.more, setting.less):
        assert side.severity in ("breaking", "security", "benign")
        assert side.effect.endswith(".")
        assert side.remedy.endswith(".")
    if setting.open_door:
        assert setting.more.severity == "security"


def test_probes_that_do_not_write_are_named() -> None:
    assert {name for name, each in PROBES.items() if not each.writes} == {
        "REVOCABLE-SESSIONS",
        "ERROR-DETAILS",
    }


def test_times_are_told_in_words() -> None:
    length = catalogue()["SESSION-LENGTH"]
    assert [length.words(each) for each in (365, 1.5, 1 / 24)] == [
        "365 days",
        "36 hours",
        "1 hours",
    ]
