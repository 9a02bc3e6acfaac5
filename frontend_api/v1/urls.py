"""The addresses of REST v1. On BASE_DOMAIN those of `EVERYWHERE` alone."""

from __future__ import annotations

from django.urls import URLPattern, path

from . import (
    activities,
    boosts,
    credit_requests,
    credit_types,
    credits,
    economy,
    entries,
    imports,
    leaderboards,
    levels,
    me,
    members,
    notices,
    own_submissions,
    reference,
    rewards,
    rules,
    shop,
    sponsors,
    submission_types,
    submissions,
    tokens,
    usage,
)

EVERYWHERE: list[URLPattern] = [
    path("auth/login", tokens.SignIn.as_view(), name="sign-in"),
    path("auth/refresh", tokens.Refresh.as_view(), name="refresh"),
    path("auth/logout", tokens.SignOut.as_view(), name="sign-out"),
    path("auth/sessions", tokens.SessionList.as_view(), name="sessions"),
    path("auth/sessions/<str:session_id>", tokens.SessionDetail.as_view(), name="session"),
    path("me", me.MeView.as_view(), name="me"),
]
NOUNS: list[URLPattern] = [
    path("activities", activities.ActivityList.as_view(), name="activities"),
    path("activities/batch", activities.ActivityBatch.as_view(), name="activity-batch"),
    path("activities/<str:source_id>", activities.ActivityDetail.as_view(), name="activity"),
    path("activities/<str:source_id>/why", activities.ActivityWhy.as_view(), name="activity-why"),
    path("entries", entries.EntryList.as_view(), name="entries"),
    path("entries/<int:entry_id>", entries.EntryDetail.as_view(), name="entry"),
    path("entries/<int:entry_id>/undo", entries.EntryUndo.as_view(), name="entry-undo"),
    path("leaderboards", leaderboards.BoardList.as_view(), name="boards"),
    path("leaderboards/<str:period>", leaderboards.BoardDetail.as_view(), name="board"),
    path("leaderboards/<str:period>/around", leaderboards.BoardAround.as_view(), name="board-around"),
    path("members", members.MemberList.as_view(), name="members"),
    path("members/<int:member_id>", members.MemberDetail.as_view(), name="member"),
    path("members/<int:member_id>/restore", members.MemberRestore.as_view(), name="member-restore"),
    path("rules", rules.RuleList.as_view(), name="rules"),
    path("rules/dry-run", rules.RuleDryRun.as_view(), name="rule-dry-run"),
    path("rules/<slug:key>", rules.RuleDetail.as_view(), name="rule"),
    path("rules/<slug:key>/versions", rules.RuleVersions.as_view(), name="rule-versions"),
    path("boosts", boosts.BoostList.as_view(), name="boosts"),
    path("boosts/quote", boosts.BoostQuoteView.as_view(), name="boost-quote"),
    path("boosts/<int:boost_id>", boosts.BoostDetail.as_view(), name="boost"),
    path("boosts/<int:boost_id>/stop", boosts.BoostStop.as_view(), name="boost-stop"),
    path("shop", shop.ShopList.as_view(), name="shop"),
    path("shop/<int:reward_id>", shop.ShopDetail.as_view(), name="shop-item"),
    path("reward-tiers", shop.TierList.as_view(), name="reward-tiers"),
    path("rewards", rewards.RewardList.as_view(), name="rewards"),
    path("rewards/<int:reward_id>", rewards.RewardDetail.as_view(), name="reward"),
    path("rewards/<int:reward_id>/offer", rewards.RewardOffer.as_view(), name="reward-offer"),
    path("rewards/<int:reward_id>/pause", rewards.RewardPause.as_view(), name="reward-pause"),
    path("rewards/<int:reward_id>/archive", rewards.RewardArchive.as_view(), name="reward-archive"),
    path("rewards/<int:reward_id>/restore", rewards.RewardRestore.as_view(), name="reward-restore"),
    path("rewards/<int:reward_id>/restock", rewards.RewardRestock.as_view(), name="reward-restock"),
    path("rewards/<int:reward_id>/codes", rewards.RewardCodes.as_view(), name="reward-codes"),
    path(
        "rewards/<int:reward_id>/codes/<int:list_id>",
        rewards.RewardCodesRun.as_view(),
        name="reward-codes-run",
    ),
    path("sponsors", sponsors.SponsorList.as_view(), name="sponsors"),
    path("sponsors/<int:sponsor_id>", sponsors.SponsorDetail.as_view(), name="sponsor"),
    path("sponsors/<int:sponsor_id>/archive", sponsors.SponsorArchive.as_view(), name="sponsor-archive"),
    path("sponsors/<int:sponsor_id>/restore", sponsors.SponsorRestore.as_view(), name="sponsor-restore"),
    path("credit-types", credit_types.CreditTypes.as_view(), name="credit-types"),
    path("credit-types/<int:credit_type_id>", credit_types.CreditTypeDetail.as_view(), name="credit-type"),
    path(
        "credit-types/<int:credit_type_id>/archive",
        credit_types.CreditTypeArchive.as_view(),
        name="credit-type-archive",
    ),
    path(
        "credit-types/<int:credit_type_id>/restore",
        credit_types.CreditTypeRestore.as_view(),
        name="credit-type-restore",
    ),
    path(
        "credit-types/<int:credit_type_id>/approvers",
        credit_types.Approvers.as_view(),
        name="credit-approvers",
    ),
    path(
        "credit-types/<int:credit_type_id>/approvers/<int:approver_id>",
        credit_types.ApproverDetail.as_view(),
        name="credit-approver",
    ),
    path("credits", credits.Balances.as_view(), name="credits"),
    path("credits/moves", credits.Moves.as_view(), name="credit-moves"),
    path("credits/moves/<int:move_id>/undo", credits.MoveUndo.as_view(), name="credit-move-undo"),
    path("credits/grant", credits.Grant.as_view(), name="credits-grant"),
    path("credits/revoke", credits.Revoke.as_view(), name="credits-revoke"),
    path("credits/spend", credits.Spend.as_view(), name="credits-spend"),
    path("me/credits", credits.OwnCredits.as_view(), name="own-credits"),
    path("me/credit-requests", credits.OwnRequests.as_view(), name="own-credit-requests"),
    path("credit-requests", credit_requests.CreditRequests.as_view(), name="credit-requests"),
    path("credit-requests/decide", credit_requests.CreditRequestDecide.as_view(), name="credit-decide"),
    path("credit-requests/figures", credit_requests.CreditFiguresView.as_view(), name="credit-figures"),
    path(
        "credit-requests/<int:request_id>",
        credit_requests.CreditRequestDetail.as_view(),
        name="credit-request",
    ),
    path(
        "credit-requests/<int:request_id>/approve",
        credit_requests.CreditRequestApprove.as_view(),
        name="credit-request-approve",
    ),
    path(
        "credit-requests/<int:request_id>/reject",
        credit_requests.CreditRequestReject.as_view(),
        name="credit-request-reject",
    ),
    path(
        "credit-requests/<int:request_id>/ask",
        credit_requests.CreditRequestAsk.as_view(),
        name="credit-request-ask",
    ),
    path(
        "credit-requests/<int:request_id>/answer",
        credit_requests.CreditRequestAnswers.as_view(),
        name="credit-request-answer",
    ),
    path(
        "credit-requests/<int:request_id>/cancel",
        credit_requests.CreditRequestCancel.as_view(),
        name="credit-request-cancel",
    ),
    path(
        "credit-requests/<int:request_id>/undo",
        credit_requests.CreditRequestUndo.as_view(),
        name="credit-request-undo",
    ),
    path("submissions", submissions.Submissions.as_view(), name="submissions"),
    path("submissions/files", submissions.SubmissionFiles.as_view(), name="submission-files"),
    path("submissions/decide", submissions.SubmissionsDecide.as_view(), name="submissions-decide"),
    path("submissions/<int:submission_id>", submissions.SubmissionDetail.as_view(), name="submission"),
    path(
        "submissions/<int:submission_id>/claim",
        submissions.SubmissionClaim.as_view(),
        name="submission-claim",
    ),
    path(
        "submissions/<int:submission_id>/approve",
        submissions.SubmissionApprove.as_view(),
        name="submission-approve",
    ),
    path(
        "submissions/<int:submission_id>/reject",
        submissions.SubmissionReject.as_view(),
        name="submission-reject",
    ),
    path("submissions/<int:submission_id>/ask", submissions.SubmissionAsk.as_view(), name="submission-ask"),
    path(
        "submissions/<int:submission_id>/undo", submissions.SubmissionUndo.as_view(), name="submission-undo"
    ),
    path("reason-templates", submissions.ReasonTemplates.as_view(), name="reason-templates"),
    path(
        "reason-templates/<int:reason_id>", submissions.ReasonTemplateDetail.as_view(), name="reason-template"
    ),
    path("me/submissions", own_submissions.OwnSubmissions.as_view(), name="own-submissions"),
    path(
        "me/submissions/<int:submission_id>", own_submissions.OwnSubmission.as_view(), name="own-submission"
    ),
    path(
        "me/submissions/<int:submission_id>/resubmit",
        own_submissions.OwnSubmissionAgain.as_view(),
        name="own-submission-again",
    ),
    path(
        "me/submissions/<int:submission_id>/withdraw",
        own_submissions.OwnSubmissionWithdraw.as_view(),
        name="own-submission-withdraw",
    ),
    path("submission-types", submission_types.SubmissionTypes.as_view(), name="submission-types"),
    path(
        "submission-types/open", submission_types.OpenSubmissionTypes.as_view(), name="open-submission-types"
    ),
    path(
        "submission-types/<int:submission_type_id>",
        submission_types.SubmissionTypeDetail.as_view(),
        name="submission-type",
    ),
    path(
        "submission-types/<int:submission_type_id>/restore",
        submission_types.SubmissionTypeRestore.as_view(),
        name="submission-type-restore",
    ),
    path(
        "submission-types/<int:submission_type_id>/switch",
        submission_types.SubmissionTypeSwitch.as_view(),
        name="submission-type-switch",
    ),
    path(
        "submission-types/<int:submission_type_id>/survey-secret",
        submission_types.SurveySecret.as_view(),
        name="survey-secret",
    ),
    path(
        "submission-types/<int:submission_type_id>/survey-links",
        submission_types.SurveyLinks.as_view(),
        name="survey-links",
    ),
    path("submission-packs", submission_types.SubmissionPacks.as_view(), name="submission-packs"),
    path(
        "submission-packs/<slug:pack>",
        submission_types.SubmissionPackDetail.as_view(),
        name="submission-pack",
    ),
    path(
        "submission-packs/<slug:pack>/install",
        submission_types.SubmissionPackInstall.as_view(),
        name="submission-pack-install",
    ),
    path("levels", levels.LevelsView.as_view(), name="levels"),
    path("levels/preview", levels.LevelsPreview.as_view(), name="levels-preview"),
    path("economy", economy.EconomyView.as_view(), name="economy"),
    path("economy/stock", economy.StockView.as_view(), name="economy-stock"),
    path("economy/rewards", economy.RewardFunnelView.as_view(), name="economy-rewards"),
    path("economy/sponsors", economy.SponsorReportView.as_view(), name="economy-sponsors"),
    path("me/notices", notices.OwnNotices.as_view(), name="own-notices"),
    path("me/notices/state", notices.OwnNoticesState.as_view(), name="own-notices-state"),
    path("me/notices/read", notices.OwnNoticesRead.as_view(), name="own-notices-read"),
    path("usage", usage.UsageView.as_view(), name="usage"),
    path("imports", imports.ImportList.as_view(), name="imports"),
    path("imports/<int:import_id>", imports.ImportDetail.as_view(), name="import"),
    path("imports/<int:import_id>/file", imports.ImportFile.as_view(), name="import-file"),
    path("imports/<int:import_id>/lines", imports.ImportLines.as_view(), name="import-lines"),
    path("imports/<int:import_id>/apply", imports.ImportApply.as_view(), name="import-apply"),
    path("imports/<int:import_id>/cancel", imports.ImportCancel.as_view(), name="import-cancel"),
    path("imports/<int:import_id>/undo", imports.ImportUndo.as_view(), name="import-undo"),
]
# Pages for people, and the document for programs.
REFERENCE: list[URLPattern] = [
    path("", reference.show_reference, name="reference"),
    path("openapi.json", reference.show_document, name="document"),
    path("problems", reference.show_problems, name="problems"),
    path("problems/<slug:code>", reference.show_problem, name="problem"),
]
OPERATIONS: list[URLPattern] = [*EVERYWHERE, *NOUNS]
ON_TENANTS = ([*OPERATIONS, *REFERENCE], "api")
ON_BASE_DOMAIN = ([*EVERYWHERE, *REFERENCE], "api")
