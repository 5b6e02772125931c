"""Each rule of each gate alone fails it; each cause of a lapse is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from parity.gate import GateFile, Word, load_gate
from parity.model import Outcome
from parity.model.evidence import NoticeEvent, TableEvent
from tests.gate.world import (
    DEPLOYMENT,
    FOR_8,
    MINE,
    Spec,
    World,
    check,
    collections,
    entry,
    exchanges,
    reasons,
    shares,
    states,
    world,
)

Break = Callable[[World], None]


def _fail(spec: str, name: str) -> Break:
    return lambda w: w.specs[spec].change(name, outcome=Outcome.FAIL)


def _drop(spec: str, name: str) -> Break:
    return lambda w: w.specs[spec].drop(name)


def _untested(spec: str, name: str) -> Break:
    return lambda w: w.specs[spec].change(name, outcome=Outcome.UNSUPPORTED)


def _error(spec: str, name: str) -> Break:
    return lambda w: w.specs[spec].change(name, outcome=Outcome.ERROR)


def _gone(spec: str) -> Break:
    def do(w: World) -> None:
        del w.specs[spec]

    return do


def _arguments(spec: str, *arguments: str) -> Break:
    def do(w: World) -> None:
        w.specs[spec].arguments = arguments

    return do


def _interrupted(spec: str) -> Break:
    def do(w: World) -> None:
        w.specs[spec].interrupted = True

    return do


def _says(spec: str, message: str) -> Break:
    return lambda w: w.specs[spec].events.append(NoticeEvent("error", None, message))


def _table(spec: str, table: TableEvent) -> Break:
    return lambda w: w.specs[spec].put_table(table)


def _known(spec: str, name: str, severity: str, test: str) -> Break:
    def do(w: World) -> None:
        known = check(test, area="objects", outcome=Outcome.KNOWN_DIFFERENCE, known=name)
        w.specs[spec].drop(test)
        w.specs[spec].events += [known, entry(name, severity)]  # type: ignore[arg-type]

    return do


ONE = "suites/objects/test_it.py::test_0"
NOT_VERIFIED = TableEvent("not-verified", "Not verified", ("what",), (("_User._auth",),))
# What goes wrong, the rules that notice, and what they say of it.
BROKEN: list[tuple[str, Break, dict[str, str], str]] = [
    ("a check fails", _fail("suites", ONE), {"suites": "failed"}, ONE),
    ("a check errs", _error("suites", ONE), {"suites": "could-not-judge"}, "error"),
    ("a check is unsupported", _untested("suites", ONE), {"suites": "missing"}, ONE),
    ("a check is gone", _drop("suites", ONE), {"suites": "missing"}, "1 of at least 2"),
    ("a part of the suites", _arguments("suites", "-kuser"), {"suites": "missing"}, "-kuser"),
    ("interrupted", _interrupted("suites"), {"suites": "could-not-judge"}, "interrupted"),
    ("a team's area fails",
     lambda w: w.specs["suites"].events.append(check("x", area="team", outcome=Outcome.FAIL)),
     {"suites": "failed"}, "other areas"),
    ("a document is lost", _fail("verify", "verify/Post"), {"verify": "failed"}, "verify/Post"),
    ("a collection was not judged", _error("verify", "verify/Post"),
     {"verify": "could-not-judge"}, "error"),
    ("a collection was excluded", _untested("verify", "verify/Post"), {"verify": "missing"},
     "verify/Post"),
    ("a collection has no check",
     _table("verify", collections(*((n, "verified") for n in ("_User", "_SCHEMA", "Post", "New")))),
     {"verify": "missing"}, "did not check New"),
    ("no table of collections", _drop("verify", "collections"), {"verify": "missing"}, "no table"),
    ("no users", _drop("verify", "verify/_User"), {"verify": "missing"}, "verify/_User"),
    ("only a class", _arguments("verify", "--class=Post"), {"verify": "missing"}, "--class=Post"),
    ("something cannot be seen", _table("verify", NOT_VERIFIED), {"verify": "missing"}, "_auth"),
    ("a harness problem", _says("verify", "Disk full."), {"verify": "could-not-judge"}, "Disk"),
    ("dangling pointers", _fail("audit", "audit/AUD-POINTER-MISSING"), {"audit": "failed"},
     "AUD-POINTER-MISSING"),
    ("an audit of little", _drop("audit", "audit/AUD-ID-TYPE"), {"audit": "missing"}, "2 of"),
    ("an audit saw nothing", _untested("audit", "audit/AUD-ID-TYPE"), {"audit": "missing"},
     "AUD-ID-TYPE"),
    ("files were not asked for", _untested("audit", "audit/AUD-FILE-UNREACHABLE"),
     {"files": "missing"}, "FILE-UNREACHABLE"),
    ("a file is gone", _fail("audit", "audit/AUD-FILE-UNREACHABLE"),
     {"audit": "failed", "files": "failed"}, "FILE-UNREACHABLE"),
    ("a file comes back damaged", _fail("files", "files/read-back"),
     {"file-store": "failed"}, "files/read-back"),
    ("no store was named", _untested("files", "files/store"), {"file-store": "missing"},
     "files/store"),
    ("nobody deleted", _drop("files", "files/delete"), {"file-store": "missing"},
     "4 of at least 5"),
    ("files could not be fetched", _error("files", "files/gone"),
     {"file-store": "could-not-judge"}, "error"),
    ("a setting is another one", _fail("settings", "settings/LOCKOUT"),
     {"settings": "failed"}, "settings/LOCKOUT"),
    ("nobody knows what the hosted app had", _untested("settings", "settings/ANONYMOUS-USERS"),
     {"settings": "missing"}, "settings/ANONYMOUS-USERS"),
    ("a setting is not known that has no id", _untested("settings", "settings/LOCKOUT"),
     {"settings": "missing"}, "settings/LOCKOUT"),
    ("a setting was not asked", _drop("settings", "settings/PUBLIC-USERS"),
     {"settings": "missing"}, "settings/PUBLIC-USERS"),
    ("a probe ended in an error", _error("settings", "settings/LOCKOUT"),
     {"settings": "could-not-judge"}, "settings/LOCKOUT"),
    ("an accepted setting breaks the app",
     _known("settings", "SET-PUBLIC-USERS", "breaking", "settings/PUBLIC-USERS"),
     {"known-differences": "failed"}, "SET-PUBLIC-USERS"),
    ("no room", _fail("preflight", "preflight/PRE-ROOM"), {"preflight": "failed"}, "PRE-ROOM"),
    ("room was not asked", _drop("preflight", "preflight/PRE-ROOM"), {"preflight": "missing"},
     "PRE-ROOM"),
    ("traffic differs", lambda w: _differ(w.specs["replay"]), {"replay": "failed"}, "POST /login"),
    ("traffic errs", _error("replay", "replay/POST /login"), {"replay": "could-not-judge"}, "err"),
    ("little traffic", _table("replay", exchanges(("equal", 20), ("different", 0))),
     {"replay": "missing"}, "no numbers"),
    ("too few requests", lambda w: w.override("8", "replay", least_requests=5000),
     {"replay": "missing"}, "120 of at least 5,000"),
    ("half was judged", _table("replay", exchanges(("equal", 120), ("unsupported", 120))),
     {"replay": "missing"}, "120 of 240 requests"),
    ("a signature was not judged", _untested("replay", "replay/POST /login"),
     {"replay": "missing"}, "2 of 3 signatures"),
    ("a client differs", _table("replay", shares(clients=6)), {"replay": "failed"},
     "6 of 7 clients"),
    ("a request differs", _table("replay", shares(same=119)), {"replay": "failed"}, "119 of 120"),
    ("numbers of another run", _table("replay", shares(signatures=(4, 4))),
     {"replay": "could-not-judge"}, "not those of its checks"),
    ("no numbers", _drop("replay", "verdict"), {"replay": "missing"}, "no numbers"),
    ("no numbers of requests", _drop("replay", "exchanges"), {"replay": "missing"}, "no numbers"),
    ("only one signature", _arguments("replay", "--only", "x"), {"replay": "missing"}, "--only"),
    ("a hosted module", _fail("scan", "scan/SCAN-MODULE"), {"scan-cloud": "failed"}, "MODULE"),
    ("an old SDK", _fail("scan", "scan/SCAN-SDK-OLD"), {"scan-clients": "failed"}, "SCAN-SDK-OLD"),
    ("clients were not scanned", _drop("scan", "scan/SCAN-SDK-OLD"), {"scan-clients": "missing"},
     "clients"),
    ("an old client is in use", _fail("scan", "scan/SCAN-TRAFFIC-OLD"),
     {"scan-traffic": "failed"}, "SCAN-TRAFFIC-OLD"),
    ("no cloud code was given", _untested("scan", "scan/SCAN-MODULE"), {"scan-cloud": "missing"},
     "0 of at least 1"),
    ("no recording was given", _untested("scan", "scan/SCAN-TRAFFIC-OLD"),
     {"scan-traffic": "missing"}, "0 of at least 1"),
    ("too small", _fail("size", "size/knee"), {"sizing": "failed"}, "size/knee"),
    ("the cache was not visible", _untested("size", "size/cache"), {"sizing": "missing"},
     "size/cache"),
    ("no generator was looked at", _drop("size", "size/generator"), {"sizing": "missing"},
     "size/generator"),
    ("a query has no index", _fail("indexes", "indexes/GET /classes/Post where(author)"),
     {"indexes": "failed"}, "where(author)"),
    ("no query was judged", _untested("indexes", "indexes/GET /classes/Post where(author)"),
     {"indexes": "missing"}, "judged nothing"),
    ("breaking", _known("suites", "KD-9", "breaking", ONE), {"known-differences": "failed"},
     "1 breaking known difference is not allowed: KD-9"),
    ("security", _known("suites", "KD-9", "security", ONE), {"known-differences": "failed"},
     "security"),
    ("not registered",
     lambda w: w.specs["suites"].change(
         ONE, differences=check("x", known="KD-9").differences, outcome=Outcome.KNOWN_DIFFERENCE),
     {"known-differences": "failed"}, "unregistered"),
    ("breaking in traffic", _known("replay", "KD-9", "breaking", "replay/POST /login"),
     {"known-differences": "failed"}, "KD-9"),
]  # fmt: skip
BROKEN += [
    (f"no {spec}", _gone(spec), dict.fromkeys(MINE[spec], "missing"), "no run of") for spec in FOR_8
]
BROKEN_11: list[tuple[str, Break, dict[str, str], str]] = [
    (f"deployment/{name}", _fail("deployment", f"deployment/{name}"), {"deployment": "failed"},
     f"deployment/{name}")
    for name in DEPLOYMENT
]  # fmt: skip
BROKEN_11 += [
    (f"no deployment/{name}", _drop("deployment", f"deployment/{name}"),
     {"deployment": "missing"}, f"deployment/{name}")
    for name in DEPLOYMENT
]  # fmt: skip
BROKEN_11 += [
    ("deployment/tls untested", _untested("deployment", "deployment/tls"),
     {"deployment": "missing"}, "deployment/tls"),
    ("no deployment", _gone("deployment"), {"deployment": "missing"}, "no run of job deployment"),
    ("no smoke", _gone("smoke-deployed"), {"smoke-deployed": "missing"}, "no run of area smoke"),
    ("smoke fails", _fail("smoke-deployed", "suites/smoke/test_it.py::test_0"),
     {"smoke-deployed": "failed"}, "test_0"),
    ("gate 8 never ran", lambda w: (w.reports / "gate-8.json").unlink(), {"gate-8": "missing"},
     "no result"),
    ("the result is broken", lambda w: _put(w, "{"), {"gate-8": "could-not-judge"}, "not JSON"),
    ("another's result", lambda w: _put(w, '{"format": "x"}'), {"gate-8": "could-not-judge"},
     "no result of gate 8"),
    ("gate 8 failed", lambda w: _verdict_of_8(w, "fail"), {"gate-8": "failed"}, "said fail"),
    ("gate 8 could not judge", lambda w: _verdict_of_8(w, "could-not-judge"),
     {"gate-8": "could-not-judge"}, "said could-not-judge"),
]  # fmt: skip


def _differ(spec: Spec) -> None:
    spec.change("replay/POST /login", outcome=Outcome.FAIL)
    spec.put_table(shares(same=100, signatures=(2, 3), clients=5))


def _put(w: World, text: str) -> None:
    (w.reports / "gate-8.json").write_text(text)


def _verdict_of_8(w: World, word: str) -> None:
    path = w.reports / "gate-8.json"
    path.write_text(
        path.read_text().replace(
            '"verdict": "pass", "sentence"', f'"verdict": "{word}", "sentence"'
        )
    )


@pytest.mark.parametrize("number", ["8", "11"])
def test_a_gate_passes_when_everything_holds(number: str, tmp_path: Path) -> None:
    result = world(tmp_path, number).judge()
    assert (result.word, states(result)) == (Word.PASS, {})
    assert all(rule.proofs for rule in result.rules if rule.rule.kind not in ("known", "gate"))


@pytest.mark.parametrize("number", ["8", "11"])
@pytest.mark.parametrize(
    ("do", "wanted", "text"), [each[1:] for each in BROKEN], ids=[each[0] for each in BROKEN]
)
def test_what_goes_wrong_is_noticed_by_its_rule_alone(
    number: str, do: Break, wanted: dict[str, str], text: str, tmp_path: Path
) -> None:
    w = world(tmp_path, number)
    do(w)
    result = w.judge()
    assert states(result) == wanted
    assert all(text in reasons(result, rule) for rule in wanted)
    could_not = set(wanted.values()) == {"could-not-judge"}
    assert result.word is (Word.COULD_NOT_JUDGE if could_not else Word.FAIL)
    assert all(rule in result.sentence for rule in wanted)


@pytest.mark.parametrize(
    ("do", "wanted", "text"), [each[1:] for each in BROKEN_11], ids=[each[0] for each in BROKEN_11]
)
def test_gate_11_notices_what_is_wrong_with_the_deployed_server(
    do: Break, wanted: dict[str, str], text: str, tmp_path: Path
) -> None:
    w = world(tmp_path, "11")
    do(w)
    result = w.judge()
    assert states(result) == wanted
    assert all(text in reasons(result, rule) for rule in wanted)
    assert result.word is not Word.PASS


def test_every_rule_of_the_gates_has_a_test_in_which_it_alone_does_not_hold() -> None:
    alone = {rule for _, _, wanted, _ in BROKEN + BROKEN_11 if len(wanted) == 1 for rule in wanted}
    # Audit and its files are one run: what the files' rule says fails the audit as well.
    assert alone == {each.id for each in load_gate("11", GateFile()).rules}
