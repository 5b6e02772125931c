"""Compares a recorded response with a live one, up to the renaming of what a server mints.

Walking both at once does two things: it finds where they differ, and it learns which live value
stands for which recorded one. What it learns is consistent for the whole recording; what does
not fit is a Difference.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from parity.compare import differences
from parity.compare.values import MISSING, child
from parity.jobs.replay.bindings import Bindings, Times
from parity.model import Difference, Kind
from parity.wire.ids import is_object_id, parse_file_name, parse_file_url, token_format

OLD_RELATION: Final = "its class has a relation that no request of the recording wrote to"
MINTED_TIMES: Final = ("createdAt", "updatedAt")
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_SESSION_EXPIRY = "expiresAt"
_SAME_LIFETIME = timedelta(hours=1)
"""How much later than it was made a server may begin to count a session's time."""
_OF_FILES = frozenset({"__type", "name", "url"})
_AROUND_OBJECTS = frozenset({"", "success", "result"})
"""Members that hold a whole answer about one object, which may do without its id."""


class Pairing:
    """Pairs the values of one exchange.

    Args:
        bindings: What is bound; grows.
        times: Times that are bound; grows.
        exchange: Number of the exchange.
        literal: Whether ids that nothing minted are equal on both sides: the target has a copy of
            the recorded server's data.
        class_name: Class of the objects at the top of the response.
        relations: Relations that the recording wrote to: ``class.field``.
        refused: What the recording made and the target refused to make.
        unnamed: Recorded ids of users whose name the server minted (anonymous ones).

    Attributes:
        found: The Differences.
        learned: Bindings that were new: recorded and live value.
        times_learned: The same of times: object, recorded and live time.
        prior: What shows that something was there before the recording; empty if nothing does.
    """

    def __init__(
        self,
        bindings: Bindings,
        times: Times,
        exchange: int,
        *,
        literal: bool = False,
        class_name: str = "",
        relations: frozenset[str] | set[str] = frozenset(),
        refused: AbstractSet[str] = frozenset(),
        unnamed: AbstractSet[str] = frozenset(),
    ) -> None:
        self.bindings = bindings
        self.times = times
        self.exchange = exchange
        self.literal = literal
        self._class_name = class_name
        self._relations = relations
        self._refused = refused
        self._unnamed = unnamed
        self.prior = ""
        self.learned: list[tuple[str, str]] = []
        self.times_learned: list[tuple[str, str, str]] = []
        self.found: list[Difference] = []

    def values(self, recorded: Any, live: Any, path: str, owner: str = "", key: str = "") -> None:
        """Compare two JSON values.

        Args:
            recorded: The recorded value.
            live: What came now; :data:`parity.compare.values.MISSING` when there is nothing.
            path: JSON path of both.
            owner: Recorded id of the object around them; ``""`` outside of any.
            key: Name of the member that they are.
        """
        kind = type(recorded)
        if kind is dict and type(live) is dict and _is_other_type(recorded, live):
            self.found.append(Difference(path, Kind.TYPE, recorded, live))
        elif kind is dict and type(live) is dict:
            self._objects(recorded, live, path, owner, key)
        elif kind is list and type(live) is list:
            self._lists(recorded, live, path, owner, key)
        elif kind is str and type(live) is str:
            self._strings(recorded, live, path, owner, key)
        elif recorded is not live and (kind is not type(live) or recorded != live):
            self.found += differences(recorded, live, path)

    def id(self, recorded: str, live: str, path: str) -> None:
        """Compare two object ids, and bind them if neither is bound."""
        if not self._same(recorded, live, is_object_id):
            self.found.append(Difference(path, Kind.VALUE, self.expected(recorded), live))

    def expected(self, recorded: str) -> str:
        """Return what a recorded value has to be now: its live value, or itself."""
        bound = self.bindings.live(recorded)
        return recorded if bound is None else bound

    def is_foreign(self, object_id: str) -> bool:
        """Return whether nothing in the recording so far minted this id or token."""
        return self.bindings.live(object_id) is None and object_id not in self._refused

    def _objects(
        self, recorded: dict[str, Any], live: dict[str, Any], path: str, owner: str, key: str
    ) -> None:
        kind = recorded.get("__type")
        if kind == "File" and live.get("__type") == "File":
            self._files(recorded, live, path, owner)
            return
        if kind == "Date" and key == _SESSION_EXPIRY and live.get("__type") == "Date":
            self._minted_date(recorded.get("iso"), live.get("iso"), f"{path}.iso")
            return
        object_id = recorded.get("objectId")
        if isinstance(object_id, str):
            owner = object_id
        is_acl = key == "ACL"
        data = self._data_of(recorded, owner, key)
        for name, value in recorded.items():
            # Keys of an ACL are ids of users.
            other = self.expected(name) if is_acl else name
            if other not in live and self._is_old_relation(name, value):
                self.prior = OLD_RELATION
                continue
            rule = "" if name in data else name
            self.values(value, live.get(other, MISSING), child(path, name), owner, rule)
        if len(live) > len(recorded) or live.keys() != recorded.keys():
            wanted = {self.expected(name) for name in recorded} if is_acl else recorded
            for name, value in live.items():
                if name not in wanted:
                    self.found.append(Difference(child(path, name), Kind.EXTRA, None, value))
        if _SESSION_EXPIRY in recorded and _SESSION_EXPIRY not in data:
            self._lifetime(recorded, live, child(path, _SESSION_EXPIRY))

    def _data_of(self, recorded: dict[str, Any], owner: str, key: str) -> tuple[str, ...]:
        """Return names that a server mints elsewhere, and that an app has written here itself."""
        data: tuple[str, ...] = ()
        if owner and "objectId" not in recorded and key not in _AROUND_OBJECTS:
            data = MINTED_TIMES
        if _SESSION_EXPIRY in recorded and not (
            "sessionToken" in recorded
            or "_Session" in (self._class_name, recorded.get("className"))
        ):
            data = (*data, _SESSION_EXPIRY)
        return data

    def _is_old_relation(self, name: str, value: Any) -> bool:
        # Every object of a class shows the relations that the class has.
        if self.literal or not isinstance(value, dict) or value.get("__type") != "Relation":
            return False
        return f"{self._class_name}.{name}" not in self._relations

    def _lists(self, recorded: list[Any], live: list[Any], path: str, owner: str, key: str) -> None:
        if len(recorded) != len(live):
            self.found.append(Difference(path, Kind.LENGTH, recorded, live))
            return
        for number, (left, right) in enumerate(zip(recorded, live, strict=True)):
            self.values(left, right, f"{path}[{number}]", owner, key)

    def _strings(self, recorded: str, live: str, path: str, owner: str, key: str) -> None:
        if key in MINTED_TIMES:
            if not self._time(recorded, live, owner):
                self.found.append(Difference(path, Kind.VALUE, recorded, live))
            return
        if key == "objectId":
            self.id(recorded, live, path)
        elif key == "sessionToken" or (key == "username" and owner in self._unnamed):
            grammar = _is_token if key == "sessionToken" else bool
            if not self._same(recorded, live, grammar):
                self.found.append(Difference(path, Kind.VALUE, self.expected(recorded), live))
        elif recorded == live:
            bound = self.bindings.live(recorded)
            if bound is not None and bound != live:
                self.found.append(Difference(path, Kind.VALUE, bound, live))
        elif self.expected(recorded) != live and not self._same_url(recorded, live):
            self.found.append(Difference(path, Kind.VALUE, self.expected(recorded), live))

    def _same(self, recorded: str, live: str, grammar: Callable[[str], bool]) -> bool:
        bound = self.bindings.live(recorded)
        if bound is not None:
            return bound == live
        if self.literal and recorded == live:
            return self.bindings.recorded(live) in (None, recorded)
        # A live value that stands for another recorded one cannot stand for this one as well.
        if (recorded != live and not grammar(live)) or not self.bindings.bind(recorded, live):
            return False
        self.learned.append((recorded, live))
        return True

    def _time(self, recorded: str, live: str, owner: str) -> bool:
        if not (_ISO.fullmatch(recorded) and _ISO.fullmatch(live)):
            return recorded == live
        if self.literal and recorded == live:
            return True
        if not owner:
            return True  # it is a time, and nobody says of what
        if not self.times.fits(owner, recorded, live, self.exchange):
            return False
        self.times_learned.append((owner, recorded, live))
        return True

    def _lifetime(self, recorded: dict[str, Any], live: dict[str, Any], path: str) -> None:
        """Compare how long two sessions live: from when they were made, or were used last."""
        old, new = _lifetimes(recorded), _lifetimes(live)
        both = old.keys() & new.keys()
        if both and all(abs(old[each] - new[each]) > _SAME_LIFETIME for each in both):
            expected, actual = (each[_SESSION_EXPIRY]["iso"] for each in (recorded, live))
            self.found.append(Difference(f"{path}.iso", Kind.VALUE, expected, actual))

    def _minted_date(self, recorded: Any, live: Any, path: str) -> None:
        if not (isinstance(live, str) and _ISO.fullmatch(live)):
            self.found += differences(recorded, live, path)

    def _files(self, recorded: dict[str, Any], live: dict[str, Any], path: str, owner: str) -> None:
        self.file_name(recorded.get("name"), live.get("name", MISSING), f"{path}.name")
        self.file_url(recorded.get("url", MISSING), live.get("url", MISSING), f"{path}.url")
        old, new = (
            {name: value for name, value in each.items() if name not in _OF_FILES}
            for each in (recorded, live)
        )
        if old or new:
            self.values(old, new, path, owner)

    def file_name(self, recorded: Any, live: Any, path: str) -> None:
        """Compare two stored file names: what the client called the file has to stay."""
        old = parse_file_name(recorded) if isinstance(recorded, str) else None
        new = parse_file_name(live) if isinstance(live, str) else None
        if old is None or new is None or old.name != new.name:
            self.found += differences(recorded, live, path)
        elif not self._same(recorded, live, lambda _: True):
            self.found.append(Difference(path, Kind.VALUE, self.expected(recorded), live))

    def file_url(self, recorded: Any, live: Any, path: str) -> None:
        """Compare two URLs of files: base and owner are the server's, the name is bound."""
        if recorded is MISSING and live is MISSING:
            return
        if not (isinstance(recorded, str) and isinstance(live, str)):
            self.found += differences(recorded, live, path)
        elif not self._same_url(recorded, live):
            self.found.append(Difference(path, Kind.VALUE, recorded, live))

    def _same_url(self, recorded: str, live: str) -> bool:
        if "://" not in recorded or "://" not in live:
            return False
        old, new = parse_file_url(recorded), parse_file_url(live)
        if old is not None and new is not None:
            return self.expected(old.name) == new.name
        return False

    def location(self, recorded: str, live: str | None, mounts: tuple[str, str]) -> None:
        """Compare two ``Location`` headers below their mounts.

        Args:
            recorded: The recorded header.
            live: The live one, ``None`` if there is none.
            mounts: Path of the recorded and of the live mount.
        """
        path = "$header.Location"
        if live is None:
            self.found.append(Difference(path, Kind.MISSING, recorded, None))
            return
        if self._same_url(recorded, live):
            return
        old, new = _below(recorded, mounts[0]), _below(live, mounts[1])
        if old is None or new is None:
            if recorded != live:
                self.found.append(Difference(path, Kind.VALUE, recorded, live))
        elif [self.expected(each) for each in old] != new:
            if self.expected(old[-1]) == new[-1]:
                # The same object by another route: the routes are what differs.
                recorded, live = ("/".join([*each[:-1], ":id"]) for each in (old, new))
            self.found.append(Difference(path, Kind.VALUE, recorded, live))


def _is_other_type(recorded: dict[str, Any], live: dict[str, Any]) -> bool:
    """Return whether one of Parse's values became something that has nothing in common with it."""
    return "__type" in recorded and not recorded.keys() & live.keys()


def _lifetimes(session: dict[str, Any]) -> dict[str, timedelta]:
    """Return the time until a session ends, by the time that it is counted from."""
    expiry = session.get(_SESSION_EXPIRY)
    end = _moment(expiry.get("iso")) if isinstance(expiry, dict) else None
    starts = {name: _moment(session.get(name)) for name in MINTED_TIMES}
    return {name: end - start for name, start in starts.items() if end and start}


def _moment(value: Any) -> datetime | None:
    if not (isinstance(value, str) and _ISO.fullmatch(value)):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:  # the 30th of February
        return None


def _is_token(text: str) -> bool:
    return token_format(text) is not None


def _below(url: str, mount: str) -> list[str] | None:
    try:
        path = urlsplit(url).path
    except ValueError:
        return None
    return path[len(mount) :].split("/") if path.startswith(mount + "/") else None
