"""The dossier for machines; its shape is in ``schemas/dossier.schema.json``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from parity.dossier.model import (
    Coverage,
    Dossier,
    EvidenceFile,
    Gap,
    JobReport,
    MeasuredOn,
    Met,
    OpenDifference,
    Share,
    Source,
)
from parity.dossier.seal import FORMAT, VERSION, seal
from parity.gate.output import board_json, gate_json


def dossier_json(dossier: Dossier) -> dict[str, Any]:
    """Return a dossier as a JSON value, with its seal: the digest of all the rest."""
    value: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "made_at": dossier.made_at,
        "suite_version": dossier.suite_version,
        "verdict": dossier.word,
        "answer": dossier.answer,
        "gates": [gate_json(gate) for gate in dossier.gates],
        "kept": [asdict(each) for each in dossier.kept],
        "steps": board_json(dossier.steps, dossier.made_at)["steps"],
        "decisions": [asdict(decision) for decision in dossier.decisions],
        "gaps": [_gap(gap) for gap in dossier.gaps],
        "warnings": list(dossier.warnings),
        "traffic": [_coverage(each) for each in dossier.traffic],
        "differences": {
            "unknown": [_difference(each) for each in dossier.unknown],
            "known": [_difference(each) for each in dossier.known],
        },
        "sections": [
            {
                "id": section.id,
                "title": section.title,
                "reports": [_report(report) for report in section.reports],
                "missing": [{"job": job, "command": command} for job, command in section.missing],
            }
            for section in dossier.sections
        ],
        "changed": [
            {"gates": list(gates), "rule": rule, "change": change}
            for gates, rule, change in dossier.changed
        ],
        "waivers": [
            {**asdict(waiver.waiver), "state": waiver.state, "gates": list(waiver.gates)}
            for waiver in dossier.waivers
        ],
        "measured_on": [_measured(each) for each in dossier.measured_on],
        "targets": [
            {
                "name": target.name,
                "style": target.style,
                "url": target.url,
                "server_version": target.server_version,
                "embedded": target.embedded,
                "note": target.note,
            }
            for target in dossier.targets
        ],
        "files": [_file(file) for file in dossier.files],
        "gate_file": {"path": dossier.gate_file, "sha256": dossier.gate_file_sha256},
    }
    return {**value, "seal": seal(value)}


def _gap(gap: Gap) -> dict[str, Any]:
    return {**asdict(gap), "gates": list(gap.gates), "reasons": list(gap.reasons)}


def _coverage(each: Coverage) -> dict[str, Any]:
    return {
        "source": _source(each.source),
        "recording": each.recording,
        "total": each.total,
        "requests": _share(each.requests),
        "signatures": _share(each.signatures),
        "clients": _share(each.clients),
        "all_signatures": each.all_signatures,
        "became": [
            {"outcome": outcome, "requests": number, "means": means}
            for outcome, number, means in each.became
        ],
        "not_judged": [{"why": why, "requests": number} for why, number in each.not_judged],
        "note": each.note,
    }


def _source(each: Source) -> dict[str, Any]:
    return {**asdict(each), "judged_by": list(each.judged_by)}


def _share(each: Share | None) -> dict[str, int] | None:
    return None if each is None else {"part": each.part, "whole": each.whole}


def _difference(each: OpenDifference) -> dict[str, Any]:
    return {**asdict(each), "met": [_met(met) for met in each.met]}


def _met(each: Met) -> dict[str, Any]:
    return {**asdict(each), "count": _share(each.count), "clients": _share(each.clients)}


def _report(each: JobReport) -> dict[str, Any]:
    return {
        "source": _source(each.source),
        "counts": dict(each.counts),
        "areas": {name: dict(counts) for name, counts in each.areas.items()},
        "checks": [asdict(check) for check in each.checks],
        "totals": dict(each.totals),
        "tables": [
            {
                "id": table.id,
                "title": table.title,
                "columns": list(table.columns),
                "rows": [list(row) for row in table.rows],
                "note": table.note,
            }
            for table in each.tables
        ],
        "notices": list(each.notices),
    }


def _measured(each: MeasuredOn) -> dict[str, Any]:
    return {**asdict(each), "runs": list(each.runs)}


def _file(each: EvidenceFile) -> dict[str, Any]:
    return {**asdict(each), "rules": list(each.rules)}
