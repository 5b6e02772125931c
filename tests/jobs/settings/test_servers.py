"""Every setting is found out on real servers, right ones and wrong ones, old and new."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from parity.jobs.settings.catalogue import catalogue
from parity.jobs.settings.hosted import HostedSettings
from parity.jobs.settings.judge import judge
from parity.jobs.settings.probes import PROBES, Probe
from parity.jobs.settings.probing import NotSeen, Probing, Seen
from parity.jobs.settings.survey import NotFound, Result, survey
from parity.model import Outcome, Writes
from parity.targets import Namespace, ParseClient
from parity.targets.sweep import Sweeper, sweep_classes
from tests.jobs.settings.servers import APP, Servers

FAILS = {
    "right": set[str](),
    "wrong": {
        "SESSION-EXPIRY",
        "REVOKE-ON-PASSWORD-CHANGE",
        "NEW-METHODS",
        "ANONYMOUS-USERS",
        "FACEBOOK-LOGIN",
        "CLIENT-CLASSES",
        "PUBLIC-FILE-UPLOAD",
        "USER-FILE-UPLOAD",
        "PUBLIC-USERS",
        "PUBLIC-EMAILS",
        "PASSWORD-RESET",
        "LOCKOUT",
        "WEAK-PASSWORDS",
        "CUSTOM-OBJECT-IDS",
        "ERROR-DETAILS",
    },
    "strict": {
        "SESSION-LENGTH",
        "FACEBOOK-LOGIN",
        "FACEBOOK-APP",
        "PUBLIC-FILE-UPLOAD",
        "HTML-FILE-UPLOAD",
        "PUBLIC-USERS",
        "PUBLIC-EMAILS",
        "RESET-UNKNOWN-EMAIL",
        "EMAIL-VERIFICATION",
        "UNVERIFIED-LOGIN",
        "WEAK-PASSWORDS",
        "ERROR-DETAILS",
    },
    # 2.8.4 tries every method that comes with it, and always hides addresses.
    "old": {"NEW-METHODS", "PUBLIC-EMAILS"},
    "old-wrong": {
        "SESSION-EXPIRY",
        "REVOKE-ON-PASSWORD-CHANGE",
        "NEW-METHODS",
        "ANONYMOUS-USERS",
        "FACEBOOK-LOGIN",
        "FACEBOOK-APP",
        "CLIENT-CLASSES",
        "PUBLIC-EMAILS",
        "PASSWORD-RESET",
        "LOCKOUT",
        "WEAK-PASSWORDS",
    },
}
NOT_SEEN = {
    "right": set[str](),
    "wrong": {
        "SESSION-LENGTH",
        "FACEBOOK-APP",
        "ANONYMOUS-FILE-UPLOAD",
        "HTML-FILE-UPLOAD",
        "RESET-UNKNOWN-EMAIL",
    },
    "strict": {"ANONYMOUS-FILE-UPLOAD"},
    "old": {"FACEBOOK-APP"},
    "old-wrong": {"SESSION-LENGTH", "ANONYMOUS-FILE-UPLOAD", "RESET-UNKNOWN-EMAIL"},
}


def names(servers: Servers, server: str, outcome: Outcome) -> set[str]:
    return {name for name, each in servers.judged(server).items() if each.outcome is outcome}


@pytest.mark.parametrize("server", FAILS)
def test_what_is_planted_wrong_fails_under_its_name_and_nothing_else_does(
    servers: Servers, server: str
) -> None:
    assert names(servers, server, Outcome.FAIL) == FAILS[server]
    assert names(servers, server, Outcome.UNSUPPORTED) == NOT_SEEN[server]
    judged = names(servers, server, Outcome.PASS) | FAILS[server] | NOT_SEEN[server]
    assert judged == set(catalogue())


@pytest.mark.parametrize("server", FAILS)
def test_nothing_is_left_behind(servers: Servers, server: str) -> None:
    servers.results(server)
    assert servers.rows(server) == {}


def test_every_setting_is_planted_wrong_somewhere() -> None:
    # The sign-up and legacy tokens have tests of their own below; anonymous uploads as well.
    apart = {"USERNAME-SIGN-UP", "REVOCABLE-SESSIONS", "ANONYMOUS-FILE-UPLOAD"}
    assert set.union(*FAILS.values()) | apart == set(catalogue())


def test_numbers_are_what_was_configured(servers: Servers) -> None:
    assert servers.judged("wrong")["LOCKOUT"].server == 3
    assert servers.judged("old-wrong")["LOCKOUT"].server == 3
    length = servers.judged("strict")["SESSION-LENGTH"]
    assert length.server == pytest.approx(1 / 24, 0.01)
    assert "1 hours" in length.said


@pytest.mark.parametrize("name", catalogue())
def test_one_other_hosted_value_fails_one_setting(servers: Servers, name: str) -> None:
    setting = catalogue()[name]
    value = APP.values[setting.key]
    assert value is not None
    other = {"switch": not value, "days": value / 2, "attempts": value + 5}[setting.kind]
    hosted = HostedSettings(values={**APP.values, setting.key: other})
    judged = servers.judged("right", hosted)
    assert [each for each, one in judged.items() if one.outcome is Outcome.FAIL] == [name]
    assert judged[name].side in (setting.more, setting.less)


@contextmanager
def probing(servers: Servers, server: str) -> Iterator[Probing]:
    """Ask a server, and remove what was made there: tests run in any order."""
    target, namespace = servers.target(server), Namespace("tests0")
    sweeper = Sweeper(target)
    client = ParseClient(target, observer=sweeper.observe)
    try:
        yield Probing(client, namespace, version=target.version)
    finally:
        client.close()
        assert sweeper.sweep() + sweep_classes(target, namespace) == []


@pytest.mark.parametrize("server", ["right", "old"])
def test_a_closed_sign_up_fails_under_its_name(servers: Servers, server: str) -> None:
    with probing(servers, server) as p:
        before = p.master.get("schemas/_User")["classLevelPermissions"]
        closed = {**before, "create": {}}
        p.master.put("schemas/_User", {"className": "_User", "classLevelPermissions": closed})
        try:
            result: Result = PROBES["USERNAME-SIGN-UP"].ask(p)
        finally:
            p.master.put("schemas/_User", {"className": "_User", "classLevelPermissions": before})
    judged = judge(catalogue()["USERNAME-SIGN-UP"], APP, result)
    assert (judged.outcome, judged.server) == (Outcome.FAIL, False)
    assert "119" in judged.said


def test_uploads_of_anonymous_users_are_told_from_those_of_nobody(servers: Servers) -> None:
    with probing(servers, "strict") as p:
        user = p.sign_up("anonymous")
        p.__dict__["anonymous"] = replace(
            user.reply, json={**user.reply.json, "sessionToken": p.log_in(user)}
        )
        # What a session of an anonymous user may do on a server that gives them none.
        assert PROBES["ANONYMOUS-FILE-UPLOAD"].ask(p) == Seen(
            True, "an upload by an anonymous user is accepted"
        )
    assert servers.rows("strict") == {}


def test_without_leave_no_sign_up_has_an_address_where_an_email_could_be_sent(
    servers: Servers,
) -> None:
    mails = servers.mails_of("strict")
    with probing(servers, "strict") as p:
        for name in ("PUBLIC-EMAILS", "EMAIL-VERIFICATION", "UNVERIFIED-LOGIN"):
            with pytest.raises(NotSeen, match="--allow-mail"):
                PROBES[name].ask(p)
    assert servers.mails_of("strict") == mails


def test_with_leave_an_email_goes_to_an_address_that_cannot_exist(servers: Servers) -> None:
    servers.results("strict")
    mails = servers.mails_of("strict")
    assert len(mails) == 1
    assert mails[0].endswith("@example.invalid")


def test_where_writes_are_forbidden_only_what_reads_is_judged(servers: Servers) -> None:
    target = replace(servers.target("wrong"), writes=Writes.FORBIDDEN)
    found = dict(survey(target, APP, [], version=target.version))
    seen = {name for name, each in found.items() if isinstance(each, Seen)}
    assert seen == {name for name, each in PROBES.items() if not each.writes}
    assert {each.reason for each in found.values() if isinstance(each, NotFound)} == {
        'writes to wrong are forbidden; set writes = "namespaced"'
    }
    assert servers.rows("wrong") == {}


def test_without_the_master_key_nothing_is_written(servers: Servers) -> None:
    target = servers.target("right")
    target = replace(target, keys=replace(target.keys, master_key=None))
    found = dict(survey(target, APP, [], version=target.version))
    unseen = [each for each in found.values() if isinstance(each, NotFound)]
    assert len(unseen) == sum(probe.writes for probe in PROBES.values())
    assert all("no master_key" in each.reason for each in unseen)


def test_ctrl_c_removes_what_was_made(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(p: Probing) -> Seen:
        assert p.alice.id
        assert servers.rows("right").keys() >= {"_User", "_Session", "fs.files", "classes"}
        raise KeyboardInterrupt

    kept = {name: PROBES[name] for name in ("CLIENT-CLASSES", "PUBLIC-FILE-UPLOAD")}
    # Its own dictionary: taken out and put back, the probes of the other tests change their order.
    monkeypatch.setitem(survey.__globals__, "PROBES", {**kept, "LOCKOUT": Probe(interrupted)})
    target = servers.target("right")
    with pytest.raises(KeyboardInterrupt):
        list(survey(target, APP, [], version=target.version))
    assert servers.rows("right") == {}
