from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.model import Keys, Secret
from parity.wire import (
    Auth,
    ClientVersion,
    auth_body,
    auth_headers,
    basic_auth,
    parse_client_version,
    read_auth,
)
from parity.wire.headers import BODY_FIELDS
from tests.wire.strategies import json_values

APP = Secret("app")
# In HTTP Basic, ":" parts the halves and "javascript-key=" marks the kind of key.
keys = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=":"), min_size=1).filter(
    lambda key: not key.startswith("javascript-key=")
)
secrets = st.none() | keys.map(Secret)
texts = st.none() | keys


def auths(key_names: list[str]) -> st.SearchStrategy[Auth]:
    return st.builds(
        Auth,
        app_id=keys.map(Secret),
        keys=st.fixed_dictionaries(dict.fromkeys(key_names, secrets)).map(lambda k: Keys(**k)),
        session_token=texts,
        installation_id=texts,
        client_version=texts,
        revocable_session=st.booleans(),
    )


@given(auths(["rest_key", "client_key", "javascript_key", "dotnet_key", "master_key"]))
def test_headers_say_who_sends(auth: Auth) -> None:
    assert read_auth(auth_headers(auth)) == auth


@given(auths(["javascript_key", "master_key"]))
def test_the_body_says_who_sends(auth: Auth) -> None:
    body = auth_body(auth)

    assert read_auth({}, body) == auth
    assert body.keys() <= BODY_FIELDS


@given(auths(["javascript_key", "master_key"]).filter(lambda auth: list(auth.keys.items())))
def test_basic_says_which_app_and_key(auth: Auth) -> None:
    found = read_auth({"authorization": basic_auth(auth)})

    assert found is not None
    assert found.app_id == auth.app_id
    if auth.keys.master_key:
        assert found.keys == Keys(master_key=auth.keys.master_key)
    else:
        assert found.keys == Keys(javascript_key=auth.keys.javascript_key)


def test_the_names_are_those_of_the_guide() -> None:
    auth = Auth(
        app_id=APP,
        keys=Keys(
            rest_key=Secret("r"),
            client_key=Secret("c"),
            javascript_key=Secret("j"),
            dotnet_key=Secret("d"),
            master_key=Secret("m"),
            file_key=Secret("never sent"),
        ),
        session_token="r:x",
        installation_id="i",
        client_version="js1.6.14",
        revocable_session=True,
    )

    assert auth_headers(auth) == {
        "X-Parse-Application-Id": "app",
        "X-Parse-REST-API-Key": "r",
        "X-Parse-Client-Key": "c",
        "X-Parse-Javascript-Key": "j",
        "X-Parse-Windows-Key": "d",
        "X-Parse-Master-Key": "m",
        "X-Parse-Session-Token": "r:x",
        "X-Parse-Installation-Id": "i",
        "X-Parse-Client-Version": "js1.6.14",
        "X-Parse-Revocable-Session": "1",
    }


def test_another_method_is_tunnelled_in_the_body() -> None:
    auth = Auth(app_id=APP, keys=Keys(javascript_key=Secret("j")))

    assert auth_body(auth, "PUT") == {
        "_method": "PUT",
        "_ApplicationId": "app",
        "_JavaScriptKey": "j",
    }
    assert "_method" not in auth_body(auth)


def test_a_key_that_cannot_travel_in_the_body_is_refused() -> None:
    with pytest.raises(ValueError, match="rest_key cannot be sent in the body"):
        auth_body(Auth(app_id=APP, keys=Keys(rest_key=Secret("r"))))


def test_basic_needs_a_key() -> None:
    with pytest.raises(ValueError, match="neither is set"):
        basic_auth(Auth(app_id=APP))


def test_header_names_are_read_in_any_case_and_go_before_the_body() -> None:
    found = read_auth({"x-PARSE-application-ID": "head"}, {"_ApplicationId": "body"})

    assert found == Auth(app_id=Secret("head"))


@given(st.dictionaries(st.text(), st.text()), json_values)
def test_any_request_is_read_without_an_exception(headers: dict[str, str], body: Any) -> None:
    found = read_auth(headers, body)

    assert found is None or found.app_id.value


@pytest.mark.parametrize(
    "value", ["Basic", "Basic !", "Basic 4pyT", "Bearer YTpi", "Basic 77+9/w=="]
)
def test_other_authorization_headers_name_no_app(value: str) -> None:
    assert read_auth({"Authorization": value}) is None


def test_basic_with_two_colons_names_no_app() -> None:
    encoded = base64.b64encode(b"app:key:more").decode()

    assert read_auth({"Authorization": f"Basic {encoded}"}) is None


@pytest.mark.parametrize(
    ("text", "sdk", "version"),
    [
        ("i1.12.0", "i", "1.12.0"),
        ("osx1.7.4", "osx", "1.7.4"),
        ("apple-tv1.13.0", "apple-tv", "1.13.0"),
        ("a1.13.0", "a", "1.13.0"),
        ("js1.6.14", "js", "1.6.14"),
        ("JS1.6.14", "js", "1.6.14"),
        ("js5.0.0-alpha.2", "js", "5.0.0-alpha.2"),
        ("net-portable-1.7.0.0", "net-portable", "1.7.0.0"),
        ("php1.2.1", "php", "1.2.1"),
        ("c-ti-cc3200-rtos-1.0.0", "c-ti-cc3200-rtos", "1.0.0"),
    ],
)
def test_client_versions(text: str, sdk: str, version: str) -> None:
    assert parse_client_version(text) == ClientVersion(sdk, version)


@pytest.mark.parametrize("text", ["", "js", "1.2.3", "js1", "custom client"])
def test_other_client_versions_are_unknown(text: str) -> None:
    assert parse_client_version(text) is None


def test_an_auth_does_not_print_its_secrets() -> None:
    auth = Auth(app_id=APP, keys=Keys(rest_key=Secret("hidden")), session_token="r:hidden")

    assert "hidden" not in repr(auth)
    assert "app'" not in repr(auth)
