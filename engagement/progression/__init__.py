"""The only door that changes points, levels and standings. Floor 4."""
