"""Who is looking: the signed-in user, their member here, and their role here. Asked at most once a request.

A browser is known in a tenant either by a session of a user (a session ticket) or by a session of a member alone (a
member ticket from Discord, for people without a login). A browser without a session costs no query.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.http import HttpRequest
from django.urls import reverse

from engagement.members.models import Member
from engagement.members.selectors import find_member_of_user
from frontend_api.tenant import find_context
from tenants.models import User
from tenants.permissions import STRANGER, Rights, Role, rights_of_user

MEMBER_KEY = "member_id"  # in a session that a member ticket opened


@dataclass(frozen=True, slots=True)
class MenuLine:
    href: str
    icon: str
    name: str


@dataclass(frozen=True, slots=True)
class Person:
    """The one who looks at the page, and what they are in the tenant whose page it is."""

    name: str
    avatar_url: str
    key: int
    user_id: int | None
    member_id: int | None
    rights: Rights

    @property
    def role(self) -> Role:
        """To be shown. What they may do is asked of `rights`, which knows what was given to or taken from them."""
        return self.rights.role

    @property
    def sees_dashboard(self) -> bool:
        return self.rights.may("view_dashboard")

    @property
    def sees_all_reasons(self) -> bool:
        """Whether everybody's entries explain themselves to this person, hidden and aliased members' too."""
        return self.rights.may("explain_any_entry")

    @property
    def menu(self) -> list[MenuLine]:
        """Where this person can go on a tenant's host."""
        lines = []
        if self.member_id is not None:
            lines.append(MenuLine(reverse("member", args=[self.member_id]), "user", "Your page"))
            lines.append(MenuLine(reverse("my-credits"), "coins", "Your credits"))
            lines.append(MenuLine(reverse("submit"), "upload", "Hand something in"))
            lines.append(MenuLine(reverse("redemptions"), "ticket", "What you redeemed"))
        if self.sees_dashboard:
            lines.append(MenuLine(reverse("dashboard"), "home", "Dashboard"))
        return lines


def get_person(request: HttpRequest) -> Person | None:
    """Who looks, or None for a stranger."""
    if not hasattr(request, "_person"):
        request._person = _find_person(request)  # type: ignore[attr-defined]
    return request._person  # type: ignore[attr-defined,no-any-return]


def _find_person(request: HttpRequest) -> Person | None:
    session = getattr(request, "session", None)
    if session is None or not session.session_key:
        return None
    user = request.user if request.user.is_authenticated else None
    context = find_context(request)
    if context is None:
        return None if user is None else _describe(user, None, STRANGER)
    return identify(user, session.get(MEMBER_KEY), tenant_id=context.tenant_id)


def identify(user: User | None, member_id: int | None, *, tenant_id: int) -> Person | None:
    """The person that a session's user or member is in the tenant in hand."""
    if user is not None:
        member = find_member_of_user(user_id=user.pk, discord_id=user.discord_id)
        rights = rights_of_user(user_id=user.pk, tenant_id=tenant_id)
        if member is not None and rights.role < Role.MEMBER:
            rights = replace(rights, role=Role.MEMBER)
        return _describe(user, member, rights)
    if member_id is not None:
        member = Member.objects.filter(pk=member_id, deleted_at=None).first()
        return None if member is None else _describe(None, member, Rights(Role.MEMBER))
    return None


def _describe(user: User | None, member: Member | None, rights: Rights) -> Person | None:
    if user is not None:
        name, avatar = str(user), user.avatar_url or (member.avatar_url if member else "")
    elif member is not None:
        name, avatar = member.display_name, member.avatar_url
    else:
        return None
    return Person(
        name=name,
        avatar_url=avatar,
        key=member.pk if member else (user.pk if user else 0),
        user_id=user.pk if user else None,
        member_id=member.pk if member else None,
        rights=rights,
    )
