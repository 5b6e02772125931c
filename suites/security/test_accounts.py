"""Ways into an account of somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewGuest, NewUser
from parity.targets import ParseClient

if TYPE_CHECKING:
    from suites.security.conftest import Refused, Withheld

pytestmark = [pytest.mark.area("security"), pytest.mark.effect("destructive")]


@pytest.mark.spec("advisory/GHSA-5fw2-8jcv-xh87")
@pytest.mark.parametrize("operator", ["$regex", "$in", "$eq"])
def test_no_operator_is_the_id_of_an_account(
    parse: ParseClient, new_guest: NewGuest, withheld: Withheld, operator: str, refused: Refused
) -> None:
    """An operator in place of a provider's id logs nobody in."""
    alice = new_guest("alice")
    pattern = {"$regex": f"^{alice.password[:23]}", "$in": [alice.password], "$eq": alice.password}
    auth_data = {"anonymous": {"id": {operator: pattern[operator]}}}

    reply = parse.using(revocable_session=True).post("users", {"authData": auth_data})
    withheld(reply, alice.id)
    refused(reply)


@pytest.mark.spec("advisory/CVE-2020-5251")
@pytest.mark.parametrize("path", ["users/me", "sessions/me"])
def test_no_operator_is_a_session_token(
    parse: ParseClient, new_guest: NewGuest, withheld: Withheld, path: str, refused: Refused
) -> None:
    """A pattern in place of a session token finds nobody's session."""
    alice = new_guest("alice")
    body = {
        "_method": "GET",
        "_ApplicationId": parse.target.app_id.value,
        "_SessionToken": {"$regex": f"^{alice.token[:24]}"},
    }
    reply = parse.post(path, body)

    withheld(reply, alice.id)
    refused(reply)


@pytest.mark.spec("advisory/CVE-2020-5251")
@pytest.mark.parametrize("field", ["username", "password", "email"])
def test_no_operator_logs_in(
    parse: ParseClient, new_user: NewUser, withheld: Withheld, field: str, refused: Refused
) -> None:
    """A pattern in place of name, address or password logs nobody in."""
    alice = new_user("alice")
    body: dict[str, Any] = {"username": alice.username, "password": alice.password}
    if field == "email":
        del body["username"]
    body[field] = {"$regex": "^"}

    reply = parse.post("login", body)
    withheld(reply, alice.id)
    refused(reply)


@pytest.mark.spec("parse-server/8.6.94#RestWrite.validateAuthData")
@pytest.mark.parametrize(
    "auth_data",
    [{}, {"anonymous": {}}, {"anonymous": None}, {"nosuchprovider": {}}],
    ids=["empty", "empty_provider", "no_provider", "unknown"],
)
def test_nobody_signs_up_without_credentials(
    parse: ParseClient, master: ParseClient, auth_data: dict[str, Any], refused: Refused
) -> None:
    """Authentication data that say nothing make no user."""
    reply = parse.using(revocable_session=True).post("users", {"authData": auth_data})

    if reply.ok:
        master.delete(f"users/{reply['objectId']}")
    refused(reply)


@pytest.mark.spec("advisory/GHSA-23r4-5mxp-c7g5")
def test_session_of_a_guest_says_how_it_was_made(expect: Expect, new_guest: NewGuest) -> None:
    """The session of an anonymous sign-up does not claim that a password was given."""
    session = new_guest("alice").client.get("sessions/me")

    provider = (session.json.get("createdWith") or {}).get("authProvider")
    expect.equal(provider, "anonymous", at="$.createdWith.authProvider")


@pytest.mark.spec("advisory/CVE-2020-15270")
def test_session_of_a_deleted_user_is_worth_nothing(
    master: ParseClient, expect: Expect, new_guest: NewGuest, refused: Refused
) -> None:
    """Whose user was deleted is nobody at once."""
    alice = new_guest("alice")
    expect.status(alice.client.me(), 200)
    master.delete(f"users/{alice.id}")

    refused(alice.client.me())
