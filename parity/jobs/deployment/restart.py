"""Do data, sessions and files survive a restart?

The command never restarts anything: somebody else does, while it waits and watches ``/health``.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import quote

from parity.jobs.deployment import codes
from parity.jobs.deployment.canary import CONTENT, FIELDS, Canary
from parity.jobs.deployment.checks import Check, DeploymentOptions
from parity.jobs.deployment.health import is_well
from parity.jobs.deployment.http import HttpSession
from parity.jobs.deployment.public import NO_FILE_REMEDY, NO_USER_REMEDY, may_be_fetched
from parity.model import HarnessError, TargetDown, TargetTimeout
from parity.model.finding import Finding
from parity.model.judged import Judged

LOOK_EVERY_S: Final = 0.2
LOOKS: Final = 2
"""How often in a row the server has to be seen down, and then up: a single refused connection is
no restart, and a server that was up once may be starting still."""
GATEWAY: Final = frozenset({502, 503, 504})
"""What a proxy answers while there is nobody behind it."""

Tell = Callable[[str], None]


def check_restart(
    http: HttpSession, canary: Canary, options: DeploymentOptions, tell: Tell
) -> Judged:
    """Wait for a restart, then look for what was written before it.

    Args:
        http: Who asks.
        canary: What was written.
        options: Whether somebody restarts the server, and how long to wait for that.
        tell: Gets what the person has to know.

    Raises:
        HarnessError: The server does not answer when it is up again.
    """
    if not options.restart:
        return Check.RESTART.untested(
            "no restart was tried",
            "Run with --restart, and restart the server when you are asked to.",
        )
    if canary.refused:
        return Check.RESTART.untested(canary.refused, NO_USER_REMEDY)
    wait_s = options.restart_wait_s
    file_url = _readable_at(http, canary, options)
    tell(f"Restart the server of {http.target.name!r} now. Waiting up to {wait_s:.0f} s for it.")
    started = time.monotonic()
    if not _wait(http, started + wait_s, down=True):
        return Check.RESTART.untested(
            f"no restart was seen within {wait_s:.0f} s: /health was always well",
            "Restart the server while the command waits (--wait-restart SECONDS). Of several "
            "servers that are restarted in turn, restart all at once, or test one by its own "
            "address.",
        )
    went = time.monotonic()
    tell("The server is down. Waiting for it to come back.")
    if not _wait(http, time.monotonic() + wait_s, down=False):
        text = f"it was down and did not come back within {wait_s:.0f} s"
        return Check.RESTART.judged(text, [codes.RESTART_NOT_BACK.finding(text)])
    gone_s = time.monotonic() - went
    tell("The server is back.")
    findings = list(_look_again(http, canary, file_url))
    numbers = {"down_s": round(gone_s, 1)}
    text = f"down for {gone_s:.0f} s"
    if any(finding.fails for finding in findings):
        return Check.RESTART.judged(text, findings, numbers)
    kept = ["user", "session", *(["object"] if canary.written.object_id else [])]
    if not file_url and not canary.takes_no_files:
        why = canary.no_file or "the file could not be fetched before the restart either"
        return Check.RESTART.untested(
            f"{text}: {', '.join(kept)} survived, and files were not tried: {why}",
            NO_FILE_REMEDY,
        )
    if canary.no_object and canary.written.class_name:
        return Check.RESTART.doubtful(f"{text}: no object was tried: {canary.no_object}")
    kept += ["file"] if file_url else []
    return Check.RESTART.judged(f"{text}; {', '.join(kept)} are still there", (), numbers)


def _wait(http: HttpSession, deadline: float, *, down: bool) -> bool:
    """Wait until the server is seen down, or well, several times in a row."""
    seen = 0
    while time.monotonic() < deadline:
        state = _is_down(http)
        seen = seen + 1 if state is down else 0
        if seen >= LOOKS:
            return True
        time.sleep(LOOK_EVERY_S)
    return False


def _is_down(http: HttpSession) -> bool | None:
    """Return whether the server is down or well; ``None`` if that cannot be said."""
    try:
        # A new connection each time: an old one may lead to a process that is ending.
        reply = http.get_fresh(http.at("health"))
    except TargetDown:
        return True
    except TargetTimeout:
        return None  # a machine that is busy is not one that was restarted
    except HarnessError:
        return True
    if is_well(reply):
        return False
    return True if reply.status in GATEWAY else None


def _readable_at(http: HttpSession, canary: Canary, options: DeploymentOptions) -> str:
    """Return a URL at which the file can be fetched now; empty if there is none."""
    if canary.uploaded is None:
        return ""
    app_id = quote(http.target.app_id.value, safe="")
    urls = [http.at(f"files/{app_id}/{quote(canary.written.file)}")]
    given = str(canary.uploaded["url"])
    # Whether the public URL is right is another question; a store may have a host of its own.
    if may_be_fetched(http, given, options):
        urls.append(given)
    for url in urls:
        with contextlib.suppress(HarnessError):
            reply = http.get_fresh(url)
            if reply.status == 200 and reply.body == CONTENT:
                return url
    return ""


def _look_again(http: HttpSession, canary: Canary, file_url: str) -> Iterator[Finding]:
    written = canary.written
    me = canary.user.me()
    if me.status != 200:
        said = f"users/me answers {me.status} {me.text.strip()[:120]}"
        yield codes.RESTART_SESSION.finding(said)
        if not canary.can_log_in():
            yield codes.RESTART_USER.finding(f"the user {written.username} cannot log in any more")
    elif me.json.get("objectId") != written.user:
        yield codes.RESTART_SESSION.finding("the session belongs to another user")
    if written.object_id:
        # Everybody may read it, so a lost session is not told as a lost object as well.
        row = http.parse_client().fetch(written.class_name, written.object_id)
        if not row.ok:
            text = f"reading it answers {row.status} {row.text.strip()[:120]}"
            yield codes.RESTART_OBJECT.finding(text)
        elif any(row.json.get(name) != value for name, value in FIELDS.items()):
            yield codes.RESTART_OBJECT.finding("it came back with other values")
    if file_url:
        try:
            reply = http.get_fresh(file_url)
        except HarnessError as error:
            yield codes.RESTART_FILE.finding(str(error))
            return
        if reply.status != 200 or reply.body != CONTENT:
            text = f"fetching it answers {reply.status} with {len(reply.body)} bytes"
            yield codes.RESTART_FILE.finding(text)
