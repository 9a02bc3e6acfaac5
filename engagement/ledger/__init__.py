"""Append-only entries and balances. Floor 1."""
