"""What index advice is about and what comes out of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from parity.model import Secret
from parity.model.finding import Code

Progress = Callable[[str], None]
"""Gets a line for people now and then: what is being looked at."""

Keys = tuple[tuple[str, int | str], ...]
"""The keys of an index in order: ``(("_p_author", 1), ("_created_at", -1))``."""


class IndexUse(StrEnum):
    """Whether a query is served by an index."""

    SERVED = "served"
    """By an index, with little read in vain."""
    SMALL = "small"
    """Not by an index; the collection is too small for that to matter."""
    SLOW = "slow"
    """Named: see the codes."""
    UNJUDGED = "could not judge"
    """No such class, no rows, too slow to explain, or nothing that we can translate."""


@dataclass(frozen=True, slots=True)
class AdviceOptions:
    """How the database is looked at.

    Attributes:
        samples: Sets of values that each shape is explained with, so that skew shows.
        max_time_ms: Most that MongoDB may work on one explain.
        budget_s: Most that all of it takes; what is left then is "could not judge".
        secondary: Whether explains go to a secondary where there is one.
        server_version: Parse Server version that will ask; decides the form of some queries.
        mongo_version: Version of the mongod that gets the indexes, if it is another one.
        small_rows: A scan of fewer documents than this is nothing to name.
        seed: Makes the choice of values repeatable where MongoDB's sample is.
    """

    samples: int = 5
    max_time_ms: int = 10_000
    budget_s: float = 300.0
    secondary: bool = False
    server_version: str = "9.10.0"
    mongo_version: str = ""
    small_rows: int = 1000
    seed: int = 0


@dataclass(frozen=True, slots=True)
class TryOut:
    """Where proposed indexes may be tried.

    Attributes:
        uri: URI of a mongod on which a scratch database may be made, filled and dropped.
        prefix: What the name of the scratch database starts with.
        max_rows: Rows of a class that are copied at most; a bounded sample beyond.
        rounds: Times that each query is timed without and with the index, in turn.
        max_s: Seconds after which a query gets no more rounds; three it gets always.
    """

    uri: Secret
    prefix: str
    max_rows: int = 500_000
    rounds: int = 7
    max_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What MongoDB did for one shape, over its samples.

    Attributes:
        docs: Documents examined, median.
        keys: Index keys examined, median.
        returned: Rows returned, median.
        ms: Execution time in milliseconds, median.
        worst_ms: The longest.
        scans: Whether a whole collection was read, in any sample.
        sorts: Whether rows were sorted in memory, in any sample.
        index: Names of the indexes used, in any sample.
    """

    docs: float
    keys: float
    returned: float
    ms: float
    worst_ms: float
    scans: bool
    sorts: bool
    index: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JudgedQuery:
    """One query that Parse Server sends for the profile, and what MongoDB does for it.

    Attributes:
        signature: The name of the operation, made unique; for a subquery with what it is:
            ``query Post where(author) order(-createdAt)``.
        class_name: The class.
        collection: The collection that is read.
        rate: Times a second at the profile's peak.
        use: Whether an index serves it.
        codes: What is wrong; empty unless ``use`` is ``slow``.
        reason: One sentence for people.
        cost: What was measured; ``None`` if nothing was.
        filter: The MongoDB query with ``?`` for values, for people.
        sort: The sort as MongoDB gets it.
        load: ``rate`` times the seconds one takes: mean number at work in MongoDB at the peak.
        advice: What to do if no index is proposed for it; empty otherwise.
        broken: Whether it could not be judged because time ran out or MongoDB refused, and not
            because there is nothing to judge.
    """

    signature: str
    class_name: str
    collection: str
    rate: float
    use: IndexUse
    codes: tuple[Code, ...] = ()
    reason: str = ""
    cost: Cost | None = None
    filter: Mapping[str, Any] = field(default_factory=dict)
    sort: Keys = ()
    load: float = 0.0
    advice: str = ""
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Tried:
    """An index tried on a copy.

    Attributes:
        query: Signature of the query that was timed.
        rows: Rows of the copy.
        of_rows: Rows of the class; more than ``rows`` if only a part was copied.
        before_ms: Median over the rounds of the mean time without the index.
        after_ms: The same with it.
        speedup: Median over the rounds of the first by the second.
        low: Lower end of the 95 % interval of the speed-up.
        high: Upper end.
        used: Whether the planner chose it for the shape.
        same_rows: Whether both returned the same rows.
    """

    query: str
    rows: int
    of_rows: int
    before_ms: float
    after_ms: float
    speedup: float
    low: float
    high: float
    used: bool
    same_rows: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """An index that would help.

    Attributes:
        collection: Where.
        keys: Its keys.
        serves: Signatures of the shapes that it helps.
        saves: Documents and keys that need not be examined each second at the peak.
        bytes: Estimated size.
        writes: Writes a second to the collection at the profile's peak, each of which has to
            keep it up to date.
        shell: The command for the mongo shell.
        command: The same as a database command (``createIndexes``).
        codes: Why it cannot be built as it is; empty if it can.
        notes: What the reader has to know.
        replaces: Name of an existing index that it makes superfluous; empty if none.
        tried: What a trial showed; empty if there was none.
    """

    collection: str
    keys: Keys
    serves: tuple[str, ...]
    saves: float
    bytes: int
    writes: float
    shell: str
    command: Mapping[str, Any]
    codes: tuple[Code, ...] = ()
    notes: tuple[str, ...] = ()
    replaces: str = ""
    tried: tuple[Tried, ...] = ()


@dataclass(frozen=True, slots=True)
class Advice:
    """All that was found.

    Attributes:
        judged: One for each query shape, costliest first.
        proposals: Most useful first.
        notes: What concerns no single shape: duplicate indexes, memory, old servers.
        mongo_version: ``6.0.5``.
        index_bytes: Size of the indexes of the profile's collections now.
        proposed_bytes: Estimated size of what is proposed.
        cache_bytes: WiredTiger's cache; 0 if not visible.
    """

    judged: tuple[JudgedQuery, ...]
    proposals: tuple[Proposal, ...]
    notes: tuple[str, ...] = ()
    mongo_version: str = ""
    index_bytes: int = 0
    proposed_bytes: int = 0
    cache_bytes: int = 0

    @property
    def slow(self) -> tuple[JudgedQuery, ...]:
        """The shapes that are named, costliest first."""
        return tuple(query for query in self.judged if query.use is IndexUse.SLOW)

    @property
    def unjudged(self) -> tuple[JudgedQuery, ...]:
        """The shapes that could not be judged."""
        return tuple(query for query in self.judged if query.use is IndexUse.UNJUDGED)
