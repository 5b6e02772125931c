"""What is not sent, and what cannot be judged: the reasons, and when they hold."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final

import orjson

from parity.capture.exchanges import lacks_body
from parity.capture.importers.parse_server_log import (
    KEYS_NOT_LOGGED,
    PAIRED_BY_ORDER,
    REBUILT_ERROR,
)
from parity.jobs.replay.judgement import Answer, Class, Judgement
from parity.jobs.replay.order import Node
from parity.wire.operation import Action

NO_RESPONSE: Final = "no response was recorded"
NO_REQUEST_BODY: Final = "the body of the request was not recorded"
NO_ANSWER_BODY: Final = "the body of the response was not recorded; the status is the same"
READ_ONLY: Final = "it would write, and the replay is read-only"
TOO_DEEP: Final = "the answers are nested too deeply to be compared"
NO_CLOUD_CODE: Final = (
    "it needs the app's cloud code, which the embedded server does not have (--cloud)"
)
DOUBTFUL: Final = frozenset({PAIRED_BY_ORDER, REBUILT_ERROR, KEYS_NOT_LOGGED})
"""Notes of an import that did not find everything in its file."""


def why_not_sent(node: Node, *, read_only: bool, allow: AbstractSet[str]) -> str:
    """Return why an exchange is not sent; ``""`` if it is.

    Args:
        node: The exchange.
        read_only: Whether nothing may be written.
        allow: What may leave the server.
    """
    operation = node.operation
    if lacks_body(node.exchange, "request"):
        return NO_REQUEST_BODY
    if read_only and operation.changes:
        return READ_ONLY
    for part in operation.parts or (operation,):
        if part.outbound and part.outbound not in allow:
            return f"it would send {part.outbound} (--allow {part.outbound} lets it)"
    return ""


def why_not_judged(node: Node, answer: Answer, *, has_cloud_code: bool) -> str:
    """Return why an answer cannot be compared; ``""`` if it can.

    Args:
        node: The exchange.
        answer: What the target answered.
        has_cloud_code: Whether the target runs the app's cloud code.
    """
    response = node.exchange.response
    if response is None:
        return NO_RESPONSE
    if lacks_body(node.exchange, "response") and response.status == answer.status:
        return NO_ANSWER_BODY
    if node.operation.action is Action.FUNCTION and not has_cloud_code and _is_unknown(answer):
        return NO_CLOUD_CODE
    return ""


def keys_were_refused(node: Node) -> bool:
    """Return whether the recorded server refused the keys of a request.

    Source: REST guide "Quick Reference"; parse-server ``src/middlewares.js`` (``invalidRequest``):
    401 or 403 with ``{"error": "unauthorized"}`` and no code.
    """
    response = node.exchange.response
    return (
        response is not None
        and response.status in (401, 403)
        and node.response == {"error": "unauthorized"}
    )


def doubted(node: Node, answer: Answer, judgement: Judgement) -> Judgement:
    """Return the judgement, or that there is none: an import was not sure of what it found.

    Args:
        node: The exchange.
        answer: What the target answered; its own failure is a failure whatever was recorded.
        judgement: What became of it.
    """
    doubt = next((note for note in node.exchange.notes if note in DOUBTFUL), "")
    if doubt and judgement.outcome is Class.DIFFERENT and answer.status < 500:
        return Judgement(Class.UNSUPPORTED, reason=f"the recording is not sure: {doubt}")
    return judgement


def _is_unknown(answer: Answer) -> bool:
    """Return whether the server says that it has no such function or job.

    Source: parse-server ``src/Routers/FunctionsRouter.js``, "Invalid function", code 141.
    """
    if answer.status != 400:
        return False
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return False
    return (
        isinstance(body, dict)
        and body.get("code") == 141
        and str(body.get("error", "")).startswith("Invalid ")
    )
