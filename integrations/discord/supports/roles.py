"""How the Discord role of one support stands, as far as we know: had, on its way, or what keeps it from being given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engagement.members.selectors import get_discord_id
from engagement.supporters.models import Supporter
from engagement.supporters.roles import OURS
from integrations.discord.directory import Directory
from integrations.discord.models import DiscordProblem


@dataclass(frozen=True, slots=True)
class RoleStanding:
    """`kind`: none, has, absent (not on the server), unlinked (no Discord account), gone (deleted in Discord), blocked (`problem` says by
    what), soon, withheld (the payment is disputed), over, or leaving (still to be taken back). `name` is the role's."""

    kind: str
    name: str = ""
    problem: str = ""


def read_role(*, row: Supporter, charged_back: bool, directory: Directory, now: datetime) -> RoleStanding:
    """`row` with member and tier. At most two queries."""
    role = row.tier.role_id
    if not role:
        return RoleStanding("none")
    name, held = directory.name_of(role), role in {str(one) for one in row.member.role_ids}
    if not row.runs(now) or charged_back:
        if held and row.roles.get(role) == OURS:
            return RoleStanding("leaving", name)
        return RoleStanding("withheld" if row.runs(now) else "over", name)
    if held:
        return RoleStanding("has", name)
    if row.member.departed_at is not None:
        return RoleStanding("absent", name)
    if get_discord_id(member_id=row.member_id) is None:
        return RoleStanding("unlinked", name)
    if directory.roles and directory.missing([role]):
        return RoleStanding("gone", name)
    problem = next((line.problem for line in directory.roles if line.id == role), "")
    noted = (
        problem or DiscordProblem.objects.filter(key=f"role:{role}").values_list("message", flat=True).first()
    )
    return RoleStanding("blocked", name, noted) if noted else RoleStanding("soon", name)
