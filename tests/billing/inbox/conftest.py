"""The endpoint, in test mode."""

from __future__ import annotations

import pytest

from tests.billing.inbox.material import SECRET, TEST_KEY


@pytest.fixture(autouse=True)
def _endpoint(settings: object) -> None:
    settings.STRIPE_SECRET_KEY = TEST_KEY  # type: ignore[attr-defined]
    settings.STRIPE_WEBHOOK_SECRETS = [SECRET]  # type: ignore[attr-defined]
