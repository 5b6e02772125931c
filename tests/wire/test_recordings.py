"""Real traffic: what the hosted service said in 2016 and a self-hosted server in 2017."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from parity.wire import (
    Date,
    FileNameFormat,
    Redactor,
    TokenFormat,
    decode,
    encode,
    is_object_id,
    parse_error,
    parse_file_name,
    parse_file_url,
    token_format,
)

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("PARITY_RECORDINGS") or CHECKOUT.parent / "shared" / "recordings")
REDACTOR = Redactor({}, b"a key of the tests")

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="no recordings; PARITY_RECORDINGS says where they are"
)


def responses(era: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the file name and the response of every recorded exchange."""
    for path in sorted((FOLDER / era).glob("*.yml")):
        for each in YAML(typ="safe", pure=True).load(path)["http_interactions"]:
            yield path.name, each["response"]


def bodies(era: str) -> list[tuple[str, int, Any]]:
    """Return file name, status and parsed body of every response that is JSON."""
    found = []
    for name, response in responses(era):
        text = response["body"].get("string") or ""
        if text.lstrip().startswith(("{", "[")):
            found.append((name, response["status"]["code"], json.loads(text)))
    return found


def walk(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every field of every object in a JSON value."""
    if isinstance(value, dict):
        yield from value.items()
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, (dict, list)):
            yield from walk(item)


@pytest.mark.parametrize("era", ["hosted-2016", "selfhosted-2017"])
def test_every_body_decodes_and_encodes_to_itself(era: str) -> None:
    recorded = bodies(era)

    assert len(recorded) >= 50
    for name, _, body in recorded:
        assert encode(decode(body)) == body, name


@pytest.mark.parametrize("era", ["hosted-2016", "selfhosted-2017"])
def test_every_error_is_read(era: str) -> None:
    failures = [(status, body) for _, status, body in bodies(era) if status >= 400]

    assert failures
    assert [body for status, body in failures if parse_error(status, body) is None] == []


@pytest.mark.parametrize(
    ("era", "expected"),
    [("hosted-2016", TokenFormat.HOSTED), ("selfhosted-2017", TokenFormat.PARSE_SERVER)],
)
def test_every_minted_value_has_its_form(era: str, expected: TokenFormat) -> None:
    seen = set()
    for name, _, body in bodies(era):
        for field, value in walk(body):
            if field == "objectId":
                assert is_object_id(value), (name, value)
            elif field == "sessionToken":
                assert token_format(value) is expected, (name, value)
            elif field in {"createdAt", "updatedAt"}:
                assert Date.parse(value).iso == value, (name, value)
            else:
                continue
            seen.add(field)

    assert seen == {"objectId", "sessionToken", "createdAt", "updatedAt"}


@pytest.mark.parametrize(
    ("era", "expected"),
    [("hosted-2016", FileNameFormat.HOSTED), ("selfhosted-2017", FileNameFormat.PARSE_SERVER)],
)
def test_every_file_has_its_form(era: str, expected: FileNameFormat) -> None:
    found = [
        (body["name"], body["url"])
        for _, _, body in bodies(era)
        if isinstance(body, dict) and {"name", "url"} <= body.keys()
    ]

    assert found
    for name, url in found:
        minted, address = parse_file_name(name), parse_file_url(url)
        assert minted is not None
        assert minted.format is expected
        assert address is not None
        assert address.name == name


@pytest.mark.parametrize("era", ["hosted-2016", "selfhosted-2017"])
def test_redaction_changes_personal_fields_and_nothing_else(era: str) -> None:
    changed = set()
    for name, _, body in bodies(era):
        redacted = REDACTOR.json(body)
        for (field, old), (same_field, new) in zip(walk(body), walk(redacted), strict=True):
            assert field == same_field, name
            if isinstance(old, str) and old != new:
                changed.add(field)

    assert changed <= {"sessionToken", "username", "email", "deviceToken", "error"}
    assert {"sessionToken", "username"} <= changed


@pytest.mark.parametrize("era", ["hosted-2016", "selfhosted-2017"])
def test_redacted_responses_still_decode(era: str) -> None:
    for _, _, body in bodies(era):
        redacted = REDACTOR.json(body)
        assert encode(decode(redacted)) == redacted
        assert json.loads(REDACTOR.text(json.dumps(body))) == redacted
