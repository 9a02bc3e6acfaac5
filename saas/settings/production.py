"""A real deployment: every secret must be given."""

from .base import *  # noqa: F403
from .env import env

SECRET_KEY = env.text("SECRET_KEY", fix="Set it to 50 random characters.")
DATABASE_URL = env.text("DATABASE_URL")
REDIS_URL = env.text("REDIS_URL")
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
