"""Where ``parity replay`` replays to: configured targets, or embedded servers for its length."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from parity.jobs.replay.job import Asked
from parity.model import Target, UserError, Writes
from parity.stack import Member, hosted_member, selfhosted_member, start_stack, stop_stack
from parity.targets import load_settings, refuse_shared_database


@contextmanager
def open_targets(asked: Asked) -> Iterator[list[Target]]:
    """Give the targets: configured ones, or embedded servers for the length of the replay."""
    if asked.config is not None:
        settings = load_settings(asked.config, os.environ, asked.targets)
        names = asked.targets or tuple(settings.targets)
        unknown = [name for name in names if name not in settings.targets]
        if unknown or (not asked.targets and len(names) != 1):
            raise UserError(
                f"{asked.config} has the targets {', '.join(settings.targets)}",
                "Choose with --target NAME.",
                code="target",
            )
        targets = [settings.targets[name] for name in names]
        for target in targets:
            _refuse_namespaced(target, asked)
        if not asked.read_only:
            refuse_shared_database(targets, allowed=settings.allow_shared_database)
        yield targets
        return
    yield from _embedded(asked)


def _embedded(asked: Asked) -> Iterator[list[Target]]:
    if asked.resume is not None:
        raise UserError(
            "an embedded server ends with its replay, so there is nothing to go on with",
            "--resume is for targets of a parity.toml (--config).",
            code="resume",
        )
    offered = {"hosted": hosted_member(), "selfhosted": selfhosted_member()}
    names = asked.targets or ("selfhosted",)
    unknown = [name for name in names if name not in offered]
    if unknown:
        raise UserError(
            f"--target {unknown[0]}: the embedded targets are hosted and selfhosted",
            "Give --config to use your own targets.",
            code="target",
        )
    members = [offered[name] for name in names]
    if asked.control:
        one = members[0]
        members = [one, Member(f"{one.name}-again", one.version, one.style, one.mount, one.options)]
    stack = start_stack(members, cloud=asked.cloud)
    try:
        yield list(stack.targets)
    finally:
        stop_stack(stack)


def _refuse_namespaced(target: Target, asked: Asked) -> None:
    if target.writes is Writes.NAMESPACED and not asked.read_only:
        raise UserError(
            f"a replay writes to the classes of the app, and {target.name!r} allows only names "
            "of its own",
            f'Point it at a server that is thrown away (writes = "disposable" under '
            f"[targets.{target.name}]), or send only what reads: --read-only.",
            code="writes-namespaced",
        )
