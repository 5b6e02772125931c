"""What the Parse JavaScript SDK really sends, recorded and replayed against the same version."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.capture.recording import open_recording
from parity.compare import Register
from parity.jobs.replay.engine import Options
from parity.jobs.replay.evidence import Subject
from parity.jobs.replay.judgement import Class
from parity.jobs.replay.run import Examples, replay
from parity.jobs.replay.source import open_source
from parity.jobs.replay.survey import survey
from parity.jobs.replay.tally import Tally
from parity.model import Target
from parity.wire import Redactor
from tests.sdk.install import NEW, OLD
from tests.sdk.record import record_sdk, sdk_server

REDACTOR = Redactor({}, b"0123456789abcdef")


def replay_fresh(recording: Path, folder: Path, lanes: int) -> Tally:
    """Replay against an empty server of the version that was recorded."""
    with sdk_server() as target:
        return replay_on(target, recording, folder, lanes)


def replay_on(target: Target, recording: Path, folder: Path, lanes: int) -> Tally:
    source = open_source(recording, folder, REDACTOR, allow_truncated=False)
    done = replay(
        source,
        target,
        survey=survey(source.lines(), source.mount),
        register=Register({}),
        options=Options(lanes=lanes),
        journal=folder / f"journal-{target.app_id.value}.jsonl",
        inputs={},
        folder=folder,
        examples=Examples(Subject(recording.name, target.name), source.origin, REDACTOR),
        watch=lambda _: None,
    )
    return done.progress.tally


@pytest.mark.parametrize(
    ("sdk", "replays"),
    [
        (OLD, (16,)),
        # tests/faults/test_replay_catches_faults.py replays a shorter one with 1 and with 16 lanes.
        pytest.param(NEW, (1, 16, 16), marks=pytest.mark.slow),
    ],
)
def test_sdk_traffic_replays_without_a_difference_with_one_lane_and_with_many(
    sdk: str, replays: tuple[int, ...], tmp_path: Path
) -> None:
    recording = tmp_path / "sdk.jsonl"
    with sdk_server() as target:
        record_sdk(target, recording, sdk)
    with open_recording(recording) as reader:
        assert reader.footer is not None
        recorded = reader.footer.exchanges
    assert recorded >= 300

    for lanes in replays:
        tally = replay_fresh(recording, tmp_path, lanes)

        found = [
            (name, str(cluster.difference))
            for name, of in tally.signatures.items()
            for cluster in of.clusters.values()
        ]
        assert found == []
        assert tally.outcomes == {Class.EQUAL: recorded}
