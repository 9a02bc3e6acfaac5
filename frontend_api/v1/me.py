"""Who am I: the caller as the API sees them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from frontend_api.tenant import find_context
from tenants.models import Membership
from tenants.permissions import PERMISSIONS
from tenants.tickets import get_tenant_address

from .frame import ApiView
from .operations import operation
from .serializing import Output


class Community(Output):
    slug = serializers.CharField()
    name = serializers.CharField()
    address = serializers.CharField()
    role = serializers.CharField(required=False, allow_null=True, help_text="Your role on its team.")


class Me(Output):
    kind = serializers.ChoiceField(choices=["key", "user", "member"])
    id = serializers.IntegerField(help_text="Of the key, the login or the member.")
    name = serializers.CharField()
    role = serializers.CharField(
        allow_null=True, help_text="In the community whose host was called; null for keys."
    )
    member_id = serializers.IntegerField(allow_null=True, help_text="Your member here, where you have one.")
    scopes = serializers.ListField(child=serializers.CharField(), help_text="Of the key.")
    permissions = serializers.ListField(
        child=serializers.CharField(), help_text="What your role may do here."
    )
    community = Community(allow_null=True, help_text="Whose host was called; null on our own.")
    communities = Community(many=True, help_text="On whose teams you are.")


class MeView(ApiView):
    only_on_tenants = False

    @operation(
        "get_me",
        summary="Who am I",
        description="The key, person or member that this request is made as, what they may do here, and for a person the "
        "communities on whose teams they are.",
        tag="You",
        answer=Me,
        example={
            "kind": "user",
            "id": 3,
            "name": "Ada",
            "role": "admin",
            "member_id": 12,
            "scopes": [],
            "permissions": ["view_board", "view_members"],
            "community": {
                "slug": "acme",
                "name": "Acme",
                "address": "https://acme.example.org",
                "role": "admin",
            },
            "communities": [
                {"slug": "acme", "name": "Acme", "address": "https://acme.example.org", "role": "admin"}
            ],
        },
    )
    def get(self, request: Request) -> Response:
        caller, context = self.caller, find_context(request._request)
        person = caller.kind != "key"
        here = None
        if context is not None:
            here = _community(context.slug, context.name, caller.role.title if person else None)
        allowed = [action for action in PERMISSIONS if caller.rights.may(action)]
        return Response(
            Me(
                {
                    "kind": caller.kind,
                    "id": caller.id,
                    "name": caller.name,
                    "role": caller.role.title if person and context is not None else None,
                    "member_id": caller.member_id,
                    "scopes": sorted(caller.scopes),
                    "permissions": allowed if person and context is not None else [],
                    "community": here,
                    "communities": self._communities(),
                }
            ).data
        )

    def _communities(self) -> list[dict[str, Any]]:
        if self.caller.user is None:
            return []
        memberships = Membership.objects.filter(user=self.caller.user, tenant__state="active")
        return [
            _community(membership.tenant.slug, membership.tenant.name, membership.role)
            for membership in memberships.select_related("tenant").order_by("tenant__slug")
        ]


def _community(slug: str, name: str, role: str | None) -> dict[str, Any]:
    return {"slug": slug, "name": name, "address": get_tenant_address(slug), "role": role}
