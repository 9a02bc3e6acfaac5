"""In which language a member's pages write what points came from. Their frame is English; parts in another language say so (`lang`)."""

from __future__ import annotations

from engagement.analytics.languages import SENTENCES
from tenants.context import TenantContext


def language_of(context: TenantContext) -> str:
    """The community's, where we write in it; else English."""
    language = context.locale.replace("_", "-").partition("-")[0].lower()
    return language if language in SENTENCES.languages else "en"
