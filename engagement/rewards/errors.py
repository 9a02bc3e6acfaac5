"""What can be wrong with the catalogue, told to whoever keeps it; and why a member does not get something."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from saas.core.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError

if TYPE_CHECKING:
    from .eligibility import Refusal


class InvalidRewardError(InvalidInputError):
    """A part of a reward is wrong; `field` names the part, such as “price” or “settings.role_id”."""

    code = "invalid_reward"


class RewardNotFoundError(NotFoundError):
    code = "reward_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such reward in this community.")


class RewardKeyTakenError(ConflictError):
    code = "reward_key_taken"

    def __init__(self, key: str) -> None:
        super().__init__(f"A reward with the key “{key}” exists, perhaps in the archive. Choose another key.")


class RewardArchivedError(ConflictError):
    """An archived reward keeps what it was; it changes once it is restored."""

    code = "reward_archived"

    def __init__(self, name: str) -> None:
        super().__init__(f"“{name}” is archived and can't be changed. Restore it first.")


class RewardChangedError(ConflictError):
    """Somebody else changed it meanwhile; `version` stands now."""

    code = "reward_changed"

    def __init__(self, name: str, version: int) -> None:
        super().__init__(
            f"Somebody changed “{name}” since you opened it. Compare theirs with yours, and save once more."
        )
        self.version = version
        self.facts: dict[str, object] = {"version": version}


class RewardFrozenError(NotAllowedError):
    """The plan includes fewer rewards on offer than the community has, and older ones come first: this one rests, unchanged."""

    code = "reward_frozen"

    def __init__(self, name: str, allowed: int) -> None:
        super().__init__(
            f"“{name}” is frozen: this community's plan includes {allowed:,} reward{'' if allowed == 1 else 's'} on offer, and older ones "
            "come first. Pause another one, or have the owner change the plan under Billing; then it is back in the shop."
        )
        self.facts: dict[str, object] = {"limit": "rewards", "allowed": allowed}


class TooManyRewardsError(ConflictError):
    code = "too_many_rewards"


class StockPromisedError(ConflictError):
    """Less would be left than redemptions wait for. `promised` pieces."""

    code = "stock_promised"

    def __init__(self, promised: int) -> None:
        super().__init__(
            f"{promised:,} of them {'is' if promised == 1 else 'are'} promised to members already, so that many must stay. Give a "
            "higher stock, or reject what waits first."
        )
        self.promised = promised


class InvalidTierError(InvalidInputError):
    code = "invalid_tier"


class InvalidSponsorError(InvalidInputError):
    code = "invalid_sponsor"


class SponsorNotFoundError(NotFoundError):
    code = "sponsor_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such sponsor in this community.")


class SponsorNameTakenError(ConflictError):
    code = "sponsor_name_taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"A sponsor called “{name}” exists, perhaps in the archive. Choose another name.")


class SponsorChangedError(ConflictError):
    """Somebody else changed it meanwhile."""

    code = "sponsor_changed"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Somebody changed “{name}” since you opened it. Compare theirs with yours, and save once more."
        )


class CatalogueRunNotFoundError(NotFoundError):
    code = "catalogue_run_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such import in this community.")


class CatalogueRunStateError(ConflictError):
    """It is no longer, or not yet, where this can be done."""

    code = "catalogue_run_state"


class RewardRefusedError(ConflictError):
    """A member may not have the reward now. `code` and words are the refusal's; `missing` points, `until` when it may be another way."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.text)
        self.code = refusal.code
        self.missing: int = refusal.missing
        self.until: datetime | None = refusal.until
        self.facts: dict[str, object] = {"missing": refusal.missing}
