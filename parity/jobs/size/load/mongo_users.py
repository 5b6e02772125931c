"""Operations on users, sessions, installations and files, as a Parse Server sends them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from gridfs import GridFSBucket

from parity.jobs.size.load.pools import Account
from parity.jobs.size.load.rest_http import Wrong
from parity.jobs.size.load.rest_users import ACCOUNTS
from parity.profiles.profile import Ask, Operation

if TYPE_CHECKING:
    from parity.jobs.size.load.mongo import MongoLoad, MongoUser

_DEFAULT_FILE: Final = 10_000
_YEAR: Final = timedelta(days=365)
_HASH: Final = "$2b$10$" + "x" * 53
_SESSIONS: Final = frozenset({Ask.SIGN_UP, Ask.LOG_IN, Ask.LOG_OUT})

Do = Callable[[], str]


def sign_up(user: MongoUser, _operation: Operation) -> Do:
    """Return what looks whether a name is free, and inserts a user and a session."""

    def do() -> str:
        load = user.load
        users = user.database[load.arrangement.stand_ins["_User"]]
        name = f"{load.prefix}_{load.worker}u{load.number()}".lower()
        if list(users.find({"username": name}, limit=1)):
            raise Wrong("a user of a name that is new is there")
        account = Account(name, "", load.new_id())
        moment = _now()
        users.insert_one(
            {
                "_id": account.object_id,
                "username": name,
                "_hashed_password": _HASH,
                "_created_at": moment,
                "_updated_at": moment,
                "_rperm": ["*", account.object_id],
                "_wperm": [account.object_id],
            }
        )
        _begin_session(user, account)
        user.pools.add(account)
        user.done()
        return str(Ask.SIGN_UP)

    return do


def log_in(user: MongoUser, operation: Operation) -> Do:
    """Return what finds a user by name and inserts a session."""
    instead = sign_up(user, operation)

    def do() -> str:
        account = user.pools.account()
        if account is None:
            return instead()
        users = user.database[user.load.arrangement.stand_ins["_User"]]
        found = list(users.find({"username": account.username}, limit=2))
        if [each["_id"] for each in found] != [account.object_id]:
            raise Wrong("another user than the one who logged in")
        _begin_session(user, account)
        user.done()
        return str(Ask.LOG_IN)

    return do


def log_out(user: MongoUser, operation: Operation) -> Do:
    """Return what deletes a session; with none to end it begins one: it is a log-in then."""
    instead = log_in(user, operation)

    def do() -> str:
        if not user.pools.sessions:
            return instead()
        sessions = user.database[user.load.arrangement.stand_ins["_Session"]]
        token = user.pools.sessions.popleft()
        found = list(sessions.find({"_session_token": token}, limit=1))
        if not found:
            raise Wrong("the session is not there")
        gone = sessions.delete_one({"_id": found[0]["_id"]}).deleted_count
        user.done()
        if gone != 1:
            raise Wrong("the session was not deleted")
        return str(Ask.LOG_OUT)

    return do


def installation(user: MongoUser, _operation: Operation) -> Do:
    """Return what looks for a device and inserts it."""

    def do() -> str:
        load = user.load
        devices = user.database[load.arrangement.stand_ins["_Installation"]]
        device = str(uuid.UUID(int=load.rng.getrandbits(128), version=4))
        if list(devices.find({"installationId": device}, limit=1)):
            raise Wrong("a device that is new is there")
        moment = _now()
        devices.insert_one(
            {
                "_id": load.new_id(),
                "installationId": device,
                "deviceType": load.rng.choice(("ios", "android")),
                "channels": [],
                "_created_at": moment,
                "_updated_at": moment,
            }
        )
        user.done()
        return str(Ask.INSTALLATION)

    return do


def upload(user: MongoUser, operation: Operation) -> Do:
    """Return what writes a file into GridFS."""
    bucket = _bucket(user)

    def do() -> str:
        content = user.load.rng.randbytes(operation.payload_bytes or _DEFAULT_FILE)
        name = f"{user.load.prefix.lower()}_{user.load.worker}f{user.load.number()}.bin"
        bucket.upload_from_stream(name, content)
        user.done()
        user.pools.files.append((name, content))
        return str(Ask.UPLOAD)

    return do


def download(user: MongoUser, operation: Operation) -> Do:
    """Return what reads a file from GridFS and compares every byte."""
    bucket = _bucket(user)
    instead = upload(user, operation)

    def do() -> str:
        if not user.pools.files:
            return instead()
        name, content = user.load.rng.choice(user.pools.files)
        found = bucket.open_download_stream_by_name(name).read()
        user.done()
        user.received = len(found)
        if found != content:
            raise Wrong("the bytes are not those of the file")
        return str(Ask.DOWNLOAD)

    return do


MAKERS: Final = {
    Ask.SIGN_UP: sign_up,
    Ask.LOG_IN: log_in,
    Ask.LOG_OUT: log_out,
    Ask.INSTALLATION: installation,
    Ask.UPLOAD: upload,
    Ask.DOWNLOAD: download,
}


def sign_up_some(load: MongoLoad) -> None:
    """Sign up users to begin with, if the profile has users at all."""
    if {each.ask for _, each in load.sent} & _SESSIONS:
        do = sign_up(load.client(), Operation(Ask.SIGN_UP, 0.0))
        for _ in range(ACCOUNTS):
            do()
        load.pools.sessions.clear()


def _bucket(user: MongoUser) -> Any:
    return GridFSBucket(user.database, bucket_name=f"{user.load.prefix}_files")


def _begin_session(user: MongoUser, account: Account) -> None:
    load = user.load
    token = f"r:{load.rng.getrandbits(128):032x}"
    moment = _now()
    user.database[load.arrangement.stand_ins["_Session"]].insert_one(
        {
            "_id": load.new_id(),
            "_session_token": token,
            "_p_user": f"_User${account.object_id}",
            "expiresAt": moment + _YEAR,
            "_created_at": moment,
            "_updated_at": moment,
        }
    )
    load.pools.sessions.append(token)


def _now() -> datetime:
    moment = datetime.now(UTC).replace(tzinfo=None)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
