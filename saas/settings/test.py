"""The tests: like dev, without debug, with quick password hashing and only warnings in the log."""

from .dev import *  # noqa: F403
from .logs import configure_logging

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
LOGGING = configure_logging(form="readable", level="WARNING")
