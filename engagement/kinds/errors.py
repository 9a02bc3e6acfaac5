"""What can go wrong with templates and the checklist."""

from __future__ import annotations

from saas.core.errors import ConflictError


class TemplateLockedError(ConflictError):
    """The community is live: what members earn by would change under their feet."""

    code = "template_locked"

    def __init__(self) -> None:
        super().__init__(
            "The community is live, so a template can no longer be put on or taken off. Change rules and levels on their own "
            "pages, or go back to shadow mode first."
        )


class NothingToUndoError(ConflictError):
    code = "nothing_to_undo"

    def __init__(self) -> None:
        super().__init__("No template was applied that could be undone.")
