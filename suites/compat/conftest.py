"""What the compatibility scenarios run on."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from parity.jobs.replay.scenario import Stage
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass
from parity.plugin.state import RUN
from parity.targets import Namespace, ParseClient


@pytest.fixture
def stage(
    request: pytest.FixtureRequest,
    parse: ParseClient,
    expect: Expect,
    new_class: NewClass,
    namespace: Namespace,
) -> Stage:
    """The target, with users and names that belong to the run."""

    def client(actor: str) -> ParseClient:
        if actor == "none":
            return parse.using(key=None)
        fixture = {"master": "master", "javascript": "js_sdk"}.get(actor, "parse")
        found: ParseClient = request.getfixturevalue(fixture)
        return found

    def new_user(name: str) -> tuple[ParseClient, Mapping[str, str]]:
        user = request.getfixturevalue("new_guest")(name)
        members = {"objectId": user.id, "username": user.username, "sessionToken": user.token}
        return user.client, members

    return Stage(
        client=client,
        new_user=new_user,
        new_class=new_class,
        new_name=namespace.user_name,
        judge=expect.equal,
        version=request.config.stash[RUN].facts[parse.target.name].version,
    )
