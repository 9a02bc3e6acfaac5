"""The tests: like dev, without debug, with quick password hashing and only warnings in the log."""

from .dev import *  # noqa: F403
from .logs import configure_logging

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# No handler of our own: pytest collects the lines, and shows them with a test that fails.
LOGGING = configure_logging(form="readable", level="WARNING")
LOGGING["root"]["handlers"] = []
# Connections of their own: the tests drop and clone databases, and a pool would keep them open.
DATABASES["default"]["OPTIONS"].pop("pool", None)  # type: ignore[attr-defined]  # noqa: F405
# Tests that are about plans switch it on.
STRIPE_SECRET_KEY = ""
BILLING_ON = False
