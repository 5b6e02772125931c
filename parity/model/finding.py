"""What a person must see, and the catalogue that explains each kind of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from parity.model.formats import Format
from parity.model.toml import Document, WrongToml

Severity = Literal["breaking", "benign", "security"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a person must know of a check.

    Attributes:
        code: Stable code: ``AUD-POINTER-MISSING``.
        severity: What it does to an app.
        cause: Why it is so.
        remedy: What to do: a sentence, a query or a command.
        reproduce: A command that shows it again; empty if there is none.
        seen: What was seen this time, with numbers; empty where the check's reason says it.
        fails: Whether its check fails by it; otherwise it is a warning.
    """

    code: str
    severity: Severity
    cause: str
    remedy: str
    reproduce: str = ""
    seen: str = ""
    fails: bool = True


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding: an entry of a ``codes.toml``.

    Attributes:
        id: Stable name, for scripts and reports: ``DEP-TLS-NONE``. It is the entry's table.
        severity: What it does to an app.
        title: One line. For a condition, the sentence that holds when all is well.
        cause: What is wrong or usually leads to it, and why it matters.
        effect: What an app or its users notice, where ``cause`` does not say it.
        remedy: What to do; may hold places in braces that :meth:`finding` fills.
        source: Where the demand comes from: a document's section, a source file, a recording.
        versions: Parse Server versions that it concerns, as a specifier; empty for all.
        fails: Whether a check fails by it; otherwise it is a warning.
    """

    id: str
    severity: Severity
    title: str = ""
    cause: str = ""
    effect: str = ""
    remedy: str = ""
    source: str = ""
    versions: str = ""
    fails: bool = True

    def finding(
        self, seen: str = "", *, remedy: str = "", reproduce: str = "", **places: str
    ) -> Finding:
        """Return a finding of this kind.

        Args:
            seen: What was seen this time.
            remedy: What to do, where it is more exact than the code's own.
            reproduce: A command that shows it again.
            places: What stands in the braces of the code's own remedy, as ``{name}``.
        """
        advice = remedy or (self.remedy.format(**places) if places else self.remedy)
        cause = self.cause or self.effect or self.title
        return Finding(self.id, self.severity, cause, advice, reproduce, seen, self.fails)

    def __str__(self) -> str:
        return self.id


_CODES: Final = Format[Mapping[str, Code]](dict[str, Code])


class Catalogue(Mapping[str, Code]):
    """The codes of one job, by id.

    A module that speaks of a code takes it out once, at import, into a constant; so a misspelt id
    is an error when the module is loaded, and a misspelt constant one of the type checker.

    Args:
        codes: All codes.
    """

    def __init__(self, codes: Mapping[str, Code]) -> None:
        self._codes = dict(codes)

    def __getitem__(self, code: str) -> Code:
        try:
            return self._codes[code]
        except KeyError:
            raise KeyError(f"no codes.toml has an entry {code!r}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._codes)

    def __len__(self) -> int:
        return len(self._codes)


def read_catalogue(module_file: str) -> Catalogue:
    """Read the ``codes.toml`` beside a module.

    Args:
        module_file: The module's ``__file__``.

    Raises:
        ValueError: An entry is not what :class:`Code` says; that is a fault of ours.
    """
    file = Path(module_file).with_name("codes.toml")
    try:
        document = Document(file.read_text(encoding="utf-8"))
        codes = {name: {"id": name, **entry} for name, entry in document.value.items()}
        return Catalogue(document.read(_CODES, codes))
    except WrongToml as error:
        raise ValueError(f"{file}: {error}") from None


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings in the order of evidence: those that fail their check first."""
    return tuple(sorted(findings, key=lambda finding: not finding.fails))
