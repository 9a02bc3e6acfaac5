"""Pages of BASE_DOMAIN itself: the front door and sign-in, later signup, billing, the operator."""

from django.urls import URLPattern, URLResolver, path

from frontend_api.site import founding, install, oauth, views

handler400 = "frontend_api.errors.handle_bad_request"
handler403 = "frontend_api.errors.handle_forbidden"
handler404 = "frontend_api.errors.handle_not_found"
handler500 = "frontend_api.errors.handle_failure"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.show_landing, name="front"),
    path("login/", views.show_sign_in, name="login"),
    path("login/continue/", views.continue_sign_in, name="continue"),
    path("logout/", views.leave, name="logout"),
    path("new/", founding.show_new, name="new-community"),
    path("new/address/", founding.check_new_address, name="new-address"),
    path("new/<int:tenant_id>/", founding.show_progress, name="new-progress"),
    path("new/<int:tenant_id>/retry/", founding.retry, name="new-retry"),
    path("discord/install/", install.begin, name="install"),
    # Registered with Discord, where an address counts to the letter: no slash at its end.
    path("oauth/discord/callback", oauth.receive_answer, name="discord-callback"),
]
