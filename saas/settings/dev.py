"""One machine, no accounts: what `make run` uses."""

from .base import *  # noqa: F403
from .base import SECRET_KEY as _SECRET_KEY

DEBUG = True
SECRET_KEY = _SECRET_KEY or "a local key that protects nothing and is never used in production"
