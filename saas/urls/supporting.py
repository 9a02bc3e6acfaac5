"""What supporters pay and get, on one community's site. What each route is open to stands in frontend_api/access.py."""

from typing import Final

from django.urls import URLPattern, path

from frontend_api.dashboard.supporters import (
    editing,
    news,
    overview,
    payouts,
    people,
    person,
    refunds,
    tiers,
)
from frontend_api.portal import support, supporting

SUPPORTING: Final[list[URLPattern]] = [
    path("dashboard/supporters/", overview.show_overview, name="dashboard-supporters"),
    path("dashboard/supporters/tiers/", tiers.show_tiers, name="dashboard-support-tiers"),
    path("dashboard/supporters/tiers/new/", editing.add_tier, name="dashboard-support-tier-new"),
    path("dashboard/supporters/tiers/<slug:tier_key>/", editing.edit_tier, name="dashboard-support-tier"),
    path(
        "dashboard/supporters/tiers/<slug:tier_key>/switch/",
        tiers.switch,
        name="dashboard-support-tier-switch",
    ),
    path("dashboard/supporters/tiers/<slug:tier_key>/move/", tiers.move, name="dashboard-support-tier-move"),
    path(
        "dashboard/supporters/tiers/<slug:tier_key>/delete/",
        tiers.delete,
        name="dashboard-support-tier-delete",
    ),
    path("dashboard/supporters/people/", people.show_people, name="dashboard-supporters-people"),
    path(
        "dashboard/supporters/people/export.<str:format>",
        people.export_people,
        name="dashboard-supporters-people-export",
    ),
    path("dashboard/supporters/people/<slug:supporter_key>/", person.show_person, name="dashboard-supporter"),
    path("dashboard/supporters/payments/", people.show_payments, name="dashboard-support-payments"),
    path(
        "dashboard/supporters/payments/export.<str:format>",
        people.export_payments,
        name="dashboard-support-payments-export",
    ),
    path(
        "dashboard/supporters/payments/<slug:payment_key>/",
        refunds.show_payment,
        name="dashboard-support-payment",
    ),
    path(
        "dashboard/supporters/payments/<slug:payment_key>/refund/",
        refunds.refund,
        name="dashboard-support-refund",
    ),
    path("dashboard/supporters/news/", news.change_news, name="dashboard-support-news"),
    path("dashboard/supporters/payouts/", payouts.show_payouts, name="dashboard-payouts"),
    path("dashboard/supporters/payouts/connect/", payouts.connect, name="dashboard-payouts-connect"),
    path("dashboard/supporters/payouts/return/", payouts.come_back, name="dashboard-payouts-return"),
    path("dashboard/supporters/payouts/again/", payouts.go_on, name="dashboard-payouts-again"),
    path("dashboard/supporters/payouts/open/", payouts.open_account, name="dashboard-payouts-open"),
    path("dashboard/supporters/payouts/confirm/", payouts.confirm, name="dashboard-payouts-confirm"),
    path("dashboard/supporters/payouts/replace/", payouts.replace, name="dashboard-payouts-replace"),
    path("dashboard/supporters/payouts/call-off/", payouts.call_off, name="dashboard-payouts-call-off"),
    path("support/", support.show_support, name="support"),
    path("support/return/", supporting.come_back, name="support-return"),
    path("support/cancel/", supporting.cancel, name="support-cancel"),
    path("support/resume/", supporting.resume, name="support-resume"),
    path("support/card/", supporting.change_card, name="support-card"),
    path("support/tiers/<slug:tier_key>/", supporting.choose_tier, name="support-tier"),
]
