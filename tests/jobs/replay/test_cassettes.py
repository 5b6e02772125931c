"""The recorded traffic of 2016 and 2017 against the embedded servers: nothing unexplained."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from parity.compare import load_register
from parity.jobs.replay.engine import Options
from parity.jobs.replay.evidence import Subject
from parity.jobs.replay.judgement import Class
from parity.jobs.replay.run import Examples, replay
from parity.jobs.replay.source import open_source
from parity.jobs.replay.survey import survey
from parity.jobs.replay.tally import Tally
from parity.model import Target
from parity.paths import shipped
from parity.stack import hosted_member, selfhosted_member, start_stack, stop_stack
from parity.wire import Redactor

RECORDINGS = Path(
    os.environ.get("PARITY_RECORDINGS") or Path(__file__).parents[4] / "shared" / "recordings"
)
REDACTOR = Redactor({}, b"0123456789abcdef")
EXCHANGES = {"hosted-2016": 78, "selfhosted-2017": 85}

pytestmark = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="the recorded traffic is not here (PARITY_RECORDINGS)"
)


@pytest.fixture(scope="module")
def targets() -> Iterator[dict[str, Target]]:
    members = {"2016 on 9": selfhosted_member(), "2016 on 2": hosted_member()}
    stack = start_stack(list(members.values()))
    yield dict(zip(members, stack.targets, strict=True))
    stop_stack(stack)


def replayed(folder: str, target: Target, tmp_path: Path) -> Tally:
    source = open_source(RECORDINGS / folder, tmp_path, REDACTOR, allow_truncated=False)
    register = load_register([shipped("scenarios/known-differences")])
    done = replay(
        source,
        target,
        survey=survey(source.lines(), source.mount),
        register=register.applying(target.style, target.version),
        options=Options(),
        journal=tmp_path / "journal.jsonl",
        inputs={},
        folder=tmp_path,
        examples=Examples(Subject(folder, target.name), source.origin, REDACTOR),
        watch=lambda _: None,
    )
    return done.progress.tally


@pytest.mark.parametrize("server", ["2016 on 9", "2016 on 2"])
def test_every_hosted_exchange_is_explained(
    server: str, targets: dict[str, Target], tmp_path: Path
) -> None:
    assert_explained(replayed("hosted-2016", targets[server], tmp_path), EXCHANGES["hosted-2016"])


def test_every_exchange_of_2017_is_explained(tmp_path: Path) -> None:
    # A server of its own: both apps use one device token, and the hosted one was there first.
    stack = start_stack([selfhosted_member()])
    try:
        tally = replayed("selfhosted-2017", stack.targets[0], tmp_path)
    finally:
        stop_stack(stack)
    assert_explained(tally, EXCHANGES["selfhosted-2017"])


def assert_explained(tally: Tally, exchanges: int) -> None:
    unexplained = [
        (name, cluster.examples, str(cluster.difference))
        for name, of in tally.signatures.items()
        for cluster in of.clusters.values()
    ]
    assert unexplained == []
    assert tally.total == exchanges
    assert set(tally.outcomes) <= {Class.EQUAL, Class.KNOWN, Class.PRIOR_STATE, Class.UNSUPPORTED}
    # Most of it is judged by its body: explaining everything away would be no explanation.
    assert tally.outcomes[Class.EQUAL] > exchanges / 2
