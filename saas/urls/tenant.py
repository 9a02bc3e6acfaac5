"""One community's site. What each route is open to stands in frontend_api/access.py."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from frontend_api import theme
from frontend_api.dashboard import home, palette, saved_views
from frontend_api.dashboard.imports import acts as import_acts
from frontend_api.dashboard.imports import views as imports
from frontend_api.dashboard.members import pages as members
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
    path("dashboard/imports/", imports.show_imports, name="imports"),
    path("dashboard/imports/new/", imports.begin_import, name="import-new"),
    path("dashboard/imports/<int:import_id>/", imports.show_import, name="import"),
    path("dashboard/imports/<int:import_id>/lines/", imports.show_lines, name="import-lines"),
    path(
        "dashboard/imports/<int:import_id>/lines/export.<str:format>",
        imports.export_lines,
        name="import-lines-export",
    ),
    path("dashboard/imports/<int:import_id>/<str:act>/", import_acts.act_on_import, name="import-act"),
    path("login/", entrance.begin_sign_in, name="login"),
    path("login/ticket/", entrance.finish_sign_in, name="ticket"),
    path("visit/", entrance.visit, name="visit"),
    path("logout/", entrance.leave, name="logout"),
    re_path(r"^theme/(?P<colour>[0-9a-f]{6})\.css$", theme.show_theme, name="theme"),
    path("api/v1/", include(ON_TENANTS, namespace="api")),
]
