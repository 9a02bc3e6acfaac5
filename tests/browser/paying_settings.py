"""The settings of a web process under test that sells plans: the tests' own, with the local Stripe that the environment names."""

from __future__ import annotations

import os

from saas.settings.test import *  # noqa: F403

STRIPE_SECRET_KEY = os.environ["STRIPE_SECRET_KEY"]
STRIPE_WEBHOOK_SECRETS = [os.environ["STRIPE_WEBHOOK_SECRET"]]
STRIPE_API_URL = os.environ["STRIPE_API_URL"]
BILLING_ON = True
