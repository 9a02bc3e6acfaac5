"""Amounts of points: periods, the daily bonus, debt. Floor 3."""
