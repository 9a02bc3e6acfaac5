"""Insights: how the economy is, how rewards fare, what sponsors get."""
