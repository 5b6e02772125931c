"""One run: its folder, its targets, its register and its evidence.

The process that pytest was started in starts the run: it makes the folder, starts the embedded
servers if nothing else is configured, and probes the targets. Workers of pytest-xdist join it:
they read their own settings again, the facts from the run's folder, and the throw-away keys of
the embedded servers from the stack's private directory, so that no secret is left in a report.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from parity import __version__
from parity.compare import Register, load_register
from parity.compare.known import parse_version
from parity.model import HarnessError, SetUpFailed, Target, UserError
from parity.model.evidence import (
    NOT_TESTED,
    CapabilityFact,
    EvidenceWriter,
    Header,
    TargetFacts,
    utc_now,
)
from parity.model.toml import nearest
from parity.paths import shipped
from parity.plugin.causes import KnownCause, known_cause
from parity.plugin.options import RunOptions
from parity.report.files import make_folder, new_run_id
from parity.report.redact import redact_header
from parity.stack import Stack, default_members, start_stack, stop_stack
from parity.stack.stack import stack_from_json, stack_to_json
from parity.targets import Namespace, ServerFacts, load_settings, probe
from parity.targets.interlocks import refuse_shared_database
from parity.wire import Redactor

Progress = Callable[[str], None]
STACK_FILE = "run-stack.json"


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What is known before anything is started, the same in every process of a run.

    Attributes:
        run_id: Name of the run and of its folder.
        started_at: When it started, ISO 8601.
        seed: Seed of made-up data.
        pseudonym_key: Key of the pseudonyms, so that all workers use the same, in hex.
    """

    run_id: str
    started_at: str
    seed: int
    pseudonym_key: str

    @classmethod
    def make(cls, seed: int) -> RunPlan:
        """Return a plan for a new run."""
        started_at = utc_now()
        return cls(new_run_id(started_at), started_at, seed, secrets.token_hex(16))

    @property
    def mark(self) -> str:
        """Six characters that mark what the run writes."""
        return self.run_id.rpartition("-")[2]

    @property
    def wanted_file(self) -> Path:
        """Made by the first worker that has something to check."""
        return Path(tempfile.gettempdir()) / f"parity-{self.run_id}.wanted"

    def as_json(self) -> dict[str, Any]:
        """Return the plan for a worker."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> RunPlan:
        """Return the plan that :meth:`as_json` wrote."""
        return cls(**document)


class Run:
    """A run as one process sees it.

    Args:
        options: What the user asked for.
        plan: The plan, made here or by the controller.
        worker: ``main``, or the name of a pytest-xdist worker.
        arguments: The command line, for the evidence.
    """

    def __init__(
        self, options: RunOptions, plan: RunPlan, worker: str, arguments: Iterable[str]
    ) -> None:
        self.options = options
        self.plan = plan
        self.worker = worker
        self.arguments = tuple(arguments)
        self.settings = load_settings(options.config, os.environ, options.targets)
        # One for the process: fixtures come and go, and no name may come twice.
        self.namespace = Namespace(plan.mark + worker.replace("main", ""))
        self.targets: dict[str, Target] = {}
        self.facts: dict[str, ServerFacts] = {}
        self.registers: dict[str, Register] = {}
        self.causes: dict[str, KnownCause] = {}
        self.redactor = Redactor({}, bytes.fromhex(plan.pseudonym_key))
        self.evidence: EvidenceWriter | None = None
        self.stack: Stack | None = None
        self.started = False
        self.orphans: dict[str, list[str]] = {}
        self.ready_s = 0.0
        self.suites: list[Path] = []

    @property
    def target_names(self) -> tuple[str, ...]:
        """Names of the targets that the user selected.

        Raises:
            UserError: A name that is not there; the message has the nearest.
        """
        known = tuple(self.settings.targets) or tuple(member.name for member in default_members())
        for name in self.options.targets:
            if name not in known:
                raise UserError(f"--target {name}: {nearest(name, known)}", code="target")
        return tuple(name for name in known if name in (self.options.targets or known))

    @property
    def folder(self) -> Path:
        """The folder of the run."""
        return (self.options.reports or self.settings.reports).absolute() / self.plan.run_id

    @property
    def shared_file(self) -> Path:
        """What the first process tells the workers; removed at the end of the run."""
        return self.folder / "run.json"

    def need(self, target: str, *capabilities: str) -> None:
        """Let a check end here if its target cannot do what it needs.

        Args:
            target: Name of the target.
            capabilities: Names of :data:`parity.targets.CAPABILITIES`.

        Raises:
            SetUpFailed: One is there and wrong, so the check cannot judge anything.
            pytest.skip.Exception: One is not there: the check is unsupported.
        """
        missing = self.facts[target].missing(capabilities)
        if missing is None:
            return
        if missing.broken:
            raise SetUpFailed(f"{NOT_TESTED}{missing.reason}")
        pytest.skip(f"needs {missing.name}: {missing.reason}")

    def down_file(self, target: str) -> Path:
        """Where a process says that a target is down; it holds the reason."""
        return self.folder / f"down-{target}"

    @property
    def embedded(self) -> bool:
        """Whether the run starts its own servers."""
        return not self.settings.targets

    # The first process

    def start(self, progress: Progress) -> None:
        """Make the folder, start or reach the targets, and probe them.

        Args:
            progress: Told in a few words what takes time.

        Raises:
            UserError: Something to change first: settings, disk, missing parts.
            HarnessError: A target that does not answer or is no Parse server.
        """
        started = time.perf_counter()
        make_folder(self.folder)
        register = self._register()
        if self.embedded:
            self.stack = self._start_stack(progress)
            self.targets = {each.name: each for each in self.stack.targets}
        else:
            self.targets = {name: self.settings.targets[name] for name in self.target_names}
        refuse_shared_database(self.targets.values(), allowed=self.settings.allow_shared_database)
        probes = Namespace(self.plan.mark + "probe")
        self.facts = {name: probe(target, probes) for name, target in self.targets.items()}
        self.ready_s = time.perf_counter() - started
        self._ready(register)
        if self.stack is not None:
            _write_private(self.stack.directory / STACK_FILE, stack_to_json(self.stack))
        document = {
            "stack": str(self.stack.directory) if self.stack is not None else None,
            "facts": [fact.as_json() for fact in self.facts.values()],
        }
        self.shared_file.write_text(json.dumps(document), encoding="utf-8")

    def _start_stack(self, progress: Progress) -> Stack:
        members = [member for member in default_members() if member.name in self.target_names]
        cloud = self.options.cloud or shipped("scenarios/cloud/main.js")
        if not cloud.is_file():
            raise UserError(f"{cloud}: no such file", "Give the path of cloud code with --cloud.")
        return start_stack(members, owner_pid=os.getpid(), cloud=cloud, progress=progress)

    def stop(self) -> None:
        """Stop the embedded servers and remove what only the run could read."""
        if self.stack is not None:
            stop_stack(self.stack)
            self.stack = None
        for file in (
            self.plan.wanted_file,
            self.shared_file,
            *map(self.down_file, self.targets),
        ):
            with contextlib.suppress(OSError):
                file.unlink()

    # Workers

    def join(self) -> None:
        """Take over what the first process found out.

        Raises:
            HarnessError: The first process did not start the run.
        """
        try:
            document = json.loads(self.shared_file.read_text(encoding="utf-8"))
            if document["stack"] is not None:
                private = Path(document["stack"]) / STACK_FILE
                self.stack = stack_from_json(private.read_text(encoding="utf-8"))
                self.targets = {target.name: target for target in self.stack.targets}
            else:
                self.targets = {name: self.settings.targets[name] for name in self.target_names}
        except OSError as error:
            raise HarnessError("the run was not started, so this worker has no targets") from error
        self.facts = {f["target"]: ServerFacts.from_json(f) for f in document["facts"]}
        self._ready(self._register())

    # Both

    def _known_difference_folders(self) -> list[Path]:
        return [
            shipped("scenarios/known-differences"),
            *self.settings.known_differences,
            *self.options.known_differences,
        ]

    def _register(self) -> Register:
        return load_register(self._known_difference_folders())

    def _ready(self, register: Register) -> None:
        self.registers = {
            name: register.applying(target.style, parse_version(self.facts[name].version))
            for name, target in self.targets.items()
        }
        self.causes = {
            name: cause for name, facts in self.facts.items() if (cause := known_cause(facts))
        }
        known = {
            secret.value: "$" + (secret.source or f"{name}_{key}".upper().replace("-", "_"))
            for name, target in self.targets.items()
            for key, secret in target.secrets()
        }
        self.redactor = Redactor(known, bytes.fromhex(self.plan.pseudonym_key))
        self.started = True

    def open_evidence(self) -> EvidenceWriter:
        """Open this process's evidence file; it stays open until the session ends."""
        if self.evidence is None:
            path = self.folder / f"evidence-{self.worker}.jsonl"
            self.evidence = EvidenceWriter(path, self.header(self.worker))
        return self.evidence

    def header(self, worker: str = "main") -> Header:
        """Return the header of an evidence file."""
        header = Header(
            run_id=self.plan.run_id,
            started_at=self.plan.started_at,
            suite_version=__version__,
            seed=self.plan.seed,
            arguments=tuple(self.arguments),
            targets=tuple(
                TargetFacts.of(
                    target,
                    server_version=self.facts[name].version,
                    capabilities=tuple(
                        CapabilityFact(c.name, c.available, c.reason)
                        for c in self.facts[name].capabilities.values()
                    ),
                    digests=self.facts[name].digests,
                )
                for name, target in self.targets.items()
            ),
            worker=worker,
            digests={
                "suites": _digest(self.suites),
                "known_differences": _digest(self._digested()),
            },
        )
        return redact_header(header, self.redactor)

    def _digested(self) -> list[Path]:
        folders = self._known_difference_folders()
        return sorted(file for folder in folders for file in folder.glob("*.toml"))


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return f"sha256:{digest.hexdigest()}"


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
