"""One community's site. What each route is open to stands in frontend_api/access.py."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from frontend_api import files, theme
from frontend_api.dashboard import bot, community, home, palette, saved_views
from frontend_api.dashboard.audit import pages as audit
from frontend_api.dashboard.billing import banners as billing_banners
from frontend_api.dashboard.billing import caps as billing_caps
from frontend_api.dashboard.billing import changing as billing_changes
from frontend_api.dashboard.billing import choosing as billing_plans
from frontend_api.dashboard.billing import covering as billing_covering
from frontend_api.dashboard.billing import invoices as billing_invoices
from frontend_api.dashboard.billing import pages as billing
from frontend_api.dashboard.billing import paying as billing_payer
from frontend_api.dashboard.billing import portal as billing_portal
from frontend_api.dashboard.billing import returning as billing_return
from frontend_api.dashboard.boards import pages as boards
from frontend_api.dashboard.boosts import pages as boosts
from frontend_api.dashboard.economy import funnels as economy_funnels
from frontend_api.dashboard.economy import pages as economy
from frontend_api.dashboard.imports import acts as import_acts
from frontend_api.dashboard.imports import views as imports
from frontend_api.dashboard.keys import pages as keys
from frontend_api.dashboard.levels import announcements, curve, team_channel
from frontend_api.dashboard.levels import names as level_names
from frontend_api.dashboard.levels import roles as level_roles
from frontend_api.dashboard.members import bulk as members_bulk
from frontend_api.dashboard.members import detail as members_detail
from frontend_api.dashboard.members import merging as members_merging
from frontend_api.dashboard.members import pages as members
from frontend_api.dashboard.members import types as members_types
from frontend_api.dashboard.rules import editing, general, listing, versions
from frontend_api.dashboard.settings import commands, history
from frontend_api.dashboard.settings import community as settings
from frontend_api.dashboard.setup import live as setup_live
from frontend_api.dashboard.setup import pages as setup
from frontend_api.dashboard.team import pages as team
from frontend_api.dashboard.team import person
from frontend_api.operator.admin_community import community_site
from frontend_api.portal import claim, earn, entrance, leaderboard, member, notices
from frontend_api.v1.urls import ON_TENANTS

from .spending import SPENDING
from .supporting import SUPPORTING

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
    path("dashboard/bot/", bot.show_bot, name="bot"),
    path("dashboard/bot/check/", bot.check_bot, name="bot-check"),
    path("dashboard/bot/unlink/", bot.unlink, name="bot-unlink"),
    path("dashboard/palette/", palette.show_palette, name="dashboard-palette"),
    path("dashboard/views/", saved_views.keep_view, name="dashboard-view-save"),
    path("dashboard/views/<int:view_id>/remove/", saved_views.forget_view, name="dashboard-view-remove"),
    path("dashboard/insights/economy/", economy.show_economy, name="dashboard-economy"),
    path("dashboard/insights/rewards/", economy_funnels.show_items, name="dashboard-reward-funnel"),
    path(
        "dashboard/insights/rewards/export.<str:format>",
        economy_funnels.export_items,
        name="dashboard-reward-funnel-export",
    ),
    path("dashboard/insights/sponsors/", economy_funnels.show_sponsors, name="dashboard-sponsor-report"),
    path(
        "dashboard/insights/sponsors/export.<str:format>",
        economy_funnels.export_sponsors,
        name="dashboard-sponsor-report-export",
    ),
    path("dashboard/members/", members.show_members, name="dashboard-members"),
    path("dashboard/members/export.<str:format>", members.export_members, name="dashboard-members-export"),
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
    path("dashboard/setup/", setup.show_setup, name="setup"),
    path("dashboard/setup/heard/", setup.show_heard, name="setup-heard"),
    path("dashboard/setup/try/", setup.try_activity, name="setup-try"),
    path("dashboard/setup/go-live/", setup_live.go_live, name="setup-live"),
    path("dashboard/setup/go-to-shadow/", setup_live.go_to_shadow, name="setup-shadow"),
    path("dashboard/setup/template/choose/", setup.choose_template, name="setup-template-choose"),
    path("dashboard/setup/template/undo/", setup.take_template_off, name="setup-template-undo"),
    path("dashboard/setup/<slug:step>/", setup.show_step, name="setup-step"),
    path("dashboard/setup/<slug:step>/skip/", setup.skip_step, name="setup-skip"),
    path("dashboard/settings/community/", community.show_community, name="community"),
    path("dashboard/settings/community/address/", community.change_address, name="community-address"),
    path("dashboard/settings/community/hand-over/", community.offer, name="community-offer"),
    path(
        "dashboard/settings/community/hand-over/withdraw/",
        community.withdraw,
        name="community-offer-withdraw",
    ),
    path("dashboard/settings/community/delete/", community.delete, name="community-delete"),
    path("dashboard/members/register/", members_detail.register, name="dashboard-members-register"),
    path("dashboard/members/types/", members_types.edit_types, name="dashboard-members-types"),
    path("dashboard/members/pick/", members_merging.pick_members, name="dashboard-members-pick"),
    path("dashboard/members/bulk/", members_bulk.act_on_many, name="dashboard-members-bulk"),
    path(
        "dashboard/members/bulk/<int:bulk_id>/", members_bulk.show_bulk, name="dashboard-members-bulk-result"
    ),
    path(
        "dashboard/members/bulk/<int:bulk_id>/undo/",
        members_bulk.undo_bulk,
        name="dashboard-members-bulk-undo",
    ),
    path("dashboard/members/<int:member_id>/", members_detail.show_one, name="dashboard-member"),
    path("dashboard/members/<int:member_id>/edit/", members_detail.edit, name="dashboard-member-edit"),
    path("dashboard/members/<int:member_id>/points/", members_detail.adjust, name="dashboard-member-points"),
    path(
        "dashboard/members/<int:member_id>/points/<int:adjustment_id>/undo/",
        members_detail.undo,
        name="dashboard-member-undo",
    ),
    path("dashboard/members/<int:member_id>/delete/", members_detail.delete, name="dashboard-member-delete"),
    path(
        "dashboard/members/<int:member_id>/restore/", members_detail.restore, name="dashboard-member-restore"
    ),
    path("dashboard/members/<int:member_id>/merge/", members_merging.merge, name="dashboard-member-merge"),
    path("dashboard/members/<int:member_id>/code/", members_detail.make_code, name="dashboard-member-code"),
    path("claim/", claim.show_claim, name="claim"),
    path("dashboard/team/", team.show_team, name="dashboard-team"),
    path("dashboard/team/roles/", team.show_roles, name="dashboard-team-roles"),
    path("dashboard/team/invite/", team.invite, name="dashboard-team-invite"),
    path("dashboard/team/invites/<int:invite_id>/renew/", team.renew, name="dashboard-team-invite-renew"),
    path(
        "dashboard/team/invites/<int:invite_id>/withdraw/",
        team.withdraw,
        name="dashboard-team-invite-withdraw",
    ),
    path("dashboard/team/discord/", team.change_map, name="dashboard-team-map"),
    path("dashboard/team/leave/", person.leave, name="dashboard-team-leave"),
    path("dashboard/team/<int:membership_id>/", person.show_person, name="dashboard-team-person"),
    path("dashboard/team/<int:membership_id>/remove/", person.remove, name="dashboard-team-remove"),
    path("dashboard/keys/", keys.show_keys, name="dashboard-keys"),
    path("dashboard/keys/new/", keys.create, name="dashboard-key-create"),
    path("dashboard/keys/<int:key_id>/replace/", keys.rotate, name="dashboard-key-rotate"),
    path("dashboard/keys/<int:key_id>/revoke/", keys.revoke, name="dashboard-key-revoke"),
    path("dashboard/billing/", billing.show_billing, name="billing"),
    path("dashboard/billing/plans/", billing_plans.show_plans, name="billing-plans"),
    path("dashboard/billing/begin/", billing_plans.begin, name="billing-begin"),
    path("dashboard/billing/return/", billing_return.come_back, name="billing-return"),
    path("dashboard/billing/change/", billing_changes.change, name="billing-change"),
    path("dashboard/billing/cancel/", billing_changes.cancel, name="billing-cancel"),
    path("dashboard/billing/resume/", billing_changes.resume, name="billing-resume"),
    path("dashboard/billing/undo/", billing_changes.undo, name="billing-undo"),
    path("dashboard/billing/banner/", billing_banners.dismiss, name="billing-banner"),
    path("dashboard/billing/portal/", billing_portal.enter_portal, name="billing-portal"),
    path("dashboard/billing/portal/back/", billing_portal.leave_portal, name="billing-portal-back"),
    path("dashboard/billing/invoices/", billing_invoices.show_invoices, name="billing-invoices"),
    path("dashboard/billing/payer/", billing_payer.show_payer, name="billing-payer"),
    path("dashboard/billing/payer/offer/end/", billing_payer.end_offer, name="billing-offer-end"),
    path("dashboard/billing/cover/", billing_covering.answer_offer, name="billing-cover"),
    path("dashboard/billing/leave/", billing_covering.leave, name="billing-leave"),
    path("dashboard/billing/cap/", billing_caps.change_cap, name="billing-cap"),
    path("dashboard/audit/", audit.show_audit, name="dashboard-audit"),
    path("dashboard/audit/export.<str:format>", audit.export_audit, name="dashboard-audit-export"),
    path("dashboard/audit/<int:entry_id>/", audit.show_entry, name="dashboard-audit-entry"),
    path("dashboard/boosts/", boosts.show_boosts, name="dashboard-boosts"),
    path("dashboard/boosts/new/", boosts.plan_boost, name="dashboard-boost-new"),
    path("dashboard/boosts/<int:boost_id>/stop/", boosts.end_boost, name="dashboard-boost-stop"),
    path("dashboard/boosts/<int:boost_id>/resume/", boosts.bring_boost_back, name="dashboard-boost-resume"),
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
    path("dashboard/announcements/team/", team_channel.change_team_channel, name="dashboard-team-channel"),
    path("dashboard/boards/", boards.change_boards, name="dashboard-boards"),
    path("dashboard/settings/", settings.change_community, name="dashboard-settings"),
    path("dashboard/settings/history/", history.show_history, name="dashboard-settings-history"),
    path("dashboard/settings/history/<int:entry_id>/", history.take_back, name="dashboard-settings-revert"),
    path("dashboard/commands/", commands.show_commands, name="dashboard-commands"),
    path("dashboard/commands/<str:name>/", commands.change_command, name="dashboard-command"),
    path("dashboard/commands/<str:name>/clear/", commands.follow_others, name="dashboard-command-clear"),
    path("files/<str:signed>/", files.show_file, name="file"),
    path("notices/", notices.show_notices, name="notices"),
    path("notices/<int:notice_id>/", notices.open_notice, name="notice"),
    path("notices/read/", notices.read_notices, name="notices-read"),
    path("notices/choose/", notices.choose_notices, name="notices-choose"),
    *SPENDING,
    *SUPPORTING,
    path("login/", entrance.begin_sign_in, name="login"),
    path("login/ticket/", entrance.finish_sign_in, name="ticket"),
    path("visit/", entrance.visit, name="visit"),
    path("logout/", entrance.leave, name="logout"),
    re_path(r"^theme/(?P<colour>[0-9a-f]{6})\.css$", theme.show_theme, name="theme"),
    path("api/v1/", include(ON_TENANTS, namespace="api")),
    path("ops/admin/", community_site.urls),
]
