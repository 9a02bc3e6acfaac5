"""The dashboard's pages: one table, from which the rail, the bar at a phone's bottom, the tabs inside a section and the
command palette are made.

To add a page: its route (saas/urls/tenant.py or spending.py, frontend_api/access.py), then a line here. A section without a page that the
reader may open is not shown. The page whose address begins the request's path, the longest of them, is the current one; so
`/dashboard/members/12/` belongs to Members without a line of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest

from frontend_api.addresses import write_address
from frontend_api.people import get_person
from tenants.permissions import STRANGER, Rights, may

BOTTOM_LINES: Final = 5  # that fit the bottom of a phone


@dataclass(frozen=True, slots=True)
class Section:
    """A line of the rail. `rank` orders the bottom bar: the most used first."""

    key: str
    name: str
    icon: str
    rank: int


@dataclass(frozen=True, slots=True)
class DashboardPage:
    """A page and who may open it: `action` stands in tenants.permissions. `words` are found by the palette as well."""

    section: str
    name: str
    icon: str
    route: str
    action: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class DashboardAct:
    """Something that the palette offers to do: a page to begin it on."""

    name: str
    icon: str
    route: str
    action: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class NavLine:
    href: str
    icon: str
    name: str
    current: bool


SECTIONS: Final = (
    Section("home", "Home", "home", 1),
    Section("people", "People", "users", 2),
    Section("earn", "Earn", "target-arrow", 3),
    Section("spend", "Spend", "gift", 6),
    Section("boards", "Boards", "trophy", 4),
    Section("events", "Events", "calendar", 7),
    Section("insights", "Insights", "chart-bar", 8),
    Section("integrations", "Integrations", "plug", 9),
    Section("settings", "Settings", "settings", 5),
    Section("billing", "Billing", "coins", 10),
)

PAGES: Final = (
    DashboardPage("home", "Home", "home", "dashboard", "view_dashboard"),
    DashboardPage(
        "home", "Set up", "list-details", "setup", "view_dashboard", "checklist wizard template live shadow"
    ),
    # --- people ---
    DashboardPage("people", "Members", "users", "dashboard-members", "view_members", "people points roles"),
    # --- earn ---
    DashboardPage("earn", "Rules", "target-arrow", "dashboard-rules", "view_rules", "earning points awards"),
    DashboardPage(
        "earn", "Boosts", "bolt", "dashboard-boosts", "view_boosts", "multiplier double points weekend event"
    ),
    DashboardPage("earn", "Levels", "stairs-up", "dashboard-levels", "view_rules", "curve formula names"),
    DashboardPage("earn", "Level roles", "shield", "dashboard-level-roles", "view_settings", "discord roles"),
    DashboardPage(
        "earn",
        "Announcements",
        "bell",
        "dashboard-announcements",
        "change_announcements",
        "level-ups channel words",
    ),
    DashboardPage("earn", "Ways to earn", "target-arrow", "earn", "view_ways_to_earn"),
    # --- spend ---
    DashboardPage(
        "spend",
        "Rewards",
        "gift",
        "dashboard-rewards",
        "view_rewards",
        "catalogue shop prices stock codes csv",
    ),
    DashboardPage(
        "spend", "Sponsors", "star-filled", "dashboard-sponsors", "view_rewards", "partners brands"
    ),
    DashboardPage(
        "spend",
        "Redemptions",
        "ticket",
        "dashboard-redemptions",
        "view_redemptions",
        "approve reject ship refund orders shop rewards",
    ),
    DashboardPage(
        "spend",
        "Submissions",
        "upload",
        "dashboard-submissions",
        "view_submissions",
        "review queue approve reject handed in",
    ),
    DashboardPage(
        "spend",
        "Kinds of submissions",
        "list-details",
        "dashboard-submission-types",
        "view_submissions",
        "forms rubric packs templates hand in",
    ),
    DashboardPage(
        "spend",
        "Credits",
        "coins",
        "dashboard-credits",
        "view_credits",
        "requests grant revoke quota approvers AI lead",
    ),
    DashboardPage(
        "spend",
        "Supporters",
        "sparkles",
        "dashboard-supporters",
        "view_supporters",
        "patrons tiers money income payments payouts refund stripe membership",
    ),
    # --- boards ---
    DashboardPage(
        "boards",
        "Boards",
        "trophy",
        "dashboard-boards",
        "change_boards",
        "leaderboards ranks ties periods seasons public",
    ),
    DashboardPage("boards", "Leaderboard", "trophy", "leaderboard", "view_board"),
    # --- events ---
    # --- insights ---
    DashboardPage(
        "insights",
        "Economy",
        "coins",
        "dashboard-economy",
        "view_economy",
        "liability inflation issued burnt stock",
    ),
    DashboardPage(
        "insights",
        "Reward funnel",
        "filter",
        "dashboard-reward-funnel",
        "view_economy",
        "seen opened redeemed delivered",
    ),
    DashboardPage(
        "insights",
        "Sponsor report",
        "building-community",
        "dashboard-sponsor-report",
        "view_economy",
        "campaign budget",
    ),
    # --- integrations ---
    DashboardPage(
        "integrations", "Discord bot", "plug", "bot", "view_dashboard", "server guild permissions invite"
    ),
    DashboardPage(
        "integrations",
        "Bring your levels",
        "file-import",
        "imports",
        "run_imports",
        "import mee6 polaris lurkr csv xp",
    ),
    # --- settings ---
    DashboardPage(
        "settings",
        "General",
        "settings",
        "dashboard-settings",
        "view_settings",
        "name colour emblem time zone language week points",
    ),
    DashboardPage(
        "settings", "Bot commands", "robot", "dashboard-commands", "view_settings", "channels limits"
    ),
    DashboardPage(
        "settings",
        "Community",
        "building-community",
        "community",
        "view_settings",
        "address owner hand over transfer delete",
    ),
    DashboardPage(
        "settings", "Team", "users-group", "dashboard-team", "view_team", "people permissions roles invite"
    ),
    DashboardPage("settings", "API keys", "key", "dashboard-keys", "manage_api_keys", "token program rest"),
    DashboardPage(
        "settings",
        "History",
        "history",
        "dashboard-settings-history",
        "view_audit",
        "who changed settings undo revert",
    ),
    DashboardPage(
        "settings", "Audit log", "list-details", "dashboard-audit", "view_audit", "who changed what"
    ),
    # --- billing ---
    DashboardPage(
        "billing",
        "Billing",
        "coins",
        "billing",
        "view_billing",
        "plan payment invoice card limits usage cost",
    ),
    DashboardPage(
        "billing", "Plans", "list-details", "billing-plans", "view_billing", "upgrade price compare"
    ),
)

ACTS: Final[tuple[DashboardAct, ...]] = (
    DashboardAct(
        "Register a member", "user-plus", "dashboard-members-register", "manage_members", "add new manual"
    ),
    DashboardAct(
        "Change the member types", "tag", "dashboard-members-types", "manage_members", "student mentor kinds"
    ),
    DashboardAct("Make a rule", "plus", "dashboard-rule-new", "change_rules", "new add earning"),
    DashboardAct("Plan a boost", "bolt", "dashboard-boost-new", "change_boosts", "multiplier double weekend"),
    DashboardAct("Make a reward", "gift", "dashboard-reward-new", "change_rewards", "new add shop"),
    DashboardAct("Grant or revoke credits", "coins", "dashboard-credit-move", "grant_credits", "give take"),
    DashboardAct(
        "Make a kind of credits", "plus", "dashboard-credit-type-new", "change_credits", "currency new"
    ),
    DashboardAct(
        "Make a tier for supporters",
        "sparkles",
        "dashboard-support-tier-new",
        "manage_supporters",
        "patron membership money",
    ),
    DashboardAct("Change the curve", "stairs-up", "dashboard-curve", "change_levels", "levels steeper"),
    DashboardAct(
        "Make a kind of submission",
        "upload",
        "dashboard-submission-type-new",
        "change_submission_types",
        "form hand in new",
    ),
    DashboardAct(
        "Install a pack of submissions",
        "sparkles",
        "dashboard-submission-packs",
        "change_submission_types",
        "ready-made templates events content advocacy learning",
    ),
    DashboardAct(
        "Give a role for a level", "shield", "dashboard-level-role-new", "change_announcements", "level roles"
    ),
)


def list_acts(rights: Rights) -> list[DashboardAct]:
    """What somebody with these rights may begin."""
    return [act for act in ACTS if may(rights, act.action)]


def list_pages(rights: Rights) -> list[DashboardPage]:
    """The pages that somebody with these rights may open, in the rail's order."""
    order = {section.key: number for number, section in enumerate(SECTIONS)}
    return sorted((page for page in PAGES if may(rights, page.action)), key=lambda page: order[page.section])


def list_dashboard_nav(request: HttpRequest) -> list[NavLine]:
    """The rail: each section leads to the first of its pages that this person may open."""
    firsts: dict[str, DashboardPage] = {}
    for page in list_pages(_rights(request)):
        firsts.setdefault(page.section, page)
    here = _current(request)
    return [
        NavLine(
            write_address(firsts[section.key].route),
            section.icon,
            section.name,
            here is not None and here.section == section.key,
        )
        for section in SECTIONS
        if section.key in firsts
    ]


def list_bottom_nav(request: HttpRequest) -> tuple[list[NavLine], list[NavLine]]:
    """The bar at a phone's bottom and what stands behind its “More”: five lines, or four and More."""
    lines = list_dashboard_nav(request)
    if len(lines) <= BOTTOM_LINES:
        return lines, []
    ranks = {section.name: section.rank for section in SECTIONS}
    used = {line.name for line in sorted(lines, key=lambda line: ranks[line.name])[: BOTTOM_LINES - 1]}
    return [line for line in lines if line.name in used], [line for line in lines if line.name not in used]


def list_section_tabs(request: HttpRequest) -> list[NavLine]:
    """The pages of the section in hand, as tabs; empty where there is only one."""
    here = _current(request)
    if here is None:
        return []
    pages = [page for page in list_pages(_rights(request)) if page.section == here.section]
    if len(pages) < 2:
        return []
    return [NavLine(write_address(page.route), page.icon, page.name, page is here) for page in pages]


def _rights(request: HttpRequest) -> Rights:
    person = get_person(request)
    return STRANGER if person is None else person.rights


def _current(request: HttpRequest) -> DashboardPage | None:
    """Home is at the beginning of every address, and therefore only current on its own."""
    found = [
        (len(href), page)
        for page in PAGES
        if request.path.startswith(href := write_address(page.route))
        and (page.route != "dashboard" or request.path == href)
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None
