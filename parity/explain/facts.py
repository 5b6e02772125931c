"""What ``parity explain`` knows: the register, the catalogue and the settings, as one list."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from parity.compare import KnownDifference, load_register
from parity.compare.catalogue import CatalogueEntry, Status, load_catalogue
from parity.compare.known import parse_version
from parity.compare.versions import Versions
from parity.jobs.settings.catalogue import Setting
from parity.jobs.settings.catalogue import catalogue as app_settings
from parity.model import UserError
from parity.model.toml import nearest
from parity.paths import shipped
from parity.stack.versions import HOSTED_VERSION, SELFHOSTED_VERSION

EMBEDDED = (HOSTED_VERSION, SELFHOSTED_VERSION)
SCENARIO = re.compile(r"suites/compat/test_compat\.py::test_scenario\[([^\]]+)\]")
WORDS = re.compile(r"[a-z0-9]+")
APP_SETTING = "app setting"
_WORST_FIRST = ("breaking", "security", "benign")


@dataclass(frozen=True, slots=True)
class Fact:
    """A difference, as it is explained.

    Attributes:
        id: ``KD-…``, ``SET-…``; empty for an entry of the catalogue alone.
        slug: Entry of the catalogue, or key of the hosted settings file; may be empty.
        title: One line.
        area: Part of the API.
        severity: What it does to an app.
        status: What became of it; see :class:`parity.compare.catalogue.Status`. Or
            :data:`APP_SETTING`, or ``finding``.
        versions: Parse Server versions that show it; empty where that is not known.
        always: Whether every such server shows it.
        styles: Styles of target that show it.
        hosted: What the hosted service did, for an entry of the catalogue alone.
        cause: Why the target behaves so.
        effect: What an app notices.
        remedy: What to change.
        provenance: How it is known.
        source: Where that can be read.
        checks: Checks that observe it, or that keep both sides alike.
        scenarios: Scenarios that show it.
        met: When an app meets it, one condition each; the first are requests.
        shows: How it shows in recorded traffic.
        unseen: Why it cannot be seen in traffic, if it cannot.
        observable: Whether and where it is seen here, in a sentence.
        owner: Who looks after the entry.
    """

    id: str
    slug: str
    title: str
    area: str
    severity: str
    status: str
    provenance: str
    source: str
    observable: str
    versions: str = ""
    always: bool = True
    styles: tuple[str, ...] = ()
    hosted: str = ""
    cause: str = ""
    effect: str = ""
    remedy: str = ""
    checks: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    met: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()
    unseen: str = ""
    owner: str = ""
    see: tuple[str, ...] = field(default_factory=tuple)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)

    def line(self) -> tuple[str, str, str, str, str, str]:
        """Return it in six words, for a list."""
        return (self.id, self.slug, self.area, self.severity, self.versions, self.title)

    def rows(self) -> Iterator[tuple[str, str | tuple[str, ...]]]:
        """Yield labels with what to say, in the order in which people read."""
        always = "" if self.always else ", where an option of the server decides"
        versions = f"Parse Server {self.versions}{always}" if self.versions else ""
        yield "area and severity", f"{self.area}, {self.severity}"
        is_setting = self.status == APP_SETTING
        named = "field of the hosted settings file" if is_setting else "entry of the catalogue"
        yield named, self.slug if self.id else ""
        yield "shown by", versions
        yield "the hosted service", self.hosted
        yield "cause", self.cause
        yield "what an app notices", self.effect
        yield "what to do", self.remedy
        yield "how we know", ": ".join(filter(None, (self.provenance, self.source)))
        yield "observable here", self.observable
        yield "scenario", self.scenarios
        yield "checks", self.checks
        yield "an app meets it by", self.met
        yield "it shows in traffic as", self.shows
        yield "not seen in traffic", self.unseen
        yield "see also", self.see


def load_facts(folders: tuple[Path, ...] = ()) -> list[Fact]:
    """Read the register, the catalogue and the app settings.

    Args:
        folders: Further folders of known differences.

    Returns:
        Known differences by id, then the other entries of the catalogue and the settings of step 6,
        each in the order of its file.

    Raises:
        UserError: A file is wrong.
    """
    register = load_register([shipped("scenarios/known-differences"), *folders])
    entries = sorted(register, key=lambda entry: entry.id)
    related: dict[str, list[str]] = {}
    for entry in entries:
        related.setdefault(entry.slug, []).append(entry.id)
    catalogue = load_catalogue(shipped("scenarios/catalogue.toml"))
    files = {file.name: file for file in shipped("scenarios/compat").glob("*.yaml")}
    known = [
        _known(entry, related.get(entry.slug, []) if entry.slug else [], files) for entry in entries
    ]
    catalogued = [_catalogued(entry, files) for entry in catalogue]
    return known + catalogued + [_setting(setting) for setting in app_settings().values()]


def _known(entry: KnownDifference, related: list[str], files: dict[str, Path]) -> Fact:
    checks = tuple(dict.fromkeys(c for sign in entry.recognise for c in sign.checks))
    shown = [v for v in EMBEDDED if v in entry.versions]
    if shown:
        observable = f"yes, on the embedded {' and '.join(shown)}"
    else:
        observable = "on other versions than the suites run; see docs/stack.md to start one"
    return Fact(
        id=entry.id,
        slug=entry.slug,
        title=entry.title,
        area=entry.area,
        severity=str(entry.severity),
        status=str(Status.KNOWN_DIFFERENCE),
        provenance=entry.provenance,
        source=entry.source,
        observable=observable,
        versions=str(entry.versions),
        always=entry.always,
        styles=entry.styles,
        cause=entry.cause,
        effect=entry.effect,
        remedy=entry.remedy,
        checks=tuple(check for check in checks if not SCENARIO.fullmatch(check)),
        scenarios=_scenarios(checks, files),
        met=tuple(word for when in entry.after or entry.when for word in when.words()),
        shows=tuple(word for shows in entry.shows for word in shows.words()),
        unseen=entry.unseen,
        owner=entry.owner,
        see=tuple(other for other in related if other != entry.id),
    )


def _catalogued(entry: CatalogueEntry, files: dict[str, Path]) -> Fact:
    if entry.status is Status.NOT_OBSERVABLE and entry.reason is not None:
        observable = f"no: {entry.reason.sentence}. {entry.because}"
    elif entry.status is Status.SAME:
        observable = f"no difference on the embedded {' and '.join(EMBEDDED)}; checks keep it so"
    else:
        observable = f"yes, as {entry.difference}. {entry.because}"
    return Fact(
        id="",
        slug=entry.slug,
        title=entry.server,
        area=entry.area,
        severity=entry.severity,
        status=str(entry.status),
        provenance=entry.provenance,
        source=entry.source,
        observable=observable,
        hosted=entry.hosted,
        checks=tuple(check for check in entry.checks if not SCENARIO.fullmatch(check)),
        scenarios=_scenarios(entry.checks, files),
        see=(entry.difference,) if entry.difference else (),
    )


def _setting(setting: Setting) -> Fact:
    sides = (("more", setting.more), ("less", setting.less))
    since = re.match(r"\d+(\.\d+)+", setting.since)
    hosted = "" if setting.hosted is None else setting.words(setting.hosted)
    return Fact(
        id=setting.code,
        slug=setting.key,
        title=setting.title,
        area=setting.area,
        severity=min((str(side.severity) for _, side in sides), key=_WORST_FIRST.index),
        status=APP_SETTING,
        provenance="documented",
        source=setting.source,
        observable=f"`parity settings` asks the server for it (check settings/{setting.name})",
        versions=f">={since[0]}" if since else "",
        always=False,
        hosted=f"{hosted} ({setting.hosted_source})" if hosted else "as each app had chosen",
        cause=f"option of Parse Server: {setting.option} (since {setting.since})",
        effect=" ".join(f"{_than(setting, name)}: {side.effect}" for name, side in sides),
        remedy=" ".join(f"{_than(setting, name)}: {side.remedy}" for name, side in sides),
        see=(setting.guide,) if setting.guide else (),
    )


def _than(setting: Setting, side: str) -> str:
    if setting.kind == "switch":
        value = setting.yes if side == "more" else setting.no
        return f"If the server says {value!r} and the hosted app did not"
    return f"If the server has {side} than the hosted app"


def _scenarios(checks: tuple[str, ...], files: dict[str, Path]) -> tuple[str, ...]:
    ids = [match[1] for check in checks if (match := SCENARIO.fullmatch(check))]
    return tuple(
        f"scenarios/compat/{name}"
        for scenario in ids
        for name in files
        if name.partition("-")[2] == f"{scenario}.yaml"
    )


def find(facts: list[Fact], query: str) -> list[Fact]:
    """Return the facts of a name, or else those with all words in their title, or else in them.

    Args:
        facts: What there is.
        query: What somebody typed.

    Returns:
        At most ten by words; all by name.
    """
    name = query.strip().casefold()
    exact = [fact for fact in facts if name in (fact.id.casefold(), fact.slug.casefold())]
    exact = exact or [fact for fact in facts if _shown_by(fact, name)]
    if exact or not (words := set(WORDS.findall(name))):
        return exact
    titled = [fact for fact in facts if words <= set(WORDS.findall(fact.title.casefold()))]
    found = titled or [fact for fact in facts if words <= _words(fact)]
    return found if len(found) <= 10 else []


def nearest_facts(facts: list[Fact], query: str, count: int = 5) -> list[Fact]:
    """Return the facts whose names and titles are most like a query."""
    name = query.casefold()
    words = set(WORDS.findall(name))

    def score(fact: Fact) -> float:
        shared = len(words & _words(fact)) / (len(words) or 1)
        names = [known.casefold() for known in (fact.id, fact.slug) if known]
        alike = max(difflib.SequenceMatcher(None, name, known).ratio() for known in names)
        return max(shared, alike)

    return sorted(facts, key=score, reverse=True)[:count]


def select(
    facts: list[Fact], *, area: str | None, severity: str | None, version: str | None
) -> list[Fact]:
    """Return the facts of an area and severity that a version shows.

    Raises:
        UserError: No such area, or not a version; names the nearest.
    """
    areas = tuple(sorted({fact.area for fact in facts}))
    if area is not None and area not in areas:
        raise UserError(f"--area {area}: {nearest(area, areas)}")
    comparable = parse_version(version)
    if version is not None and comparable is None:
        raise UserError(f"--version {version}: not a version", "Write it as in 9.10.0.")
    return [
        fact
        for fact in facts
        if (area is None or fact.area == area)
        and (severity is None or fact.severity == severity)
        and (comparable is None or _shows(fact, comparable))
    ]


def _shows(fact: Fact, version: str) -> bool:
    if fact.status not in (Status.KNOWN_DIFFERENCE, APP_SETTING):
        return False
    return version in Versions(fact.versions)


def _shown_by(fact: Fact, name: str) -> bool:
    return any(
        name in (file.casefold(), Path(file).stem.casefold(), Path(file).stem.partition("-")[2])
        for file in fact.scenarios
    )


def _words(fact: Fact) -> set[str]:
    text = f"{fact.id} {fact.slug} {fact.title} {fact.area} {fact.cause}"
    return set(WORDS.findall(text.casefold()))
