"""One machine, no accounts: what `make run` uses."""

from .base import *  # noqa: F403
from .base import FIELD_KEYS as _FIELD_KEYS
from .base import LOG_LEVEL as _LOG_LEVEL
from .base import SECRET_KEY as _SECRET_KEY
from .env import env
from .logs import FORMATS, configure_logging

# Off here too: errors look as they do for everybody, and their tracebacks stand in the log.
DEBUG = False
SECRET_KEY = _SECRET_KEY or "a local key that protects nothing and is never used in production"
FIELD_KEYS = _FIELD_KEYS or ["YSBsb2NhbCBrZXkgdGhhdCBwcm90ZWN0cyBub3RoaW4="]
LOGGING = configure_logging(form=env.choice("LOG_FORMAT", "readable", FORMATS), level=_LOG_LEVEL)
# Static files straight from the source, without collectstatic; a reload of the page shows an edit.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
