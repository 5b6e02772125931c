"""One audit of one database: one pass over every collection, then second looks where needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from packaging.version import InvalidVersion, Version
from pymongo.database import Database

from parity.jobs.audit import codes
from parity.jobs.audit.context import HOSTED_STORE, Context, is_hosted_file
from parity.jobs.audit.documents import ClassChecker
from parity.jobs.audit.findings import Unsound
from parity.jobs.audit.indexes import check_indexes, plain_keys
from parity.jobs.audit.joins import PREFIX, JoinChecker
from parity.jobs.audit.permissions import SCHEMA, SchemaChecker, check_schema
from parity.jobs.audit.references import FILES, ROLES, confirm
from parity.jobs.audit.sample import FileSample
from parity.jobs.audit.schema import (
    SYSTEM_CLASSES,
    VOLATILE_CLASSES,
    ClassSchema,
    is_class_name,
    read_schema,
)
from parity.jobs.audit.values import Reference
from parity.jobs.audit.walk import Document, Progress, Reader
from parity.model import UserError
from parity.model.finding import Code

NO_KEY_LIMIT = Version("4.2")
"""The first MongoDB without a limit on the length of index entries."""


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
        self.counts: list[CollectionCount] = []
        self.indexes: dict[str, Mapping[str, Mapping[str, Any]]] = {}
        self.checkers: dict[str, Any] = {SCHEMA: SchemaChecker()}

    def run(self) -> AuditReport:
        names = self._names()
        classes = read_schema(self.reader.collection(SCHEMA).find())
        read = [name for name in names if _is_parse(name, classes)]
        stats = {name: self.reader.collection(name).estimated_document_count() for name in read}
        self.reader.progress.total = sum(stats.values())
        self._files(names)
        check_schema(classes, self.context)
        version = str(self.database.client.server_info()["version"])
        ignored = tuple(sorted(set(names) - set(read) - {SCHEMA, FILES, "fs.chunks"}))
        try:
            for name in read:
                self._read(name, classes)
            self._look_again()
        except KeyboardInterrupt:
            raise AuditInterrupted(self._report(version, ignored)) from None
        return self._report(version, ignored)

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

    def _names(self) -> list[str]:
        wanted = {"type": "collection", "name": {"$not": {"$regex": "^system\\."}}}
        names = sorted(self.database.list_collection_names(filter=wanted))
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
        return names

    def _files(self, names: list[str]) -> None:
        if FILES not in names:
            return
        present = self.context.references.present[FILES]
        for _, documents in self.reader.batches(FILES, {"filename": 1}):
            found = (document.get("filename") for document in documents)
            present.extend(hash(each) for each in found if type(each) is str)
        self.context.gridfs = bool(present)

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
        return ClassChecker(schema, self.context, plain_keys(self.indexes[name]))

    def _look_again(self) -> None:
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
        try:
            harmless = Version(version) >= NO_KEY_LIMIT
        except InvalidVersion:
            harmless = False
        if harmless:
            self.context.findings.weigh(codes.INDEX_KEY_LONG, "benign")


def _is_parse(name: str, classes: Mapping[str, ClassSchema]) -> bool:
    if name.startswith(PREFIX):
        return name.count(":") >= 2
    return name != SCHEMA and (
        name in classes or name in VOLATILE_CLASSES or (is_class_name(name) and name != FILES)
    )


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
