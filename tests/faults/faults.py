"""All named faults, and the mutants beside them."""

from __future__ import annotations

from tests.faults.faults_cloud import cloud
from tests.faults.faults_files import files
from tests.faults.faults_queries import queries
from tests.faults.faults_sessions import sessions
from tests.faults.faults_smoke import smoke
from tests.faults.faults_users import users
from tests.faults.faults_writes import objects  # which adds to those of faults_objects
from tests.faults.model import Fault
from tests.faults.mutants import last, mutants

NAMED: tuple[Fault, ...] = tuple(
    fault
    for catalogue in (smoke, objects, queries, users, sessions, files, cloud)
    for fault in catalogue.faults
)
"""Each breaks one behaviour, and belongs to the area that must notice."""

MUTANTS: tuple[Fault, ...] = (*mutants.faults, *last.faults)
"""Each breaks much at once, in all areas."""
