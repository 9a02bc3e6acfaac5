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

    def __init__(self, places: int, waiting: int = 0) -> None:
        taken = f"taken, or offered to {waiting} who have not answered yet" if waiting else "taken"
        all_of_them = (
            "The only place of this retainer is"
            if places == 1
            else f"All {places} places of this retainer are"
        )
        super().__init__(f"{all_of_them} {taken}. Take a community out first, or agree on more places.")


class CoveredError(ConflictError):
    """The community's plan is paid already."""

    code = "community_covered"

    def __init__(self, name: str, payer: str) -> None:
        super().__init__(
            f"The plan of {name} is part of {payer}'s retainer already, so nobody pays for it again."
        )


class RetainerBegunError(ConflictError):
    """It was to be called off, and its day has come."""

    code = "retainer_begun"

    def __init__(self, key: str) -> None:
        super().__init__(f"This retainer ({key}) has begun, so it can't be called off. End it instead.")


class PlannedTermsError(ConflictError):
    """Something at once, while other terms wait for the next period."""

    code = "retainer_terms_planned"

    def __init__(self) -> None:
        super().__init__(
            "Other terms are planned for this retainer’s next period. Take that back first, then do this at once."
        )


class RetainerChangedError(ConflictError):
    """A form began from terms that no longer hold."""

    code = "retainer_changed"

    def __init__(self) -> None:
        super().__init__(
            "This retainer was changed meanwhile, so nothing was done. Look at what holds now, and choose again."
        )


class RetainerUnpaidError(ConflictError):
    code = "retainer_unpaid"

    def __init__(self) -> None:
        super().__init__(
            "An invoice of this retainer is late. Once it is paid its terms can change at once; from the next period on they can "
            "change now."
        )


class RetainerEndsError(ConflictError):
    code = "retainer_ends"

    def __init__(self) -> None:
        super().__init__(
            "This retainer ends before another period begins. Let it renew first, or change its terms at once."
        )


class SameTermsError(ConflictError):
    code = "retainer_same_terms"

    def __init__(self) -> None:
        super().__init__(
            "These are the terms that hold already. Choose another price, plan, number of places or days."
        )


class FewerPlacesError(ConflictError):
    """More are covered than there would be places for."""

    code = "retainer_fewer_places"

    def __init__(self, places: int, covered: int) -> None:
        super().__init__(
            f"This retainer covers {covered} communities, and {places} would have a place. Take "
            f"{covered - places} out first, or agree on more places."
        )


class PlaceOfferOverError(ConflictError):
    """An offer of a place that does not wait any more."""

    code = "place_offer_over"

    def __init__(self, message: str = "") -> None:
        super().__init__(
            message
            or "This offer was answered, was taken back or has run out. Ask whoever made it to offer the place again."
        )
