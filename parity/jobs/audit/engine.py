"""One audit of one database: one pass over every collection, then second looks where needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, Final, Protocol

from packaging.version import InvalidVersion, Version
from pymongo.database import Database

from parity.jobs.audit import codes
from parity.jobs.audit.context import HOSTED_STORE, Context, is_hosted_file
from parity.jobs.audit.documents import ClassChecker
from parity.jobs.audit.findings import Unsound
from parity.jobs.audit.gridfs import CHUNKS, check_gridfs
from parity.jobs.audit.indexes import check_indexes, check_kept_indexes, plain_keys
from parity.jobs.audit.joins import PREFIX, JoinChecker
from parity.jobs.audit.layout import check_layout, is_of_parse
from parity.jobs.audit.permissions import SCHEMA, SchemaChecker, check_ids, check_schema
from parity.jobs.audit.references import FILES, ROLES, confirm
from parity.jobs.audit.sample import FileSample
from parity.jobs.audit.schema import (
    SYSTEM_CLASSES,
    VOLATILE_CLASSES,
    ClassSchema,
    read_schema,
)
from parity.jobs.audit.values import Reference
from parity.jobs.audit.walk import Document, Progress, Reader
from parity.model import UserError
from parity.model.finding import Code

NO_KEY_LIMIT: Final = Version("4.2")
"""The first MongoDB without a limit on the length of index entries."""
KNOWS_SIZES: Final = Version("4.4")
"""The first MongoDB with ``$binarySize``."""
NO_GEO_FIELD: Final = Version("8.3")
"""The first MongoDB whose error does not say which field needs an index for ``$nearSphere``.

Source: parse-server pull request 10572.
"""


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """How to audit.

    Attributes:
        max_mb_s: Megabytes (10^6) to read a second at most; 0 for no limit.
        now: When sessions are expired; ``None`` for the present.
        file_key: Whether the server has a fileKey; ``None`` if nobody said.
        sample_files: Files to choose at random for a later request of each; 0 for none.
    """

    max_mb_s: float = 0.0
    now: datetime | None = None
    file_key: bool | None = None
    sample_files: int = 0


@dataclass(frozen=True, slots=True)
class CollectionCount:
    """What was read of one collection: its name, documents and bytes of BSON."""

    name: str
    documents: int
    bytes: int


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit found.

    Attributes:
        findings: What is unsound, in the order of the codes; empty for a sound database.
        collections: What was read.
        ignored: Collections that are no Parse classes, which were not read.
        mongo_version: Version of the server: ``6.0.5``.
        gridfs: Whether files are in GridFS; else their existence could not be looked up.
        file_sample: Files chosen for a request of each.
    """

    findings: tuple[Unsound, ...]
    collections: tuple[CollectionCount, ...]
    ignored: tuple[str, ...]
    mongo_version: str
    gridfs: bool
    file_sample: FileSample

    @property
    def documents(self) -> int:
        """Documents that were read."""
        return sum(collection.documents for collection in self.collections)

    @property
    def bytes(self) -> int:
        """Bytes of BSON that were read."""
        return sum(collection.bytes for collection in self.collections)

    def of(self, code: Code) -> tuple[Unsound, ...]:
        """Return the findings of one code."""
        return tuple(found for found in self.findings if found.code is code)


class AuditInterrupted(KeyboardInterrupt):
    """Somebody stopped the audit.

    Args:
        report: What was found until then. What needs a second look is missing: references to
            missing objects, duplicates, indexes.
    """

    def __init__(self, report: AuditReport) -> None:
        self.report = report
        super().__init__()


class _Checker(Protocol):
    def check(self, raw: bytes, documents: Sequence[Document], /) -> None: ...
    def references(self, key: str, value: Any) -> Iterable[Reference]: ...


def audit_database(
    database: Database[Document],
    options: AuditOptions | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> AuditReport:
    """Read a Parse database once and say what is unsound in it. Nothing is written.

    Args:
        database: The database; every collection of it is read.
        options: How to audit.
        progress: Told after each batch how far it is.

    Returns:
        The findings and what was read.

    Raises:
        UserError: The database is empty, or holds no Parse app.
        AuditInterrupted: On Ctrl-C; holds what was found until then.
        pymongo.errors.PyMongoError: The server cannot be reached or refuses to be read.
    """
    return _Audit(database, options or AuditOptions(), progress).run()


class _Audit:
    def __init__(
        self,
        database: Database[Document],
        options: AuditOptions,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self.database = database
        self.options = options
        self.reader = Reader(database, options.max_mb_s, progress)
        self.context = Context(file_key=options.file_key)
        if options.now is not None:
            self.context.now = options.now.astimezone(UTC).replace(tzinfo=None)
        self.sample = FileSample(options.sample_files)
        self.reader.broken_text = self._broken_text
        self.counts: list[CollectionCount] = []
        self.indexes: dict[str, Mapping[str, Mapping[str, Any]]] = {}
        self.checkers: dict[str, Any] = {SCHEMA: SchemaChecker()}

    def run(self) -> AuditReport:
        entries = self._entries()
        names = [entry["name"] for entry in entries if entry["type"] == "collection"]
        schemas = list(self.reader.collection(SCHEMA).find())
        classes = read_schema(schemas)
        read = [name for name in names if name != SCHEMA and is_of_parse(name, classes)]
        stats = {name: self.reader.collection(name).estimated_document_count() for name in read}
        self.reader.progress.total = sum(stats.values())
        check_layout(entries, classes, self.context.findings)
        check_schema(classes, self.context)
        check_ids(schemas, self.context.findings)
        version = str(self.database.client.server_info()["version"])
        there = {entry["name"] for entry in entries}
        ignored = tuple(sorted(there - set(read) - {SCHEMA, FILES, CHUNKS}))
        try:
            if {FILES, CHUNKS} & set(names):
                sizes = _is_at_least(version, KNOWS_SIZES)
                check_gridfs(self.reader, self.context, knows_sizes=sizes)
            for name in read:
                self._read(name, classes)
            self._look_again(classes)
        except KeyboardInterrupt:
            raise AuditInterrupted(self._report(version, ignored)) from None
        return self._report(version, ignored)

    def _broken_text(self, collection: str, identity: Any) -> None:
        self.context.findings.add(codes.TEXT_UTF8, collection, "", identity)

    def _report(self, version: str, ignored: tuple[str, ...]) -> AuditReport:
        self._weigh(version)
        return AuditReport(
            self.context.findings.result(),
            tuple(self.counts),
            ignored,
            version,
            self.context.gridfs,
            self.sample,
        )

    def _entries(self) -> list[Mapping[str, Any]]:
        wanted = {"name": {"$not": {"$regex": "^system\\."}}}
        found = sorted(self.database.list_collections(filter=wanted), key=itemgetter("name"))
        # MongoDB before 3.4 has no views, and does not say so.
        entries: list[Mapping[str, Any]] = [{"type": "collection", **entry} for entry in found]
        names = [entry["name"] for entry in entries if entry["type"] == "collection"]
        if not names:
            raise UserError(
                f"the database {self.database.name!r} is empty",
                "Correct the name of the database at the end of the MongoDB URI.",
                code="empty-database",
            )
        if SCHEMA not in names:
            raise UserError(
                f"the database {self.database.name!r} has no _SCHEMA, so it holds no Parse app",
                "Correct the name of the database at the end of the MongoDB URI.",
                code="not-parse",
            )
        return entries

    def _read(self, name: str, classes: Mapping[str, ClassSchema]) -> None:
        checker = self.checkers[name] = self._checker(name, classes)
        documents = before = self.reader.progress.documents
        size = self.reader.progress.bytes
        for raw, batch in self.reader.batches(name):
            checker.check(raw, batch)
            self.sample.look(name, classes.get(name), batch)
        documents = self.reader.progress.documents - before
        counted = CollectionCount(name, documents, self.reader.progress.bytes - size)
        self.counts.append(counted)
        if isinstance(checker, JoinChecker) and checker.circles is not None:
            checker.circles.report(self.context.findings)
        undeclared = name not in classes and not isinstance(checker, JoinChecker)
        if undeclared and documents and name not in SYSTEM_CLASSES | VOLATILE_CLASSES:
            text = f"{documents} documents"
            self.context.findings.add(codes.SCHEMA_MISSING, name, "", name, text)

    def _checker(self, name: str, classes: Mapping[str, ClassSchema]) -> _Checker:
        self.indexes[name] = self.reader.collection(name).index_information()
        if name.startswith(PREFIX):
            return JoinChecker(name, classes, self.context)
        schema = classes.get(name, ClassSchema(name, declared=False))
        return ClassChecker(schema, self.context, plain_keys(name, self.indexes[name]))

    def _look_again(self, classes: Mapping[str, ClassSchema]) -> None:
        self.reader.progress.step = "looking up"
        suspects = self.context.references.suspects()
        confirm(self.reader, suspects, self._extract, self._missing)
        self.context.duplicates.confirm(self.reader, self.context.findings)
        nulls = {
            (finding.collection, finding.field): finding.count
            for finding in self.context.findings.result()
            if finding.code in {codes.EMAIL_NULL, codes.USERNAME_MISSING}
        }
        if nulls.get(("_User", "username")):
            # Sparse: a username that is absent does not count, one that is null does.
            query = {"username": {"$type": "null"}}
            nulls["_User", "username"] = self.reader.collection("_User").count_documents(query)
        check_indexes(self.indexes, nulls, self.context.findings)
        check_kept_indexes(self.indexes, classes, self.context)

    def _extract(self, collection: str, key: str, value: Any) -> Iterable[Reference]:
        found: Iterable[Reference] = self.checkers[collection].references(key, value)
        return found

    def _missing(self, collection: str, key: str, target: str, identity: str, owner: Any) -> None:
        findings = self.context.findings
        if target in {FILES, HOSTED_STORE}:
            if not is_hosted_file(identity) and target == FILES:
                findings.add(codes.FILE_MISSING, collection, key, owner)
                return
            findings.add(codes.FILE_HOSTED, collection, key, owner)
            if self.options.file_key is False:
                findings.add(codes.FILE_NO_KEY, collection, key, owner)
        elif collection == SCHEMA:
            findings.add(codes.CLP_PRINCIPAL, str(owner), "", owner, _who(target, identity))
        else:
            code = _code_of(collection, key, target)
            named = code in {codes.ACL_USER_MISSING, codes.ACL_ROLE_MISSING}
            detail = _who(target, identity) if named else f"{target}${identity}"
            findings.add(code, collection, key, owner, detail)

    def _weigh(self, version: str) -> None:
        findings = self.context.findings
        if _is_at_least(version, NO_KEY_LIMIT):
            findings.weigh(codes.INDEX_KEY_LONG, "benign")
        if not _is_at_least(version, NO_GEO_FIELD):
            findings.weigh(codes.GEO_INDEX, "benign")
        if not self.context.sessions_end:
            # No session ends: that is what expireInactiveSessions: false makes.
            findings.weigh(codes.SESSION_ENDLESS, "benign")


def _is_at_least(version: str, least: Version) -> bool:
    try:
        return Version(version) >= least
    except InvalidVersion:
        return False


def _code_of(collection: str, key: str, target: str) -> Code:
    if key in {"_rperm", "_wperm"}:
        return codes.ACL_ROLE_MISSING if target == ROLES else codes.ACL_USER_MISSING
    if collection.startswith(PREFIX):
        return codes.JOIN_OWNER_MISSING if key == "owningId" else codes.JOIN_RELATED_MISSING
    if collection == "_Session" and key == "_p_user":
        return codes.SESSION_ORPHAN
    return codes.POINTER_MISSING


def _who(target: str, identity: str) -> str:
    return f"{target}{identity}" if target == ROLES else f"user {identity}"
