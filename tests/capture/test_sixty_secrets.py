"""Sixty secrets, planted in YAML, HAR, a log and a capture: none is in any output."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import click
import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from parity.cli import ExitCodes
from parity.cli.export import export
from parity.cli.import_ import import_
from parity.wire import Redactor
from tests.capture.inside import inside
from tests.capture.sources import har, har_entry
from tests.capture.test_parse_server_log import Log
from tests.capture.upstreams import Conversation, Upstream

KEY = b"0123456789abcdef0123"
HEX = "0123456789abcdef"


def secret(number: int) -> str:
    """Return a value that has no form of its own, so that its place alone says what it is."""
    return f"zq{number:02}Planted{number:02}"


HEADERS = {
    name: secret(number)
    for number, name in enumerate(
        (
            *("X-Parse-Application-Id", "X-Parse-REST-API-Key", "X-Parse-Client-Key"),
            *("X-Parse-Javascript-Key", "X-Parse-Windows-Key", "X-Parse-Master-Key"),
            *("X-Parse-Webhook-Key", "X-Parse-Session-Token", "X-Api-Key", "Cookie"),
        )
    )
}
FIELDS = {
    name: secret(number)
    for number, name in enumerate(
        (
            *("password", "passwordConfirmation", "password_confirmation", "pwd", "passphrase"),
            *("stripeKey", "stripeToken", "cardToken", "cardNumber", "cvv", "cvc", "securityCode"),
            *("pin", "ssn", "iban", "jwt", "accessToken", "refresh_token", "deviceToken"),
            *("fcmToken", "GCMSenderId", "clientSecret", "privateKey", "email", "phoneNumber"),
            *("sessionToken", "_MasterKey", "webhookKey", "csrfToken", "encryptionKey"),
        ),
        20,
    )
}
IDENTITY = {"facebook": {"id": secret(60), "access_token": secret(61)}}
SIGNED = {
    name: secret(number)
    for number, name in enumerate(
        ("X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "Signature", "sig"), 62
    )
}
FORMS = (
    "r:0123456789abcdef0123456789abcdef",
    "r:pnktnjyb996sj4p156gjtp4im",
    "ann.planted@mail.example",
    "+49 151 23456789",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.dozjgNryP4J3jVmNHl0w5N",
    "4242424242424242",
    "5555 5555 5555 4444",
    "DE89370400440532013000",
    "GB82 WEST 1234 5698 7654 32",
    "078-05-1120",
)
BEARER, BASIC = "zqBearer.0123456789", "zqBasicKey70"
QUERY = ("zqLogIn71", "zqWhere72")
PLANTED = (
    *HEADERS.values(), *FIELDS.values(), *IDENTITY["facebook"].values(), *SIGNED.values(),
    *FORMS, BEARER, BASIC, *QUERY,
)  # fmt: skip

SENT_HEADERS = {
    "Content-Type": "application/json",
    **HEADERS,
    "Cookie": f"session={HEADERS['Cookie']}",
    "Proxy-Authorization": f"Bearer {BEARER}",
    "Authorization": "Basic " + base64.b64encode(f"app:{BASIC}".encode()).decode(),
}
SIGNED_URL = "https://bucket.example/a.png?" + "&".join(f"{k}={v}" for k, v in SIGNED.items())
BODY = {
    **FIELDS,
    "authData": IDENTITY,
    "picture": SIGNED_URL,
    "note": "paid by " + ", ".join(FORMS),
    "nested": {"list": [{"inner": json.dumps(FIELDS)}], "forms": list(FORMS)},
}
WHERE = quote_plus(json.dumps({"email": QUERY[1]}))
URL = f"/1/login?username=ann&password={QUERY[0]}&where={WHERE}"
ANSWER = json.dumps({"objectId": "abcdefghij", "createdAt": "2016-03-09T17:12:30.000Z", **BODY})
ANSWER_HEADERS = {"Content-Type": "application/json", "Set-Cookie": f"s={HEADERS['Cookie']}"}


@click.group(cls=ExitCodes)
def main() -> None:
    """Run a command as `parity` does."""


main.add_command(import_)
main.add_command(export)


def yaml_of(folder: Path) -> Path:
    """Write a cassette of VCR."""
    path = folder / "cassette.yml"
    at = "Wed, 09 Mar 2016 17:20:27 GMT"
    entry = {
        "request": {
            "method": "post",
            "uri": f"https://api.parse.com{URL}",
            "body": {"encoding": "UTF-8", "string": json.dumps(BODY)},
            "headers": {name: [value] for name, value in SENT_HEADERS.items()},
        },
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": {name: [value] for name, value in ANSWER_HEADERS.items()},
            "body": {"encoding": "UTF-8", "string": ANSWER},
        },
        "recorded_at": at,
    }
    with path.open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump({"http_interactions": [entry], "recorded_with": "VCR 3.0.1"}, file)
    return path


def har_of(folder: Path) -> Path:
    """Write a HAR file."""
    return har(
        folder / "app.har",
        har_entry(
            f"https://api.parse.com{URL}",
            method="POST",
            headers=SENT_HEADERS,
            post={"mimeType": "application/json", "text": json.dumps(BODY)},
            content={"mimeType": "application/json", "text": ANSWER},
            answer_headers=ANSWER_HEADERS,
        ),
    )


def log_of(folder: Path) -> Path:
    """Write a verbose log of Parse Server."""
    log = Log(folder / "server.log")
    headers = {name.lower(): value for name, value in SENT_HEADERS.items()}
    log.request("POST", URL, BODY, headers)
    log.response("POST", URL, json.loads(ANSWER), status=200)
    return log.path


def raw(path: Path) -> str:
    return path.read_text("utf-8")


@pytest.mark.parametrize("write", [yaml_of, har_of, log_of])
def test_none_of_sixty_secrets_is_in_an_import_what_it_says_or_what_is_exported_of_it(
    tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    source, out = write(tmp_path), tmp_path / "out" / "app.jsonl"
    imported = CliRunner().invoke(main, ["import", str(source), "--out", str(out)])
    assert imported.exit_code == 0, imported.output
    exported = CliRunner().invoke(
        main, ["export", str(out), "--har", str(tmp_path / "out" / "app.har")]
    )
    assert exported.exit_code == 0, exported.output
    shown = [imported.output, exported.output, *map(raw, (tmp_path / "out").iterdir())]
    assert shown[2:]
    assert found_in(shown) == []


@pytest.mark.parametrize("write", [yaml_of, har_of, log_of])
def test_sixty_secrets_are_planted_in_every_source(
    tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    out = tmp_path / "app.jsonl"
    imported = CliRunner().invoke(
        main, ["import", str(write(tmp_path)), "--out", str(out), "--keep-secrets"]
    )
    assert imported.exit_code == 0, imported.output
    assert len(set(PLANTED)) >= 60
    assert set(PLANTED) == set(found_in([raw(out)]))


def test_none_of_sixty_secrets_is_in_a_capture(tmp_path: Path) -> None:
    def answering(talk: Conversation) -> None:
        talk.answer(
            ANSWER.encode(), *(f"{name}: {value}" for name, value in ANSWER_HEADERS.items())
        )

    out = tmp_path / "app.jsonl"
    with (
        Upstream(answering) as upstream,
        inside(upstream.url, out, redactor=Redactor({}, KEY)) as running,
    ):
        target = URL.replace("/1/", "/parse/")
        status, _, answer = running.ask("POST", target, json.dumps(BODY), SENT_HEADERS)
        # What goes through is not redacted: neither the server nor the client notices anything.
        assert (status, answer) == (200, ANSWER.encode())
        [exchange] = running.exchanges()
    assert exchange.response is not None
    assert found_in([raw(out), *running.problems]) == []


def found_in(texts: list[Any]) -> list[str]:
    """Return the secrets that are in one of several texts, in some form."""
    forms = {value: {value, quote_plus(value), json.dumps(value)[1:-1]} for value in PLANTED}
    basic = base64.b64encode(f"app:{BASIC}".encode()).decode()
    forms[BASIC] = {BASIC, basic}
    return [
        value for value in PLANTED if any(form in text for form in forms[value] for text in texts)
    ]
