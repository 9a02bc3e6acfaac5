"""Settings that every environment shares. Values come from saas.settings.env, nowhere else."""

from __future__ import annotations

from pathlib import Path

from .apps import INSTALLED_APPS as INSTALLED_APPS
from .apps import PAGE_APPS
from .apps import SHARED_APPS as SHARED_APPS
from .apps import TENANT_APPS as TENANT_APPS
from .env import env
from .logs import FORMATS, LEVELS, configure_logging
from .rest import REST_FRAMEWORK as REST_FRAMEWORK
from .rest import describe_api, sign_tokens
from .variables import (
    check_address,
    check_field_keys,
    check_host,
    check_secret_key,
    check_sentry_dsn,
    check_snowflake,
    check_stripe_key,
    check_token,
    check_webhook_secrets,
)

BASE_DIR = Path(__file__).resolve().parent.parent.parent
DEBUG = False
SECRET_KEY = check_secret_key(env, "SECRET_KEY")
FIELD_KEYS = check_field_keys(env, "FIELD_KEYS")
# manage.py says so for the bot and ingest, which then don't carry what only pages need.
if not env.flag("PAGES", True):
    INSTALLED_APPS = [app for app in INSTALLED_APPS if app not in PAGE_APPS]
BASE_DOMAIN = check_host(env, "BASE_DOMAIN")
BASE_URL = env.url("BASE_URL", f"https://{BASE_DOMAIN}")
# tenants.middleware lets only known hosts through, custom ones included.
ALLOWED_HOSTS = ["*"]

# --- the database and its two roles (DESIGN section 4.6) ---
DATABASE_ROLE = env.choice("DATABASE_ROLE", "app", ("app", "owner"))
DATABASE_URL = env.text("DATABASE_URL", "postgresql://engagehub_app@/engagehub")
DATABASE_OWNER_URL = env.text("DATABASE_OWNER_URL", "")
_database = env.database(
    "DATABASE_OWNER_URL" if DATABASE_ROLE == "owner" else "DATABASE_URL",
    "postgresql://engagehub_app@/engagehub",
)
# A backend remembers every table it ever touched (94 to 321 MB after 500 tenants): connections are made anew every
# ten minutes. 0 turns the pool off; the owner's role, which serves one command, has none.
DATABASE_POOL = env.number("DATABASE_POOL", 10, high=500)
if DATABASE_POOL and DATABASE_ROLE == "app":
    _database["OPTIONS"]["pool"] = {  # type: ignore[index]
        "min_size": 0,
        "max_size": DATABASE_POOL,
        "max_lifetime": 600,
        "max_idle": 60,
        "timeout": 10,
    }
    # One round trip more, and a restart of Postgres costs no request.
    _database["CONN_HEALTH_CHECKS"] = True
DATABASES = {"default": _database}
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- tenancy ---
TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Domain"
TENANT_LIMIT_SET_CALLS = True
PUBLIC_SCHEMA_URLCONF = "saas.urls.public"
ROOT_URLCONF = "saas.urls.tenant"
CLOSED_URLCONF = "saas.urls.closed"
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
DISCORD_BOT_TOKEN = check_token(env, "DISCORD_BOT_TOKEN")
DISCORD_CLIENT_ID = check_snowflake(env, "DISCORD_CLIENT_ID")
DISCORD_CLIENT_SECRET = check_token(env, "DISCORD_CLIENT_SECRET")
DISCORD_SHARD_COUNT = env.number("DISCORD_SHARD_COUNT", 1, low=1, high=100_000)
DISCORD_SHARDS_PER_PROCESS = env.number("DISCORD_SHARDS_PER_PROCESS", 16, low=1, high=1000)
POD_NAME = env.text("POD_NAME", "")
DISCORD_API_URL = env.url("DISCORD_API_URL", "https://discord.com/api/v10")
DISCORD_WEB_URL = env.url("DISCORD_WEB_URL", "https://discord.com")

# --- other bots whose levels are brought over ---
MEE6_API_URL = env.url("MEE6_API_URL", "https://mee6.xyz/api/plugins/levels/leaderboard")
POLARIS_API_URL = env.url("POLARIS_API_URL", "https://gdcolon.com")
LURKR_API_URL = env.url("LURKR_API_URL", "https://api.lurkr.gg")
AMARI_API_URL = env.url("AMARI_API_URL", "https://amaribot.com")
TATSU_API_URL = env.url("TATSU_API_URL", "https://api.tatsu.gg")

# --- Stripe ---
STRIPE_SECRET_KEY = check_stripe_key(env, "STRIPE_SECRET_KEY")
STRIPE_WEBHOOK_SECRETS = check_webhook_secrets(env, "STRIPE_WEBHOOK_SECRET")
STRIPE_API_URL = env.url("STRIPE_API_URL", "https://api.stripe.com")
# Without a key nothing is sold: every community may do everything.
BILLING_ON = bool(STRIPE_SECRET_KEY)

# --- mail ---
globals().update(env.email("EMAIL_URL", "console:"))
DEFAULT_FROM_EMAIL = env.text("MAIL_FROM", f"EngageHub <hello@{BASE_DOMAIN}>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- health, logs, error reports ---
SENTRY_DSN = check_sentry_dsn(env, "SENTRY_DSN")
RELEASE = env.text("RELEASE", "")
METRICS_ADDRESS = check_address(env, "METRICS_ADDRESS")
METRICS_TOKEN = env.text("METRICS_TOKEN", "")
LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", LEVELS)
LOGGING = configure_logging(form=env.choice("LOG_FORMAT", "json", FORMATS), level=LOG_LEVEL)
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False  # an address is personal data
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = 10  # DEBUG: one line a request is enough

MIDDLEWARE = [
    "ops.health.middleware.HealthMiddleware",
    "ops.health.middleware.RequestMetricsMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "frontend_api.assets.StaticMiddleware",
    "frontend_api.middleware.HeadersMiddleware",
    "tenants.middleware.TenantMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "frontend_api.middleware.SessionHostMiddleware",
    "frontend_api.site.sessions.LastSeenMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "frontend_api.middleware.TimezoneMiddleware",
    "frontend_api.middleware.ErrorMiddleware",
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
                "frontend_api.context.page_facts",
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
# --- REST ---
# Signing in there gives tokens, not sessions.
REST_AUTH = {"USE_JWT": True, "TOKEN_MODEL": None, "SESSION_LOGIN": False}
SIMPLE_JWT = sign_tokens(SECRET_KEY)
SPECTACULAR_SETTINGS = describe_api(BASE_DOMAIN)

# --- signing up and in: allauth is the engine, frontend_api/site its pages, its words and its limits ---
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
PASSWORD_RESET_TIMEOUT = 3600
ACCOUNT_ADAPTER = "frontend_api.site.engine.LoginEngine"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
ACCOUNT_LOGIN_TIMEOUT = 3600  # to read the mail and come back to this browser
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # nobody gets mail because somebody else typed their address
ACCOUNT_RATE_LIMITS = False  # frontend_api/site/limits.py has them, for every way in
ACCOUNT_SESSION_REMEMBER = True
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"  # Discord has confirmed the address, or nobody gets in
SOCIALACCOUNT_ADAPTER = "frontend_api.site.discord.DiscordEngine"
SOCIALACCOUNT_PROVIDERS = {
    "discord": {"provider_class": "frontend_api.site.discord.ConfiguredDiscord", "OAUTH_PKCE_ENABLED": True}
}
MFA_ADAPTER = "frontend_api.site.engine.TwoStepEngine"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "EngageHub"
MFA_TOTP_TOLERANCE = 1  # clocks that differ by half a minute
MFA_RATE_LIMITS = False
USERSESSIONS_ADAPTER = "frontend_api.site.engine.SessionEngine"

LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
# Cookies have no domain: each host has its own session (DESIGN section 4.5).
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "frontend_api.errors.handle_csrf"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

# Counters of tries and the like. Keys carry the schema in hand.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_FUNCTION": "django_tenants.cache.make_key",
        "REVERSE_KEY_FUNCTION": "django_tenants.cache.reverse_key",
    }
}
