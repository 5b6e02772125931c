"""Servers that the tests of a worker share; none of them changes what another one sees."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import trustme

from tests.jobs.deployment.world import Authority, Deployment, deployed
from tests.mongod import Mongod


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A private certificate authority."""
    ca = trustme.CA()
    file = tmp_path_factory.mktemp("authority") / "ca.pem"
    ca.cert_pem.write_to_path(file)
    return Authority(ca, file)


@pytest.fixture(scope="session")
def good(mongod: Mongod, authority: Authority) -> Iterator[Deployment]:
    """A deployment with nothing wrong."""
    with deployed(mongod, authority) as running:
        yield running
