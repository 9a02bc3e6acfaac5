"""What metering tells Prometheus."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter

UNITS: Final = Counter(
    "engagehub_metered_units_total", "Units above plans, by what became of them.", ["meter", "outcome"]
)
