"""What is written to a deployed server for a moment, to see what becomes of it.

A user who signs up, an object in a class of the run, a file. Everything carries the run's prefix.
What cannot be removed again is not written: an object needs a class, and only the master key
removes a class or a file.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from parity.jobs.deployment.http import HttpSession
from parity.jobs.deployment.key_probe import KeyAnswer, KeyProbe
from parity.model import HarnessError, Writes
from parity.targets import Namespace, ParseClient, Reply

FILE_DISABLED: Final = 130
CLASS_FORBIDDEN: Final = 119
CONTENT: Final = b"parse-parity: a file that may be deleted\n"
FIELDS: Final[dict[str, Any]] = {"note": "parse-parity: a row that may be deleted", "number": 42}


@dataclass(slots=True)
class Written:
    """What was written, so that another process can remove it.

    Attributes:
        user: Object id of the user.
        token: Session token of the user.
        username: User name.
        class_name: Class of the object; it goes with its rows.
        object_id: Object id.
        file: Name of the file, as the server gave it.
    """

    user: str = ""
    token: str = field(default="", repr=False)
    username: str = ""
    class_name: str = ""
    object_id: str = ""
    file: str = ""


class Canary:
    """Writes, and removes what it wrote. A context manager: everything is removed at its end.

    Args:
        http: The server as clients reach it.
        master: A client whose master key works; ``None`` if there is none.
        namespace: Names of the run.
        leave_files: Whether a file may be uploaded that nobody here can delete.
        state: A private file that says what is there, until it is gone.

    Attributes:
        written: What is there now.
        signed_up: The answer to the sign-up; ``None`` before.
        uploaded: The answer to the upload; ``None`` if there was none.
        no_object: Why no object was written; empty if one was.
        no_file: Why no file was uploaded; empty if one was.
        takes_no_files: Whether the server is set to take none from anybody.
        left: What could not be removed.
    """

    def __init__(
        self,
        http: HttpSession,
        master: ParseClient | None,
        namespace: Namespace,
        state: Path,
        *,
        leave_files: bool,
    ) -> None:
        self.written = Written()
        self.signed_up: Reply | None = None
        self.uploaded: Reply | None = None
        self.no_object = self.no_file = ""
        self.takes_no_files = False
        self.left: list[str] = []
        self._http = http
        self._password = secrets.token_urlsafe(24)
        self._master = master
        self._namespace = namespace
        self._leave_files = leave_files
        self._state = state

    def __enter__(self) -> Canary:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    @property
    def refused(self) -> str:
        """Why nothing may be written, or could be; empty if a user signed up."""
        if self._http.target.writes is Writes.FORBIDDEN:
            return "writes to this target are forbidden"
        reply = self.signed_up
        if reply is not None and reply.status != 201:
            return f"a sign-up answers {reply.status} {reply.text.strip()[:200]}"
        return ""

    @property
    def user(self) -> ParseClient:
        """A client with the session of the user who signed up."""
        return self._http.parse_client().as_user(self.written.token)

    def can_log_in(self) -> bool:
        """Return whether the user is still there, and has the password.

        Raises:
            HarnessError: No connection, or no answer in time.
        """
        return self._http.parse_client().log_in(self.written.username, self._password).ok

    def write(self) -> None:
        """Write what may be written; a second call does nothing.

        Raises:
            HarnessError: No connection, or no answer in time.
        """
        if self.signed_up is not None or self._http.target.writes is Writes.FORBIDDEN:
            return
        name = self._namespace.user_name("canary")
        self.written.username = name
        self.signed_up = self._http.parse_client().sign_up(name, self._password)
        if self.refused:
            return
        self.written.user = str(self.signed_up["objectId"])
        self.written.token = str(self.signed_up["sessionToken"])
        self._keep()
        self._write_object()
        self._upload()

    def remove(self) -> None:
        """Remove what is there; what cannot be removed is told in ``left``."""
        if self.written.user:
            self.left += clear(self._state, self.written, self._http, self._master)
            self.written = Written()

    def _write_object(self) -> None:
        if self._master is None:
            self.no_object = "no class was made, because without a master key it would stay"
            return
        self.written.class_name = self._namespace.class_name("Canary")
        self._keep()
        reply = self.user.create(self.written.class_name, FIELDS)
        if reply.error is not None and reply.error.code == CLASS_FORBIDDEN:
            # Clients may not make classes, as production servers should have it.
            reply = self._master.create(self.written.class_name, FIELDS)
        if reply.status == 201:
            self.written.object_id = str(reply["objectId"])
            self._keep()
        else:
            self.no_object = f"a save answers {reply.status} {reply.text.strip()[:200]}"

    def _upload(self) -> None:
        if self._master is None and not self._leave_files:
            self.no_file = "no file was uploaded, because without a master key it would stay"
            return
        name = f"{self._namespace.prefix}canary.txt"
        reply = self.user.upload(name, CONTENT, "text/plain")
        if reply.status == 201:
            self.uploaded = reply
            self.written.file = str(reply["name"])
            self._keep()
            return
        code = None if reply.error is None else reply.error.code
        self.takes_no_files = code == FILE_DISABLED and "disabled" in reply.text
        self.no_file = f"an upload answers {reply.status} {reply.text.strip()[:200]}"

    def _keep(self) -> None:
        """Note what is there where a later run finds it, if this one is killed."""
        self._state.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with os.fdopen(os.open(self._state, flags, 0o600), "w", encoding="utf-8") as sink:
            json.dump(asdict(self.written), sink)


def clear(
    state: Path, written: Written, http: HttpSession, master: ParseClient | None
) -> list[str]:
    """Remove what a run wrote, and the file that says so, unless the server did not answer.

    Args:
        state: The private file.
        written: What is there.
        http: The server as clients reach it.
        master: A client whose master key works; ``None`` if there is none.

    Returns:
        What could not be removed, in words.
    """
    left: list[str] = []
    silent = False

    def delete(client: ParseClient, path: str, what: str) -> None:
        nonlocal silent
        try:
            reply = client.delete(path, raw=True)
            if not reply.ok and not _is_gone(reply):
                left.append(what)
                silent = silent or reply.status >= 500  # what a proxy says for it
        except HarnessError:
            left.append(what)
            silent = True

    user = http.parse_client().as_user(written.token)
    if written.file:
        delete(master or user, f"files/{written.file}", f"the file {written.file}")
    if written.class_name and master is not None:
        delete(master, f"purge/{written.class_name}", f"the rows of {written.class_name}")
        delete(master, f"schemas/{written.class_name}", f"the class {written.class_name}")
    if master is not None:
        _end_sessions(master, written.user)
        delete(master, f"users/{written.user}", f"the user {written.username}")
    else:
        delete(user, f"users/{written.user}", f"the user {written.username}")
        left.append(f"the session of the user {written.username}, which ends by itself")
    if not silent:
        with contextlib.suppress(OSError):
            state.unlink(missing_ok=True)
    return left


def read_state(state: Path) -> Written | None:
    """Return what a killed run left, or ``None``.

    Args:
        state: Its private file; one that is no such file is taken for none.
    """
    try:
        raw = json.loads(state.read_text("utf-8"))
        written = Written(**raw)
    except (OSError, ValueError, TypeError):
        return None
    whole = all(isinstance(value, str) for value in asdict(written).values())
    return written if whole and written.user else None


def master_client(probe: KeyProbe, inside: KeyProbe | None) -> ParseClient | None:
    """Return a client whose master key works, by the way from inside or by the other."""
    for way in (inside, probe):
        key = None if way is None else way.http.target.keys.master_key
        if way is None or key is None or way.http.target.writes is Writes.FORBIDDEN:
            continue
        with contextlib.suppress(HarnessError):
            if way.answer_to(key) is KeyAnswer.ACCEPTED:
                return way.http.parse_client().as_master()
    return None


def _is_gone(reply: Reply) -> bool:
    """Return whether there was nothing to delete: no row (101), class (103) or file (153)."""
    code = None if reply.error is None else reply.error.code
    return reply.status == 404 or code in (101, 103, 153)


def _end_sessions(master: ParseClient, user: str) -> None:
    """Delete the sessions of a user, which Parse Server leaves when it deletes the user."""
    pointer = {"__type": "Pointer", "className": "_User", "objectId": user}
    with contextlib.suppress(HarnessError, AssertionError):
        for session in master.find("_Session", {"user": pointer}, keys="objectId").results:
            master.delete(f"classes/_Session/{session['objectId']}", raw=True)
