"""Pages of BASE_DOMAIN itself: signup, sign-in, billing, the operator."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
