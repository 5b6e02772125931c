"""Fixtures that the suites share; what every check may use is in parity/plugin/fixtures.py."""

from __future__ import annotations

import pytest

from parity.targets import ParseClient


@pytest.fixture
def js_sdk(parse: ParseClient) -> ParseClient:
    """A client that sends its credentials in the body, as the JavaScript SDK 1.6 does."""
    if parse.target.keys.javascript_key is None:
        pytest.skip("no javascript_key is configured")
    return parse.using(
        key="javascript_key",
        in_body=True,
        client_version="js1.6.14",
        installation_id="6b3bd2f4-0f3c-4f5e-9f0c-2d4f5b7a9c11",
    )
