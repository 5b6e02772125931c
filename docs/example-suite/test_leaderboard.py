"""Checks of our leaderboard, which run on every target."""

import pytest

from parity.plugin import Expect, NewClass, NewUser
from parity.targets import ParseClient

pytestmark = [pytest.mark.area("leaderboard"), pytest.mark.spec("team/leaderboard#scores")]


def test_the_top_score_is_the_highest(
    parse: ParseClient, new_class: NewClass, expect: Expect
) -> None:
    """The cloud function parityTopScore answers the highest score of a board."""
    board = new_class("Board")
    for score in (10, 30, 20):
        parse.create(board, {"score": score})

    expect.body(parse.call("parityTopScore", {"board": board}), {"result": 30}, status=200)


def test_old_clients_expect_200(parse: ParseClient, new_class: NewClass, expect: Expect) -> None:
    """A new score answers 200 to clients before release 4.2."""
    expect.status(parse.create(new_class("Board"), {"score": 1}), 200)


@pytest.mark.level("should")
def test_only_the_player_can_change_a_score(
    parse: ParseClient, new_class: NewClass, new_user: NewUser, expect: Expect
) -> None:
    """A score with its player's ACL cannot be changed by somebody else."""
    player, rival = new_user("player"), new_user("rival")
    acl = {player.id: {"read": True, "write": True}, "*": {"read": True}}
    board = new_class("Board")
    score = player.client.create(board, {"score": 1, "ACL": acl})["objectId"]

    reply = rival.client.update(board, score, {"score": 999})

    expect.error(reply, 101, status=404)
    assert parse.fetch(board, score)["score"] == 1
