"""What is looked at beside the load: MongoDB, its collections, the processes, the machine.

Whatever cannot be seen is ``None``, never zero, with the reason kept beside it.
"""

from parity.jobs.size.probes.collections import CollectionFacts, collection_facts
from parity.jobs.size.probes.mongo import MongoFacts, MongoProbe, MongoSample
from parity.jobs.size.probes.processes import MachineSample, ProcessSample, Role
from parity.jobs.size.probes.sampler import Cost, Sample, Sampler, open_probes

__all__ = [
    "CollectionFacts",
    "Cost",
    "MachineSample",
    "MongoFacts",
    "MongoProbe",
    "MongoSample",
    "ProcessSample",
    "Role",
    "Sample",
    "Sampler",
    "collection_facts",
    "open_probes",
]
