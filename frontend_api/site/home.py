"""Where somebody goes once they are signed in, when they did not come for a page of their own."""

from __future__ import annotations

from django.conf import settings
from django.urls import NoReverseMatch, reverse

from tenants.models import Membership, Tenant, User
from tenants.tickets import get_tenant_address


def get_home_address(user: User) -> str:
    """No community: to make one; one: there; several: the list of them. One query."""
    slugs = list(
        Membership.objects.filter(user=user, tenant__state=Tenant.State.ACTIVE)
        .order_by("tenant__name")
        .values_list("tenant__slug", flat=True)[:2]
    )
    if len(slugs) == 1:
        return f"{get_tenant_address(slugs[0])}/login/?next=/dashboard/"
    return find_address("communities" if slugs else "new-community")


def find_address(name: str) -> str:
    """The path of a page of BASE_DOMAIN, or of the front page where this release has no such page."""
    try:
        return reverse(name, urlconf=settings.PUBLIC_SCHEMA_URLCONF)
    except NoReverseMatch:
        return reverse("front", urlconf=settings.PUBLIC_SCHEMA_URLCONF)
