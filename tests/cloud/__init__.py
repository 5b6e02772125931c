"""Cloud code for the servers of tests."""

from __future__ import annotations

from pathlib import Path

CLOUD = Path(__file__).with_name("main.js")
"""What the suites need, with passwords that are quickly hashed; from Parse Server 8 on."""
