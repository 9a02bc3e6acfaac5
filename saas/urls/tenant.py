"""One community's site. What each route is open to stands in frontend_api/access.py."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from frontend_api import theme
from frontend_api.dashboard import home, palette, saved_views
from frontend_api.dashboard.boards import pages as boards
from frontend_api.dashboard.levels import announcements, curve
from frontend_api.dashboard.levels import names as level_names
from frontend_api.dashboard.levels import roles as level_roles
from frontend_api.dashboard.members import pages as members
from frontend_api.dashboard.rules import editing, general, listing, versions
from frontend_api.dashboard.settings import commands, community, history
from frontend_api.portal import earn, entrance, leaderboard, member
from frontend_api.v1.urls import ON_TENANTS

handler400 = "frontend_api.errors.handle_bad_request"
handler403 = "frontend_api.errors.handle_forbidden"
handler404 = "frontend_api.errors.handle_not_found"
handler500 = "frontend_api.errors.handle_failure"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", leaderboard.show_leaderboard, name="front"),
    path("leaderboard/", leaderboard.show_leaderboard, name="leaderboard"),
    path("members/<int:member_id>/", member.show_member, name="member"),
    path("members/<int:member_id>/entries/<int:entry_id>/", member.show_reason, name="reason"),
    path("earn/", earn.show_ways, name="earn"),
    path("dashboard/", home.show_home, name="dashboard"),
    path("dashboard/palette/", palette.show_palette, name="dashboard-palette"),
    path("dashboard/views/", saved_views.keep_view, name="dashboard-view-save"),
    path("dashboard/views/<int:view_id>/remove/", saved_views.forget_view, name="dashboard-view-remove"),
    path("dashboard/members/", members.show_members, name="dashboard-members"),
    path("dashboard/members/export.<str:format>", members.export_members, name="dashboard-members-export"),
    path("dashboard/members/<int:member_id>/", members.show_one, name="dashboard-member"),
    path("dashboard/rules/", listing.show_rules, name="dashboard-rules"),
    path("dashboard/rules/new/", editing.add_rule, name="dashboard-rule-new"),
    path("dashboard/rules/general/", general.change_general, name="dashboard-rules-general"),
    path("dashboard/rules/<int:rule_id>/", editing.show_rule, name="dashboard-rule"),
    path("dashboard/rules/<int:rule_id>/switch/", listing.switch_rule, name="dashboard-rule-switch"),
    path("dashboard/rules/<int:rule_id>/archive/", listing.remove_rule, name="dashboard-rule-archive"),
    path("dashboard/rules/<int:rule_id>/restore/", listing.bring_rule_back, name="dashboard-rule-restore"),
    path("dashboard/rules/<int:rule_id>/versions/", versions.show_versions, name="dashboard-rule-versions"),
    path(
        "dashboard/rules/<int:rule_id>/versions/<int:number>/revert/",
        versions.take_version,
        name="dashboard-rule-revert",
    ),
    path("dashboard/levels/", curve.show_levels, name="dashboard-levels"),
    path("dashboard/levels/curve/", curve.choose_curve, name="dashboard-curve"),
    path("dashboard/levels/names/", level_names.change_names, name="dashboard-level-names"),
    path("dashboard/level-roles/", level_roles.show_level_roles, name="dashboard-level-roles"),
    path("dashboard/level-roles/new/", level_roles.give_role, name="dashboard-level-role-new"),
    path("dashboard/level-roles/<int:role_id>/", level_roles.move_role, name="dashboard-level-role"),
    path(
        "dashboard/level-roles/<int:role_id>/remove/",
        level_roles.drop_role,
        name="dashboard-level-role-remove",
    ),
    path(
        "dashboard/level-roles/<int:role_id>/restore/",
        level_roles.bring_role_back,
        name="dashboard-level-role-restore",
    ),
    path("dashboard/announcements/", announcements.change_announcements, name="dashboard-announcements"),
    path("dashboard/boards/", boards.change_boards, name="dashboard-boards"),
    path("dashboard/settings/", community.change_community, name="dashboard-settings"),
    path("dashboard/settings/history/", history.show_history, name="dashboard-settings-history"),
    path("dashboard/settings/history/<int:entry_id>/", history.take_back, name="dashboard-settings-revert"),
    path("dashboard/commands/", commands.show_commands, name="dashboard-commands"),
    path("dashboard/commands/<str:name>/", commands.change_command, name="dashboard-command"),
    path("dashboard/commands/<str:name>/clear/", commands.follow_others, name="dashboard-command-clear"),
    path("login/", entrance.begin_sign_in, name="login"),
    path("login/ticket/", entrance.finish_sign_in, name="ticket"),
    path("visit/", entrance.visit, name="visit"),
    path("logout/", entrance.leave, name="logout"),
    re_path(r"^theme/(?P<colour>[0-9a-f]{6})\.css$", theme.show_theme, name="theme"),
    path("api/v1/", include(ON_TENANTS, namespace="api")),
]
