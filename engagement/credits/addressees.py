"""Who hears of a large request: everybody who may decide on it, by mail where they confirmed an address, else as members.

Not whoever asked. Deciding asks again (approvers.get_authority): this says whom to tell, and gives nobody any right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Q

from engagement.members.models import Identity, Member
from saas.core.schemas import PUBLIC, enter_schema
from tenants.context import TenantContext
from tenants.models import User
from tenants.permissions import may, rights_in_force
from tenants.selectors import list_confirmed_addresses
from tenants.team import list_team

from .approvers import ACTION
from .models import CreditApprover

MOST: Final = 50  # people who are told, in each of the two ways


@dataclass(frozen=True, slots=True)
class Addressees:
    """`mails`: login → its confirmed address. `member_ids`: who has none, and is a member here."""

    mails: dict[int, str]
    member_ids: list[int]


def find_addressees(*, context: TenantContext, type_id: int, asker: Member) -> Addressees:
    """By permission, by name and by Discord role; each once, at most MOST in each way. The same number of queries however many."""
    named = list(
        CreditApprover.objects.filter(type_id=type_id).order_by("pk").values_list("user_id", "role_id")
    )
    logins = _members_with_a_role([role_id for _, role_id in named if role_id is not None])
    user_ids = [*_team(context), *(user_id for user_id, _ in named if user_id is not None)]
    wanted = list(dict.fromkeys([*user_ids, *(login for login in logins.values() if login is not None)]))
    addresses = list_confirmed_addresses(wanted)
    members = _members_of([login for login in wanted if login not in addresses])
    members |= {member_id for member_id, login in logins.items() if login not in addresses}
    askers = {login for login in (asker.user_id, *_logins([asker]).values()) if login is not None}
    mails = {login: addresses[login] for login in wanted if login in addresses and login not in askers}
    return Addressees(dict(list(mails.items())[:MOST]), sorted(members - {asker.pk})[:MOST])


def _team(context: TenantContext) -> list[int]:
    rows = list_team(tenant_id=context.tenant_id)
    return [row.user_id for row in rows if row.user_id and may(rights_in_force(row), ACTION)]


def _members_with_a_role(role_ids: Sequence[int]) -> dict[int, int | None]:
    """Member → their login, where there is one; those who have been here for longest."""
    if not role_ids:
        return {}
    has_one = Q(role_ids__has_any_keys=[str(role_id) for role_id in role_ids])
    here = Member.objects.filter(has_one, deleted_at=None, departed_at=None, is_bot=False).order_by("pk")
    return _logins(list(here[: 2 * MOST]))


def _logins(members: Sequence[Member]) -> dict[int, int | None]:
    """Member → their login: the one linked to them, else that of their Discord account. Two queries."""
    accounts = {
        int(external): member_id
        for member_id, external in Identity.objects.filter(
            member_id__in=[member.pk for member in members], provider="discord"
        ).values_list("member_id", "external_id")
    }
    with enter_schema(PUBLIC):
        users = User.objects.filter(discord_id__in=accounts, is_active=True)
        by_discord = {
            accounts[account]: pk for pk, account in users.values_list("pk", "discord_id") if account
        }
    return {member.pk: member.user_id or by_discord.get(member.pk) for member in members}


def _members_of(logins: Sequence[int]) -> set[int]:
    """The members that these logins are here: linked, else by their Discord account. Three queries."""
    with enter_schema(PUBLIC):
        users = dict(User.objects.filter(pk__in=logins, is_active=True).values_list("pk", "discord_id"))
    here = Member.objects.filter(deleted_at=None)
    linked = {user_id: pk for pk, user_id in here.filter(user_id__in=users).values_list("pk", "user_id")}
    accounts = [str(account) for user_id, account in users.items() if account and user_id not in linked]
    known = Identity.objects.filter(provider="discord", external_id__in=accounts).values("member_id")
    return {*linked.values(), *here.filter(pk__in=known).values_list("pk", flat=True)}
