"""What a difference, a setting or a finding is, and what to do about it.

Reads the register of known differences, the catalogue, the settings of step 6 and the
``codes.toml`` of every job, without importing the jobs.
"""

from parity.explain.codes import load_codes
from parity.explain.facts import Fact, find, load_facts, nearest_facts, select
from parity.explain.text import write_facts, write_list

__all__ = [
    "Fact",
    "find",
    "load_codes",
    "load_facts",
    "nearest_facts",
    "select",
    "write_facts",
    "write_list",
]
