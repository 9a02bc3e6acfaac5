"""Pages of BASE_DOMAIN itself: the front door, signing up and in, a person's own settings."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from frontend_api.operator import communities as ops_communities
from frontend_api.operator import flags as ops_flags
from frontend_api.operator import plan_gifts as ops_gifts
from frontend_api.operator import queues as ops_queues
from frontend_api.operator import retainer_terms as ops_retainer_terms
from frontend_api.operator import retainers as ops_retainers
from frontend_api.operator import stripe_events as ops_stripe
from frontend_api.operator.admin_public import public_site
from frontend_api.site import (
    claim,
    communities,
    discord,
    founding,
    install,
    invitations,
    oauth,
    passwords,
    personal,
    pricing,
    sign_up,
    stripe_webhook,
    two_step,
    views,
)
from frontend_api.site.console import copying as console_copying
from frontend_api.site.console import costs as console_costs
from frontend_api.site.console import handing as console_handing
from frontend_api.site.console import invoices as console_invoices
from frontend_api.site.console import pages as console
from frontend_api.site.console import retainers as console_retainers
from frontend_api.v1.urls import ON_BASE_DOMAIN

handler400 = "frontend_api.errors.handle_bad_request"
handler403 = "frontend_api.errors.handle_forbidden"
handler404 = "frontend_api.errors.handle_not_found"
handler500 = "frontend_api.errors.handle_failure"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.show_landing, name="front"),
    path("login/", views.show_sign_in, name="login"),
    path("login/continue/", views.continue_sign_in, name="continue"),
    path("login/code/", two_step.EnterCode.as_view(), name="mfa_authenticate"),
    path("login/discord/", discord.begin, name="discord-sign-in"),
    path("login/off/", personal.show_inactive, name="account_inactive"),
    path("logout/", views.leave, name="logout"),
    path("pricing/", pricing.show_pricing, name="pricing"),
    path("pricing/start/", pricing.begin, name="pricing-start"),
    path("signup/", sign_up.SignUp.as_view(), name="signup"),
    path("signup/mail/", sign_up.show_look_into_mail, name="account_email_verification_sent"),
    path("signup/mail/again/", sign_up.resend, name="resend"),
    path("signup/confirmed/", sign_up.show_confirmed, name="email-confirmed"),
    re_path(
        r"^signup/confirm/(?P<key>[-:\w]+)/$", sign_up.ConfirmEmail.as_view(), name="account_confirm_email"
    ),
    path("password/", passwords.Forgot.as_view(), name="account_reset_password"),
    path("password/sent/", passwords.show_reset_sent, name="account_reset_password_done"),
    re_path(
        r"^password/new/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        passwords.NewPassword.as_view(),
        name="account_reset_password_from_key",
    ),
    path("password/done/", passwords.show_reset_done, name="account_reset_password_from_key_done"),
    path("invites/<str:token>/", invitations.show_invite, name="invite"),
    path("prove/", personal.prove, name="prove"),
    path("settings/", personal.show_settings, name="settings"),
    path("settings/email/", personal.ChangeEmail.as_view(), name="account_email"),
    path("settings/sign-in/", personal.show_ways_in, name="sign-in-methods"),
    path("settings/sign-in/password/", passwords.Change.as_view(), name="account_change_password"),
    path("settings/sign-in/password/set/", passwords.SetFirst.as_view(), name="account_set_password"),
    path("settings/sign-in/discord/unlink/", personal.unlink, name="discord-unlink"),
    path("settings/two-step/", two_step.show_two_step, name="mfa_index"),
    path("settings/two-step/on/", two_step.Enrol.as_view(), name="mfa_activate_totp"),
    path("settings/two-step/off/", two_step.SwitchOff.as_view(), name="mfa_deactivate_totp"),
    path("settings/two-step/codes/", two_step.RecoveryCodes.as_view(), name="mfa_view_recovery_codes"),
    path(
        "settings/two-step/codes/new/",
        two_step.NewRecoveryCodes.as_view(),
        name="mfa_generate_recovery_codes",
    ),
    path("settings/sessions/", personal.show_sessions, name="sessions"),
    path("settings/delete/", personal.show_delete, name="delete-login"),
    path("deleted/", personal.show_deleted, name="deleted"),
    # allauth looks for these two by its own names.
    path("login/", views.show_sign_in, name="account_login"),
    path("signup/", sign_up.SignUp.as_view(), name="account_signup"),
    path("claim/", claim.show_claim, name="claim"),
    path("new/", founding.show_new, name="new-community"),
    path("new/address/", founding.check_new_address, name="new-address"),
    path("new/<int:tenant_id>/", founding.show_progress, name="new-progress"),
    path("new/<int:tenant_id>/retry/", founding.retry, name="new-retry"),
    path("communities/", communities.show_communities, name="communities"),
    path("communities/<int:tenant_id>/restore/", communities.restore, name="community-restore"),
    path("communities/<int:tenant_id>/accept/", communities.accept, name="community-accept"),
    path("communities/<int:tenant_id>/decline/", communities.decline, name="community-decline"),
    path("billing/", console.show_console, name="console"),
    path("billing/communities/<int:tenant_id>/usage/", console.show_usage, name="console-usage"),
    path(
        "billing/communities/<int:tenant_id>/hand-over/", console_handing.hand_over, name="console-hand-over"
    ),
    path("billing/costs/", console_costs.show_costs, name="console-costs-all"),
    path("billing/payers/new/", console.add_payer, name="console-payer-new"),
    path("billing/payers/<str:key>/", console.edit_payer, name="console-payer"),
    path("billing/payers/<str:key>/costs/", console_costs.export_costs, name="console-costs"),
    path("billing/payers/<str:key>/invoices/", console_invoices.show_invoices, name="console-invoices"),
    path("billing/retainers/<str:key>/", console_retainers.show_retainer, name="console-retainer"),
    path("billing/copy/", console_copying.copy, name="console-copy"),
    path("billing/copy/<int:tenant_id>/undo/", console_copying.undo, name="console-copy-undo"),
    path("discord/install/", install.begin, name="install"),
    # Registered with Discord, where an address counts to the letter: no slash at its end.
    path("oauth/discord/callback", oauth.receive_answer, name="discord-callback"),
    path("stripe/webhook/", stripe_webhook.receive, name="stripe-webhook"),
    path("api/v1/", include(ON_BASE_DOMAIN, namespace="api")),
    path("ops/", ops_communities.show_overview, name="ops"),
    path("ops/communities/", ops_communities.show_communities, name="ops-communities"),
    path("ops/communities/<int:tenant_id>/", ops_communities.show_community, name="ops-community"),
    path("ops/communities/<int:tenant_id>/suspend/", ops_communities.suspend, name="ops-suspend"),
    path("ops/communities/<int:tenant_id>/plan/", ops_gifts.give, name="ops-plan-give"),
    path("ops/communities/<int:tenant_id>/plan/back/", ops_gifts.take_back, name="ops-plan-take-back"),
    path("ops/communities/<int:tenant_id>/resume/", ops_communities.resume, name="ops-resume"),
    path("ops/lag/", ops_queues.show_lag, name="ops-lag"),
    path("ops/poison/", ops_queues.show_poison, name="ops-poison"),
    path("ops/poison/<int:poison_id>/", ops_queues.show_poison_one, name="ops-poison-one"),
    path("ops/poison/<int:poison_id>/replay/", ops_queues.replay, name="ops-replay"),
    path("ops/jobs/", ops_queues.show_jobs, name="ops-jobs"),
    path("ops/jobs/<int:job_id>/retry/", ops_queues.retry, name="ops-job-retry"),
    path("ops/jobs/<int:job_id>/cancel/", ops_queues.cancel, name="ops-job-cancel"),
    path("ops/flags/", ops_flags.show_flags, name="ops-flags"),
    path("ops/flags/<str:name>/", ops_flags.show_flag, name="ops-flag"),
    path("ops/stripe/", ops_stripe.show_events, name="ops-stripe-events"),
    path("ops/stripe/compare/", ops_stripe.compare, name="ops-stripe-compare"),
    path("ops/stripe/replay/", ops_stripe.replay_all, name="ops-stripe-replay-all"),
    path("ops/stripe/<int:event_id>/", ops_stripe.show_event, name="ops-stripe-event"),
    path("ops/stripe/<int:event_id>/replay/", ops_stripe.replay, name="ops-stripe-replay"),
    path("ops/retainers/", ops_retainers.show_retainers, name="ops-retainers"),
    path("ops/retainers/<str:key>/terms/", ops_retainer_terms.change, name="ops-retainer-terms"),
    path("ops/retainers/<str:key>/", ops_retainers.change_retainer, name="ops-retainer"),
    path("ops/admin/", public_site.urls),
]
