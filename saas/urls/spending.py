"""What a community gives for points and work: rewards, redemptions, submissions and credits, the team's pages and the members'.

Part of one community's site (tenant.py). What each route is open to stands in frontend_api/access.py.
"""

from django.urls import URLPattern, path

from frontend_api.dashboard.credits import bulk as credits_bulk
from frontend_api.dashboard.credits import deciding as credit_decisions
from frontend_api.dashboard.credits import moves as credit_moves
from frontend_api.dashboard.credits import pages as credits
from frontend_api.dashboard.credits import types as credit_types
from frontend_api.dashboard.redemptions import bulk as redemptions_bulk
from frontend_api.dashboard.redemptions import deciding as redemptions_deciding
from frontend_api.dashboard.redemptions import handing_out as redemptions_handing_out
from frontend_api.dashboard.redemptions import pages as team_redemptions
from frontend_api.dashboard.redemptions import parcels
from frontend_api.dashboard.rewards import codes as reward_codes
from frontend_api.dashboard.rewards import editing as reward_editing
from frontend_api.dashboard.rewards import exchange as reward_exchange
from frontend_api.dashboard.rewards import pages as rewards
from frontend_api.dashboard.rewards import sponsors
from frontend_api.dashboard.rewards import tiers as reward_tiers
from frontend_api.dashboard.submissions import bulk as submissions_bulk
from frontend_api.dashboard.submissions import detail as submission
from frontend_api.dashboard.submissions import packs as submission_packs
from frontend_api.dashboard.submissions import queue as submissions
from frontend_api.dashboard.submissions import reasons as submission_reasons
from frontend_api.dashboard.submissions import survey as submission_survey
from frontend_api.dashboard.submissions import type_editing as submission_type
from frontend_api.dashboard.submissions import types_list as submission_types
from frontend_api.portal import (
    addresses,
    credit_mail,
    credits_trusted,
    downloads,
    my_credits,
    queue,
    redemptions,
    shop,
    survey_hook,
)
from frontend_api.portal.submissions import form as handing_in
from frontend_api.portal.submissions import listing as handed_in
from frontend_api.portal.submissions import survey

SPENDING: list[URLPattern] = [
    path("dashboard/rewards/", rewards.show_rewards, name="dashboard-rewards"),
    path("dashboard/rewards/new/", reward_editing.add_reward, name="dashboard-reward-new"),
    path("dashboard/rewards/bulk/", rewards.act_on_many, name="dashboard-rewards-bulk"),
    path("dashboard/rewards/order/", rewards.change_order, name="dashboard-rewards-order"),
    path("dashboard/rewards/tiers/", reward_tiers.change_tiers, name="dashboard-reward-tiers"),
    path("dashboard/rewards/exchange/", reward_exchange.show_exchange, name="dashboard-rewards-exchange"),
    path(
        "dashboard/rewards/exchange/catalogue.csv",
        reward_exchange.export_catalogue,
        name="dashboard-rewards-export",
    ),
    path(
        "dashboard/rewards/exchange/<int:table_id>/",
        reward_exchange.show_table,
        name="dashboard-rewards-table",
    ),
    path(
        "dashboard/rewards/exchange/<int:table_id>/do/",
        reward_exchange.act_on_table,
        name="dashboard-rewards-table-act",
    ),
    path("dashboard/rewards/<int:reward_id>/", rewards.show_reward, name="dashboard-reward"),
    path("dashboard/rewards/<int:reward_id>/edit/", reward_editing.edit_reward, name="dashboard-reward-edit"),
    path("dashboard/rewards/<int:reward_id>/state/", rewards.move_state, name="dashboard-reward-state"),
    path("dashboard/rewards/<int:reward_id>/restore/", rewards.restore, name="dashboard-reward-restore"),
    path("dashboard/rewards/<int:reward_id>/restock/", rewards.restock, name="dashboard-reward-restock"),
    path("dashboard/rewards/<int:reward_id>/codes/", reward_codes.show_codes, name="dashboard-reward-codes"),
    path(
        "dashboard/rewards/<int:reward_id>/codes/withdraw/",
        reward_codes.withdraw,
        name="dashboard-reward-codes-withdraw",
    ),
    path(
        "dashboard/rewards/<int:reward_id>/codes/<int:list_id>/",
        reward_codes.show_run,
        name="dashboard-reward-codes-run",
    ),
    path("dashboard/sponsors/", sponsors.show_sponsors, name="dashboard-sponsors"),
    path("dashboard/sponsors/new/", sponsors.add_sponsor, name="dashboard-sponsor-new"),
    path("dashboard/sponsors/<int:sponsor_id>/", sponsors.edit_sponsor, name="dashboard-sponsor"),
    path("dashboard/sponsors/<int:sponsor_id>/move/", sponsors.move_sponsor, name="dashboard-sponsor-move"),
    path("dashboard/credits/", credits.show_requests, name="dashboard-credits"),
    path("dashboard/credits/export.<str:format>", credits.export_requests, name="dashboard-credits-export"),
    path("dashboard/credits/bulk/", credits_bulk.act_on_many, name="dashboard-credits-bulk"),
    path("dashboard/credits/figures/", credits.show_figures, name="dashboard-credit-figures"),
    path(
        "dashboard/credits/requests/<int:request_id>/", credits.show_request, name="dashboard-credit-request"
    ),
    path(
        "dashboard/credits/requests/<int:request_id>/grant/",
        credit_decisions.approve,
        name="dashboard-credit-approve",
    ),
    path(
        "dashboard/credits/requests/<int:request_id>/grant-a-part/",
        credit_decisions.approve_part,
        name="dashboard-credit-approve-part",
    ),
    path(
        "dashboard/credits/requests/<int:request_id>/reject/",
        credit_decisions.reject,
        name="dashboard-credit-reject",
    ),
    path(
        "dashboard/credits/requests/<int:request_id>/ask/", credit_decisions.ask, name="dashboard-credit-ask"
    ),
    path(
        "dashboard/credits/requests/<int:request_id>/undo/",
        credit_decisions.undo,
        name="dashboard-credit-undo",
    ),
    path("dashboard/credits/moves/", credit_moves.show_moves, name="dashboard-credit-moves"),
    path(
        "dashboard/credits/moves/export.<str:format>",
        credit_moves.export_moves,
        name="dashboard-credit-moves-export",
    ),
    path("dashboard/credits/moves/new/", credit_moves.move, name="dashboard-credit-move"),
    path(
        "dashboard/credits/moves/<int:move_id>/undo/",
        credit_moves.take_back,
        name="dashboard-credit-move-undo",
    ),
    path("dashboard/credits/kinds/", credit_types.show_types, name="dashboard-credit-types"),
    path("dashboard/credits/kinds/new/", credit_types.add_type, name="dashboard-credit-type-new"),
    path(
        "dashboard/credits/kinds/<int:credit_type_id>/", credit_types.edit_type, name="dashboard-credit-type"
    ),
    path(
        "dashboard/credits/kinds/<int:credit_type_id>/archive/",
        credit_types.archive,
        name="dashboard-credit-type-archive",
    ),
    path(
        "dashboard/credits/kinds/<int:credit_type_id>/restore/",
        credit_types.restore,
        name="dashboard-credit-type-restore",
    ),
    path(
        "dashboard/credits/kinds/<int:credit_type_id>/trust/",
        credit_types.trust,
        name="dashboard-credit-trust",
    ),
    path(
        "dashboard/credits/kinds/<int:credit_type_id>/trust/<int:approver_id>/remove/",
        credit_types.trust_no_longer,
        name="dashboard-credit-trust-remove",
    ),
    path("credits/", my_credits.show_credits, name="my-credits"),
    path("credits/request/", my_credits.ask, name="my-credits-request"),
    path("credits/history/", my_credits.show_statement, name="my-credits-history"),
    path("credits/requests/<int:request_id>/", my_credits.show_request, name="my-credit-request"),
    path("credits/requests/<int:request_id>/answer/", my_credits.answer, name="my-credit-answer"),
    path("credits/requests/<int:request_id>/cancel/", my_credits.cancel, name="my-credit-cancel"),
    path("credits/decide/", credits_trusted.show_queue, name="credits-trusted"),
    path("credits/decide/<int:request_id>/", credits_trusted.decide, name="credits-trusted-decide"),
    path("shop/", shop.show_shop, name="shop"),
    path("shop/<int:reward_id>/", shop.show_reward, name="shop-reward"),
    path("shop/<int:reward_id>/redeem/", shop.redeem, name="shop-redeem"),
    path("shop/<int:reward_id>/queue/", queue.show_queue, name="shop-queue"),
    path("redemptions/", redemptions.show_redemptions, name="redemptions"),
    path("redemptions/<int:redemption_id>/", redemptions.show_redemption, name="redemption"),
    path("redemptions/<int:redemption_id>/cancel/", redemptions.cancel, name="redemption-cancel"),
    path("address/<str:ticket>/", addresses.ask_address, name="address"),
    path("downloads/<str:signed>/", downloads.give_download, name="download"),
    path("dashboard/redemptions/to-ship.csv", parcels.export_parcels, name="dashboard-redemptions-parcels"),
    path("redemptions/<int:redemption_id>/code/", redemptions.show_own_code, name="redemption-code"),
    path("redemptions/<int:redemption_id>/download/", redemptions.begin_download, name="redemption-download"),
    path("redemptions/<int:redemption_id>/address/", redemptions.begin_address, name="redemption-address"),
    path("redemptions/<int:redemption_id>/arrived/", redemptions.confirm_parcel, name="redemption-arrived"),
    path("dashboard/redemptions/", team_redemptions.show_redemptions, name="dashboard-redemptions"),
    path(
        "dashboard/redemptions/export.<str:format>",
        team_redemptions.export_redemptions,
        name="dashboard-redemptions-export",
    ),
    path("dashboard/redemptions/bulk/", redemptions_bulk.act_on_many, name="dashboard-redemptions-bulk"),
    path(
        "dashboard/redemptions/<int:redemption_id>/",
        team_redemptions.show_redemption,
        name="dashboard-redemption",
    ),
    path(
        "dashboard/redemptions/<int:redemption_id>/approve/",
        redemptions_deciding.approve,
        name="dashboard-redemption-approve",
    ),
    path(
        "dashboard/redemptions/<int:redemption_id>/reject/",
        redemptions_deciding.reject,
        name="dashboard-redemption-reject",
    ),
    path(
        "dashboard/redemptions/<int:redemption_id>/refund/",
        redemptions_deciding.refund,
        name="dashboard-redemption-refund",
    ),
    path("hooks/surveys/<slug:key>/", survey_hook.receive_survey, name="survey-hook"),
    path(
        "dashboard/redemptions/<int:redemption_id>/ship/",
        redemptions_handing_out.ship,
        name="dashboard-redemption-ship",
    ),
    path(
        "dashboard/redemptions/<int:redemption_id>/deliver/",
        redemptions_handing_out.deliver,
        name="dashboard-redemption-deliver",
    ),
    path(
        "dashboard/redemptions/<int:redemption_id>/address/",
        redemptions_handing_out.show_address,
        name="dashboard-redemption-address",
    ),
    path("dashboard/submissions/", submissions.show_queue, name="dashboard-submissions"),
    path(
        "dashboard/submissions/export.<str:format>",
        submissions.export_queue,
        name="dashboard-submissions-export",
    ),
    path("dashboard/submissions/all/", submissions.show_everything, name="dashboard-submissions-all"),
    path(
        "dashboard/submissions/all/export.<str:format>",
        submissions.export_everything,
        name="dashboard-submissions-all-export",
    ),
    path("dashboard/submissions/bulk/", submissions_bulk.decide_on_many, name="dashboard-submissions-bulk"),
    path(
        "dashboard/submissions/bulk/<uuid:run>/",
        submissions_bulk.show_results,
        name="dashboard-submissions-bulk-result",
    ),
    path(
        "dashboard/submissions/bulk/<uuid:run>/undo/",
        submissions_bulk.undo_many,
        name="dashboard-submissions-bulk-undo",
    ),
    path("dashboard/submissions/reasons/", submission_reasons.show_reasons, name="dashboard-reasons"),
    path(
        "dashboard/submissions/reasons/<int:reason_id>/remove/",
        submission_reasons.remove,
        name="dashboard-reason-remove",
    ),
    path("dashboard/submissions/types/", submission_types.show_types, name="dashboard-submission-types"),
    path("dashboard/submissions/types/new/", submission_type.add_type, name="dashboard-submission-type-new"),
    path(
        "dashboard/submissions/types/packs/", submission_packs.show_packs, name="dashboard-submission-packs"
    ),
    path(
        "dashboard/submissions/types/packs/<slug:pack>/",
        submission_packs.show_pack,
        name="dashboard-submission-pack",
    ),
    path(
        "dashboard/submissions/types/<int:submission_type_id>/",
        submission_type.show_type,
        name="dashboard-submission-type",
    ),
    path(
        "dashboard/submissions/types/<int:submission_type_id>/switch/",
        submission_types.switch,
        name="dashboard-submission-type-switch",
    ),
    path(
        "dashboard/submissions/types/<int:submission_type_id>/move/",
        submission_types.move,
        name="dashboard-submission-type-move",
    ),
    path(
        "dashboard/submissions/types/<int:submission_type_id>/archive/",
        submission_types.archive,
        name="dashboard-submission-type-archive",
    ),
    path(
        "dashboard/submissions/types/<int:submission_type_id>/restore/",
        submission_types.restore,
        name="dashboard-submission-type-restore",
    ),
    path(
        "dashboard/submissions/types/<int:submission_type_id>/survey/",
        submission_survey.keep_survey,
        name="dashboard-submission-type-survey",
    ),
    path("dashboard/submissions/<int:submission_id>/", submission.show_one, name="dashboard-submission"),
    path(
        "dashboard/submissions/<int:submission_id>/sum/", submission.show_sum, name="dashboard-submission-sum"
    ),
    path(
        "dashboard/submissions/<int:submission_id>/approve/",
        submission.approve,
        name="dashboard-submission-approve",
    ),
    path(
        "dashboard/submissions/<int:submission_id>/reject/",
        submission.reject,
        name="dashboard-submission-reject",
    ),
    path("dashboard/submissions/<int:submission_id>/ask/", submission.ask, name="dashboard-submission-ask"),
    path(
        "dashboard/submissions/<int:submission_id>/claim/",
        submission.claim,
        name="dashboard-submission-claim",
    ),
    path(
        "dashboard/submissions/<int:submission_id>/release/",
        submission.release,
        name="dashboard-submission-release",
    ),
    path(
        "dashboard/submissions/<int:submission_id>/undo/", submission.undo, name="dashboard-submission-undo"
    ),
    path("submit/", handed_in.show_types, name="submit"),
    path("submit/find/", handing_in.find_member, name="submit-find"),
    path("submit/<slug:type_key>/", handing_in.show_form, name="submit-type"),
    path("submissions/", handed_in.show_mine, name="my-submissions"),
    path("submissions/<int:submission_id>/", handing_in.show_own, name="submission"),
    path("submissions/<int:submission_id>/withdraw/", handing_in.take_back, name="submission-withdraw"),
    path("survey/<str:ticket>/", survey.show_survey, name="survey"),
    path("decide/", credit_mail.show_credit_mail, name="credit-mail"),
]
