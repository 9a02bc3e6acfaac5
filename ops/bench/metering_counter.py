"""The worker of the `metering` benchmark: `python -m ops.bench.metering_counter <now> <tenant id>…`.

For each line it reads it counts every community, whole, and answers how many seconds that took; 0 first, once it is ready.
"""

from __future__ import annotations

import sys
import time
from datetime import datetime

import django


def main(now: str, ids: list[str]) -> None:
    django.setup()
    from django.conf import settings

    from billing.metering.counting import count_usage
    from saas.core import clock

    settings.BILLING_ON = True
    print(0, flush=True)
    with clock.frozen_at(datetime.fromisoformat(now)):
        for _line in sys.stdin:
            began = time.perf_counter()
            for tenant_id in ids:
                count_usage(tenant_id=int(tenant_id))
            print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
