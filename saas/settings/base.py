"""Settings that every environment shares. Values come from saas.settings.env, nowhere else."""

from __future__ import annotations

from pathlib import Path

from .apps import INSTALLED_APPS, SHARED_APPS, TENANT_APPS  # noqa: F401
from .env import env

BASE_DIR = Path(__file__).resolve().parent.parent.parent
DEBUG = False
SECRET_KEY = env.text("SECRET_KEY", "")
FIELD_KEYS = env.words("FIELD_KEYS")
BASE_DOMAIN = env.text("BASE_DOMAIN", "localhost")
BASE_URL = env.text("BASE_URL", f"https://{BASE_DOMAIN}")
ALLOWED_HOSTS = [BASE_DOMAIN, f".{BASE_DOMAIN}", "127.0.0.1"]

# --- the database and its two roles (DESIGN section 4.6) ---
DATABASE_ROLE = env.text("DATABASE_ROLE", "app")
DATABASE_URL = env.text("DATABASE_URL", "postgresql://engagehub_app@/engagehub")
DATABASE_OWNER_URL = env.text("DATABASE_OWNER_URL", "")
_database = env.database(
    "DATABASE_OWNER_URL" if DATABASE_ROLE == "owner" else "DATABASE_URL",
    "postgresql://engagehub_app@/engagehub",
)
DATABASES = {"default": _database}
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- tenancy ---
TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Domain"
TENANT_LIMIT_SET_CALLS = True
PUBLIC_SCHEMA_URLCONF = "saas.urls.public"
ROOT_URLCONF = "saas.urls.tenant"
AUTH_USER_MODEL = "tenants.User"
EVENT_HANDLERS = "saas.wiring.HANDLERS"
# Jobs are found by saas.events.jobs.load_jobs, in the jobs.py of every package.
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = ""

# --- redis: two roles (DESIGN section 2) ---
REDIS_URL = env.url("REDIS_URL", "redis://127.0.0.1:6379/0", schemes=("redis", "rediss", "unix"))
REDIS_STREAM_URL = env.url(
    "REDIS_STREAM_URL", "redis://127.0.0.1:6379/1", schemes=("redis", "rediss", "unix")
)
ACTIVITY_PARTITIONS = env.number("ACTIVITY_PARTITIONS", 8, low=1, high=1024)

# --- Discord ---
DISCORD_BOT_TOKEN = env.text("DISCORD_BOT_TOKEN", "")
DISCORD_CLIENT_ID = env.text("DISCORD_CLIENT_ID", "")
DISCORD_CLIENT_SECRET = env.text("DISCORD_CLIENT_SECRET", "")
DISCORD_API_URL = env.url("DISCORD_API_URL", "https://discord.com/api/v10")
DISCORD_WEB_URL = env.url("DISCORD_WEB_URL", "https://discord.com")

MIDDLEWARE = [
    "tenants.middleware.TenantMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "frontend_api" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

ASGI_APPLICATION = "saas.asgi.application"
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "frontend_api" / "static"]
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
