"""What ingest tells Prometheus."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

ACTIVITIES: Final = Counter(
    "engagehub_ingest_activities_total",
    "Activities taken off the stream, by what became of them.",
    ["outcome"],
)
ENTRIES: Final = Counter("engagehub_ingest_entries_total", "Ledger entries that ingest booked.")
UNIT_SECONDS: Final = Histogram(
    "engagehub_ingest_unit_seconds",
    "How long one tenant's share of a batch took, commit included.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
LAG_SECONDS: Final = Gauge(
    "engagehub_ingest_lag_seconds", "Age of the newest entry read, when it was booked."
)
RETRIES: Final = Counter(
    "engagehub_ingest_retries_total", "Units that were tried again because Postgres or Redis was away."
)
HELD: Final = Gauge("engagehub_ingest_partitions_held", "Partitions that this process reads.")
