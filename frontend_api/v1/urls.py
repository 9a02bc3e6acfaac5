"""The addresses of REST v1. On BASE_DOMAIN those of `EVERYWHERE` alone."""

from __future__ import annotations

from django.urls import URLPattern, path

from . import activities, entries, leaderboards, me, reference, tokens

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
