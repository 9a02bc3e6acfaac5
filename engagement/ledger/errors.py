"""What moving a balance refuses."""

from __future__ import annotations

from saas.core.errors import ConflictError


class NotEnoughError(ConflictError):
    """The balance does not cover it. `has` and `needs` are whole units of the currency; `has` is what can be spent."""

    code = "not_enough"

    def __init__(self, *, has: int, needs: int) -> None:
        super().__init__(f"This needs {needs:,}, and {has:,} are there: {needs - has:,} more.")
        self.has = has
        self.needs = needs
