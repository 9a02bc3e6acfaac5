"""What can be wrong with a retainer."""

from __future__ import annotations

from saas.core.errors import ConflictError, NotFoundError


class RetainerNotFoundError(NotFoundError):
    code = "retainer_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such retainer. `manage.py retainer list` shows them with their keys.")


class RetainerStandsError(ConflictError):
    """The payer has another one."""

    code = "retainer_stands"

    def __init__(self, payer: str, key: str) -> None:
        super().__init__(
            f"{payer} has a retainer with other terms ({key}). End it first, or agree the new one with another company."
        )


class RetainerEndedError(ConflictError):
    code = "retainer_ended"

    def __init__(self) -> None:
        super().__init__("This retainer is not in force, so it covers nobody. Agree a new one.")


class RetainerFullError(ConflictError):
    code = "retainer_full"

    def __init__(self, places: int) -> None:
        super().__init__(
            f"All {places} places of this retainer are taken. Take a community out first, or agree on more places."
        )


class CoveredError(ConflictError):
    """The community's plan is paid already."""

    code = "community_covered"

    def __init__(self, name: str, payer: str) -> None:
        super().__init__(
            f"The plan of {name} is part of {payer}'s retainer already, so nobody pays for it again."
        )
