"""Replays recorded traffic against a target and explains every difference."""
