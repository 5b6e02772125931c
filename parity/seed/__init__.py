"""Parse-shaped databases of any size, made the same way every time.

``plan`` says what and how much, ``engine`` writes it; ``people``, ``content`` and ``files`` make
the documents, ``schema`` the classes and indexes, ``quirks`` what the hosted service left behind.
"""

from parity.seed.engine import SeedReport, class_schemas, encoded_batches, seed_database
from parity.seed.passwords import password_of, username_of
from parity.seed.plan import VERSION, SeedPlan

__all__ = [
    "VERSION",
    "SeedPlan",
    "SeedReport",
    "class_schemas",
    "encoded_batches",
    "password_of",
    "seed_database",
    "username_of",
]
