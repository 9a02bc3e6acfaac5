"""The schema map: which app's tables live in the public schema and which in each tenant's.

An app is never in both lists (DESIGN section 4.3). Apps without tables stand with the shared ones.
"""

SHARED_APPS = [
    # Before django_tenants, which brings templates of a plain admin by the same names.
    "unfold",
    "django_tenants",
    "tenants",
    "billing",
    "saas.public_events",
    "procrastinate.contrib.django",
    # Without looking for every app's admin module: our sites name what they show (frontend_api/operator), and 13 MB stay out.
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "django_structlog",
    "channels",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "drf_spectacular",
    "django_filters",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.discord",
    "allauth.mfa",
    "allauth.usersessions",
    "dj_rest_auth",
    "frontend_api",
    "ops",
]

TENANT_APPS = [
    "saas.events",
    "engagement",
    "integrations",
]

INSTALLED_APPS = SHARED_APPS + [app for app in TENANT_APPS if app not in SHARED_APPS]

# What only pages and REST need. Apps with tables stay but for the admin's log: models refer to each other, and jobs to all of them.
# They are 7 MB of each process that has no pages (PAGES=0): allauth's provider alone brings an HTTP client.
PAGE_APPS = {
    "unfold",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "django_structlog",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "django_filters",
    "allauth.socialaccount.providers.discord",
    "dj_rest_auth",
    "frontend_api",
}
