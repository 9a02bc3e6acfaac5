"""The one registered callback, `{BASE_URL}/oauth/discord/callback`: finds out which journey Discord's answer belongs to.

A state of ours (tenants.oauth_states) says what was begun; any other answer is about signing in, which is allauth's matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from frontend_api.site import discord, install
from integrations.discord.linking import PURPOSE as BOT
from tenants.oauth_states import BadStateError, OAuthState, is_own_state, take_state

Finisher = Callable[[HttpRequest, OAuthState], HttpResponse]
# What each purpose ends in.
FINISHERS: Mapping[str, Finisher] = {BOT: install.finish}


@never_cache
@require_GET
def receive_answer(request: HttpRequest) -> HttpResponse:
    """Discord sent the browser back. Raises BadStateError, and what the journey's end raises."""
    text = request.GET.get("state", "")
    if not is_own_state(text):
        return discord.finish(request)
    user_id = request.user.pk if request.user.is_authenticated else None
    state = take_state(text=text, session_key=request.session.session_key or "", user_id=user_id)
    finish = FINISHERS.get(state.purpose)
    if finish is None:
        raise BadStateError("This answer from Discord belongs to nothing that we know. Start again.")
    return finish(request, state)
