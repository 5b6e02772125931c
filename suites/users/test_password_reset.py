from __future__ import annotations

import pytest

from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewUser
from parity.targets import Namespace, ParseClient

pytestmark = [
    pytest.mark.area("users"),
    pytest.mark.spec("rest/users#requesting-a-password-reset"),
]


def test_password_reset_is_accepted(
    parse: ParseClient, expect: Expect, namespace: Namespace, new_user: NewUser
) -> None:
    """A request to reset the password of a known address answers 200 and {}."""
    # Nothing can be delivered below .invalid, whatever the server does with the address.
    email = f"{namespace.user_name('ann')}@parity.invalid"
    new_user("alice", email=email)

    expect.body(parse.post("requestPasswordReset", {"email": email}), {}, status=200)


def test_password_reset_changes_nothing_yet(
    parse: ParseClient, expect: Expect, namespace: Namespace, new_user: NewUser
) -> None:
    """The old password logs in until the reset is completed, and sessions go on."""
    email = f"{namespace.user_name('ann')}@parity.invalid"
    alice = new_user("alice", email=email)
    parse.post("requestPasswordReset", {"email": email})

    expect.contains(parse.log_in(alice.username, alice.password), {"objectId": alice.id})
    expect.contains(alice.client.me(), {"objectId": alice.id}, status=200)
