"""What the inbox tells Prometheus."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter

WEBHOOKS: Final = Counter(
    "engagehub_stripe_webhooks_total", "Webhooks of Stripe's that came, by what became of them.", ["outcome"]
)
SETTLED: Final = Counter(
    "engagehub_stripe_events_total", "Stripe's events that were worked off, by how it ended.", ["outcome"]
)
