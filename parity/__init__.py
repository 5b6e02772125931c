"""Proves that a Parse app behaves the same after it moves."""

__version__ = "0.1.0"
