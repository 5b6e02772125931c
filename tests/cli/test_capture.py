"""``parity capture`` as a user runs it: how it ends, and what it writes."""

from __future__ import annotations

import base64
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
import zstandard
from click.testing import CliRunner

from parity.capture.recording import TruncatedRecording, open_recording
from parity.cli.capture import capture
from parity.model import UserError
from tests.capture.run_capture import Capture, capturing
from tests.capture.upstreams import Conversation, Upstream, ok
from tests.deadlines import killed_after

SUFFIXES = [".jsonl", ".jsonl.zst"]


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream(ok) as server:
        yield server


def post(running: Capture, number: int = 0) -> None:
    reply = requests.post(f"{running.url}/classes/A", json={"number": number}, timeout=60)
    assert reply.status_code == 200


@pytest.mark.parametrize(
    ("number", "suffix"),
    [(signal.SIGINT, ".jsonl"), (signal.SIGTERM, ".jsonl.zst"), (signal.SIGHUP, ".jsonl")],
)
def test_a_signal_ends_it_with_a_whole_recording(
    upstream: Upstream, tmp_path: Path, number: signal.Signals, suffix: str
) -> None:
    out = tmp_path / f"app{suffix}"
    with capturing(
        "--upstream", upstream.url, "--out", str(out), "--json", cwd=tmp_path
    ) as running:
        for each in range(5):
            post(running, each)
        printed, said = running.end(number)
        assert running.process.returncode == 0, said
    facts = json.loads(printed)
    assert facts["whole"] is True
    assert facts["counts"]["kept"] == 5
    assert said.endswith(f"parity: 5 exchanges in {out}\n")
    with open_recording(out) as recording:
        assert recording.footer is not None
        assert recording.footer.counts == facts["counts"]
        bodies = [json.loads(exchange.request.body) for exchange in recording]
    assert bodies == [{"number": each} for each in range(5)]


def test_a_second_ctrl_c_does_not_wait_for_what_is_in_flight(tmp_path: Path) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    def script(talk: Conversation) -> None:
        arrived.set()
        go_on.wait(60)

    out = tmp_path / "app.jsonl"
    with (
        Upstream(script) as upstream,
        capturing("--upstream", upstream.url, "--out", str(out), cwd=tmp_path) as running,
        ThreadPoolExecutor() as pool,
    ):
        pool.submit(requests.post, f"{running.url}/classes/A", json={}, timeout=60)
        assert arrived.wait(60)
        running.process.send_signal(signal.SIGINT)
        assert running.process.stderr is not None
        with killed_after(running.process):
            assert "a second Ctrl-C does not wait" in running.process.stderr.readline()
        running.process.send_signal(signal.SIGINT)
        running.wait()
        go_on.set()
        assert running.process.returncode == 0
    with open_recording(out) as recording:
        (exchange,) = recording
        assert exchange.notes == ("no response: the capture ended before it",)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_kill_9_loses_nothing_that_was_answered(
    upstream: Upstream, tmp_path: Path, suffix: str
) -> None:
    out = tmp_path / f"app{suffix}"
    with capturing("--upstream", upstream.url, "--out", str(out), cwd=tmp_path) as running:
        for each in range(20):
            post(running, each)
        running.end(signal.SIGKILL)
    with pytest.raises(TruncatedRecording) as caught:
        open_recording(out)
    assert caught.value.whole == 20
    with open_recording(out, allow_truncated=True) as recording:
        assert [json.loads(each.request.body)["number"] for each in recording] == list(range(20))


def test_a_full_disk_stops_the_recording_and_not_the_app(
    upstream: Upstream, tmp_path: Path
) -> None:
    out = tmp_path / "app.jsonl"
    with capturing("--upstream", upstream.url, "--out", str(out), cwd=tmp_path) as running:
        post(running)
        limit = out.stat().st_size + 3000
        resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (limit, limit))
        for each in range(20):
            post(running, each)
        _, said = running.end()
        assert running.process.returncode == 2
    assert "warning: nothing is recorded any more" in said
    assert "File too large" in said
    assert f"warning: the recording {out} is not whole" in said
    assert "Traceback" not in said
    with open_recording(out, allow_truncated=True) as recording:
        assert recording.truncated
        assert 1 <= len(list(recording)) < 21


def test_its_memory_stays_flat(tmp_path: Path) -> None:
    def script(talk: Conversation) -> None:
        talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n")
        for _ in range(100):
            talk.send(b"x" * 1048576)

    out = tmp_path / "app.jsonl"
    with (
        Upstream(script) as upstream,
        capturing("--upstream", upstream.url, "--out", str(out), cwd=tmp_path) as running,
    ):
        size = 0
        for chunk in requests.get(
            f"{running.url}/files/large", stream=True, timeout=60
        ).iter_content(1048576):
            size += len(chunk)
        assert size == 104857600
        status = Path(f"/proc/{running.process.pid}/status").read_text()
        peak_kb = int(status.partition("VmHWM:")[2].split()[0])
        assert peak_kb < 130_000
        running.end()
    with open_recording(out) as recording:
        assert next(iter(recording)).notes[0] == "truncated body"


PLANTED = {
    "master key": "planted-master-key-77aa",
    "token": "r:0123456789abcdef0123456789abcdef",
    "hosted token": "r:pLaNtEd0123456789AbCdEfGh",
    "password": "planted-pass-word-1",
    "e-mail": "planted.person@mail.example",
    "phone": "+4799988777",
    "device token": "0123456789abcdef" * 4,
    "auth": "planted-facebook-access-token",
}


def speak(url: str) -> None:
    """Send every planted secret in all the places where clients send them."""
    plants = PLANTED
    headers = {
        "X-Parse-Application-Id": "app",
        "X-Parse-Master-Key": plants["master key"],
        "X-Parse-Session-Token": plants["token"],
        "Authorization": "Basic "
        + base64.b64encode(f"app:{plants['master key']}".encode()).decode(),
    }
    user = {
        "username": "somebody",
        "password": plants["password"],
        "email": plants["e-mail"],
        "phone": plants["phone"],
        "authData": {"facebook": {"id": "1", "access_token": plants["auth"]}},
        "deviceToken": plants["device token"],
        "note": json.dumps({"sessionToken": plants["hosted token"]}),
    }
    requests.post(f"{url}/users", json=user, headers=headers, timeout=60)
    in_body = {**user, "_MasterKey": plants["master key"], "_SessionToken": plants["token"]}
    text = {"Content-Type": "text/plain"}
    requests.post(f"{url}/users", data=json.dumps(in_body), headers=text, timeout=60)
    batch = {"requests": [{"method": "POST", "path": "/parse/users", "body": user}]}
    requests.post(f"{url}/batch", json=batch, headers=headers, timeout=60)
    where = quote(json.dumps({"email": plants["e-mail"], "sessionToken": plants["token"]}))
    query = f"where={where}&password={quote(plants['password'])}"
    requests.get(f"{url}/login?{query}", headers=headers, timeout=60)
    # What is no HTTP is not quoted either.
    host, port = url.split("/")[2].split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(f"nonsense {plants['token']}\r\n\r\n".encode())
        connection.recv(1000)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_planted_secret_reaches_any_output(tmp_path: Path, suffix: str) -> None:
    def script(talk: Conversation) -> None:
        answer = {"sessionToken": PLANTED["hosted token"], "email": PLANTED["e-mail"]}
        talk.answer(json.dumps({**answer, "echo": talk.body.decode()}).encode())

    out = tmp_path / f"app{suffix}"
    with Upstream(script) as upstream:
        config = tmp_path / "parity.toml"
        config.write_text(
            f'[targets.hosted]\nstyle = "parse-server"\nurl = "{upstream.url}"\n'
            'app_id = "env:APP"\nmaster_key = "env:MASTER"\n'
        )
        environ = {**os.environ, "APP": "planted-app-id-31d2", "MASTER": PLANTED["master key"]}
        command = ("--upstream", "hosted", "--config", str(config), "--out", str(out))
        with capturing(*command, cwd=tmp_path, environ=environ) as running:
            speak(running.url)
            printed, said = running.end()
            assert running.process.returncode == 0, said
    assert len(upstream.seen) == 4
    raw = out.read_bytes()
    if suffix.endswith(".zst"):
        raw = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True).read()
    outputs = {"recording": raw.decode(), "stdout": printed, "stderr": said}
    for name, text in outputs.items():
        for kind, secret in PLANTED.items():
            for form in (secret, quote(secret), quote(secret, safe="")):
                assert form not in text, f"{kind} in {name}"
    assert "$MASTER" in outputs["recording"]
    with open_recording(out) as recording:
        assert recording.header.redacted
        assert len(list(recording)) == 4


def test_secrets_are_kept_only_when_asked_for_and_with_a_warning(tmp_path: Path) -> None:
    out = tmp_path / "app.jsonl"
    with (
        Upstream(ok) as upstream,
        capturing(
            "--upstream", upstream.url, "--out", str(out), "--keep-secrets", cwd=tmp_path
        ) as running,
    ):
        speak(running.url)
        _, said = running.end()
    assert "warning: the recording will hold keys, session tokens and personal data" in said
    assert PLANTED["token"] in out.read_text()
    with open_recording(out) as recording:
        assert not recording.header.redacted
    assert out.stat().st_mode & 0o077 == 0


def test_one_pseudonym_key_gives_the_same_stand_ins_in_two_recordings(
    upstream: Upstream, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_text("0123456789abcdef0123456789abcdef\n")
    bodies = []
    for name in ("one.jsonl", "two.jsonl"):
        out = tmp_path / name
        command = ("--upstream", upstream.url, "--out", str(out), "--pseudonym-key", f"file:{key}")
        with capturing(*command, cwd=tmp_path) as running:
            body = {
                "email": "a@b.example",
                "_InstallationId": "0" * 8 + "-0000-0000-0000-" + "1" * 12,
            }
            requests.post(f"{running.url}/users", json=body, timeout=60)
            running.end()
        with open_recording(out) as recording:
            (exchange,) = recording
            bodies.append((exchange.lane, exchange.request.body))
    assert bodies[0] == bodies[1]
    assert b"a@b.example" not in bodies[0][1]


def test_an_address_that_others_reach_needs_to_be_given_and_warns(
    upstream: Upstream, tmp_path: Path
) -> None:
    command = ("--upstream", upstream.url, "--out", "app.jsonl", "--listen", "0.0.0.0:0")
    with capturing(*command, cwd=tmp_path) as running:
        assert "warning: 0.0.0.0 can be reached from elsewhere" in "".join(running.said)


def test_a_port_that_is_taken_is_an_error_and_leaves_no_recording(
    upstream: Upstream, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        command = ("--upstream", upstream.url, "--out", "app.jsonl", "--listen", listen)
        with capturing(*command, cwd=tmp_path) as running:
            _, said = running.wait()
    assert running.process.returncode == 2
    assert f"error: cannot listen on {listen}: " in said
    assert "address already in use" in said.lower()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--upstream", "hosted"], "--upstream hosted is no URL"),
        (["--upstream", "https://user:pw@api.example/1"], "has a user name"),
        (["--upstream", "https://api.example/1?x=1"], "has a user name, a query"),
        (["--upstream", "http://a/1", "--listen", "8081"], "--listen 8081 is no address"),
        (["--upstream", "http://a/1", "--listen", "a:99999"], "is no address"),
        (["--upstream", "http://a/1", "--pseudonym-key", "env:ABSENT"], "refers to nothing"),
        (["--upstream", "http://127.0.0.1:8099/1", "--listen", "127.0.0.1:8099"],
         "is the address to listen on"),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_explained(tmp_path: Path, arguments: list[str], message: str) -> None:
    out = tmp_path / "app.jsonl"
    result = CliRunner().invoke(capture, [*arguments, "--out", str(out)])
    assert isinstance(result.exception, UserError)
    assert message in result.exception.what
    assert not out.exists()


def test_an_existing_recording_is_not_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "app.jsonl"
    out.write_text("precious")
    result = CliRunner().invoke(capture, ["--upstream", "http://a/1", "--out", str(out)])
    assert isinstance(result.exception, UserError)
    assert out.read_text() == "precious"


def test_a_capture_that_saw_nothing_says_so(upstream: Upstream, tmp_path: Path) -> None:
    command = ("--upstream", upstream.url, "--out", "app.jsonl", "--max-minutes", "0.005")
    with capturing(*command, cwd=tmp_path) as running:
        printed, said = running.wait()
    assert running.process.returncode == 0
    assert "warning: nothing was recorded" in said
    assert "seen                   0" in printed


def test_a_bound_ends_the_process(upstream: Upstream, tmp_path: Path) -> None:
    command = ("--upstream", upstream.url, "--out", "app.jsonl", "--max-exchanges", "2")
    with capturing(*command, cwd=tmp_path) as running:
        post(running)
        post(running)
        printed, said = running.wait()
    assert running.process.returncode == 0
    assert "kept                   2" in printed
    assert said.endswith("2 exchanges in app.jsonl\n")


def test_the_help_starts_fast_and_teaches() -> None:
    code = (
        "import sys; from parity.cli import main; main(['--help'], standalone_mode=False); "
        "print([name for name in ('aiohttp', 'uvloop', 'orjson') if name in sys.modules]); "
        "main(['capture', '--help'], standalone_mode=False)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "parity capture --upstream hosted" in done.stdout
    assert "\n[]\n" in done.stdout


def test_the_status_line_counts(upstream: Upstream, tmp_path: Path) -> None:
    from parity.capture.accounting import Accounts  # noqa: PLC0415 - heavy for the others
    from parity.cli.capture import _Status  # noqa: PLC0415

    accounts = Accounts()
    accounts.seen = 50
    for _ in range(40):
        accounts.count("kept")
    accounts.count("no_response")
    said: list[str] = []
    status = _Status(tmp_path / "absent")
    with pytest.MonkeyPatch.context() as patched:
        # The name in the package is the command; the module is behind it.
        patched.setattr(sys.modules[_Status.__module__], "_say", said.append)
        status.show(accounts, 1.0)
        status.show(accounts, 10.0)
    assert said == ["10 s: 50 seen, 5/s, 40 kept, 0 dropped, 0 in flight, no file, 1 no response"]
