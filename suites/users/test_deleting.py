from __future__ import annotations

from collections.abc import Callable

import pytest

from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewUser, User
from parity.targets import ParseClient

pytestmark = [pytest.mark.area("users"), pytest.mark.spec("rest/users#deleting-users")]

NewGuest = Callable[..., User]
PUBLIC = {"*": {"read": True}}


def test_user_deletes_itself(
    parse: ParseClient, master: ParseClient, expect: Expect, new_user: NewUser
) -> None:
    """A user may delete itself; it is gone afterwards and cannot log in."""
    alice = new_user("alice")

    expect.body(alice.client.delete(f"users/{alice.id}"), {}, status=200)
    expect.error(master.get(f"users/{alice.id}"), 101, status=404)
    expect.error(parse.log_in(alice.username, alice.password), 101, status=404)


def test_deleted_username_is_free(parse: ParseClient, expect: Expect, new_guest: NewGuest) -> None:
    """The username and email address of a deleted user may be used again."""
    alice = new_guest("alice")
    expect.status(alice.client.delete(f"users/{alice.id}"), 200)

    again = parse.sign_up(alice.username, "secret")
    expect.status(again, 201)
    expect.equal(again["objectId"] == alice.id, expected=False, at="$.same")


def test_nobody_cannot_delete_a_user(
    parse: ParseClient, expect: Expect, new_guest: NewGuest
) -> None:
    """Deleting a user without a session is refused with error 206."""
    alice = new_guest("alice")

    expect.error(parse.delete(f"users/{alice.id}"), 206)
    expect.contains(alice.client.me(), {"objectId": alice.id}, status=200)


def test_other_user_cannot_delete_a_user(expect: Expect, new_guest: NewGuest) -> None:
    """Deleting another user is refused with error 206."""
    alice, bob = new_guest("alice", ACL=PUBLIC), new_guest("bob")

    expect.error(bob.client.delete(f"users/{alice.id}"), 206)
    expect.contains(alice.client.me(), {"objectId": alice.id}, status=200)


def test_master_key_deletes_any_user(
    master: ParseClient, expect: Expect, new_guest: NewGuest
) -> None:
    """The master key may delete any user."""
    alice = new_guest("alice")

    expect.body(master.delete(f"users/{alice.id}"), {}, status=200)
    expect.ids(master.find("_User", {"username": alice.username}), [])


@pytest.mark.level("may")
def test_deleting_a_missing_user_is_refused(expect: Expect, new_guest: NewGuest) -> None:
    """A user that does not exist cannot be deleted, not even by a logged-in user."""
    alice = new_guest("alice")

    expect.error(alice.client.delete("users/nosuchuser"), 206)
