"""What can go wrong with tenants, their names and their guilds."""

from __future__ import annotations

from saas.core.errors import (
    ConflictError,
    EngageHubError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    NotSignedInError,
    RateLimitedError,
)


class OwnerRoleMissingError(EngageHubError):
    code = "owner_role_missing"
    http_status = 500

    def __init__(self) -> None:
        super().__init__(
            "DATABASE_OWNER_URL is not set, so no schema can be made or changed. Set it to the address of the role that "
            "owns the database."
        )


class OwnerRoleMisusedError(EngageHubError):
    code = "owner_role_misused"
    http_status = 500

    def __init__(self) -> None:
        super().__init__(
            "A schema cannot be made or changed inside a transaction of the app's role. Call it before the transaction, "
            "or from a job."
        )


class FleetBusyError(ConflictError):
    """Another run is migrating the fleet."""

    code = "fleet_busy"

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"Another run has been migrating for more than {seconds:.0f} s, and two at once would wait for each other's locks. Wait "
            "until it is through, or end it; whoever starts again goes on where it stopped."
        )


class UnsupportedSchemaError(EngageHubError):
    """A migration made something that the schema script cannot copy."""

    code = "unsupported_schema"
    http_status = 500


class BadSlugError(InvalidInputError):
    code = "bad_slug"

    def __init__(self, slug: str, reason: str) -> None:
        super().__init__(f"The address {slug!r} cannot be used: {reason}", field="slug")


class SlugTakenError(ConflictError):
    code = "slug_taken"

    def __init__(self, slug: str) -> None:
        super().__init__(f"The address {slug!r} belongs to another community. Choose another one.")


class TenantNotFoundError(NotFoundError):
    code = "tenant_not_found"

    def __init__(self, name: object) -> None:
        super().__init__(f"There is no community {name!r}. `manage.py tenant list` shows those that exist.")


class NotYourCommunityError(TenantNotFoundError):
    """For a person on the site: another's community and none at all read the same."""

    def __init__(self) -> None:
        NotFoundError.__init__(self, "There is no such community among yours. Choose one from your list.")


class BadGuildError(InvalidInputError):
    code = "bad_guild"

    def __init__(self, guild_id: object) -> None:
        super().__init__(
            f"{guild_id!r} is no Discord server id. It is a number of 17 to 20 digits.", field="guild_id"
        )


class BadRoleError(InvalidInputError):
    code = "bad_role"


class GuildTakenError(ConflictError):
    code = "guild_taken"

    def __init__(self, guild_id: int) -> None:
        super().__init__(
            f"The Discord server {guild_id} is linked to another community. Unlink it there first, or ask that community's "
            "owner."
        )


class TenantHasGuildError(ConflictError):
    code = "tenant_has_guild"

    def __init__(self, slug: str, guild_id: int) -> None:
        super().__init__(
            f"The community {slug!r} is linked to the Discord server {guild_id}. Unlink that one before linking another."
        )


class GuildNotLinkedError(NotFoundError):
    code = "guild_not_linked"

    def __init__(self, guild_id: int) -> None:
        super().__init__(f"The Discord server {guild_id} is not linked to any community.")


class TenantNotReadyError(ConflictError):
    """It is being set up, suspended or deleted, so this cannot be done with it now."""

    code = "tenant_not_ready"


class NotConfirmedError(NotAllowedError):
    """A community is made only by somebody who can be reached."""

    code = "not_confirmed"

    def __init__(self) -> None:
        super().__init__(
            "Confirm your e-mail address before you make a community: open the link that we sent you, or sign in with Discord."
        )


class TooManyCommunitiesError(ConflictError):
    code = "too_many_communities"

    def __init__(self, most: int) -> None:
        super().__init__(
            f"You own {most} communities without a plan, which is the most at a time. Delete one that you no longer need, or "
            "choose a plan for one of them."
        )


class BadApiKeyError(NotSignedInError):
    """No key of this community: mistyped, revoked, expired, or another community's."""

    code = "bad_api_key"


class KeyFrozenError(NotAllowedError):
    """The community's plan includes fewer API keys than it has, and this one is among the newest."""

    code = "key_frozen"

    def __init__(self, allowed: int) -> None:
        keys = f"{allowed:,} API key{'' if allowed == 1 else 's'}"
        super().__init__(
            f"This API key is frozen: the community's plan includes {keys}, and older ones come first. Revoke one that is no longer "
            "used, or have the owner change the plan under Billing; then it works again."
        )
        self.facts: dict[str, object] = {"limit": "api_keys", "allowed": allowed}


class ProgramsRateError(RateLimitedError):
    """All programs of the community together asked more often than its plan includes."""

    code = "programs_rate_limited"

    def __init__(self, allowed: int, *, retry_after: int) -> None:
        super().__init__(
            f"This community's plan includes {allowed:,} requests a minute by all of its programs together. Wait {retry_after} "
            f"second{'' if retry_after == 1 else 's'}, then go on; its owner can change the plan under Billing.",
            retry_after=retry_after,
        )
        self.facts: dict[str, object] = {"limit": "api_rate", "allowed": allowed}


class InvalidApiKeyError(InvalidInputError):
    """A key cannot be made like that; `field` names the part."""

    code = "invalid_api_key"


class ApiKeyNotFoundError(NotFoundError):
    code = "api_key_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such API key in this community.")


class ApiKeyEndedError(ConflictError):
    """The key was revoked or has expired; it cannot be rotated any more."""

    code = "api_key_ended"


class TooManyApiKeysError(ConflictError):
    code = "too_many_api_keys"


class TeammateNotFoundError(NotFoundError):
    code = "teammate_not_found"

    def __init__(self) -> None:
        super().__init__("This person is not on the team. Somebody may have removed them; reload the list.")


class OwnerStaysError(ConflictError):
    code = "owner_stays"

    def __init__(self) -> None:
        super().__init__(
            "A community always has exactly one owner. Hand it over to somebody else on the team first, under Settings."
        )


class NotYoursToChangeError(NotAllowedError):
    code = "not_yours_to_change"


class MoreThanYoursError(NotAllowedError):
    code = "more_than_yours"

    def __init__(self, asks: str) -> None:
        super().__init__(
            f"You may not {asks} yourself, so you cannot let anybody else do it. Ask the owner to do this."
        )


class TeamChangedError(ConflictError):
    code = "team_changed"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Somebody else has just changed what {name} may do, so nothing was saved. Look at it again, then decide."
        )


class BadGrantError(InvalidInputError):
    code = "bad_grant"


class BadTokenError(NotSignedInError):
    """An access or refresh token that is not good: mistyped, expired, ended, or made for another community."""

    code = "bad_token"


class TokenReusedError(NotSignedInError):
    """A refresh token was shown that had been exchanged before: somebody holds a copy, so its whole family has ended."""

    code = "token_reused"


class SessionNotFoundError(NotFoundError):
    """There is no such sign-in of this person."""

    code = "session_not_found"


class InvalidIdempotencyKeyError(InvalidInputError):
    """An Idempotency-Key has 1 to 200 printable ASCII characters."""

    code = "invalid_idempotency_key"


class IdempotencyKeyMismatchError(InvalidInputError):
    """The Idempotency-Key was used for another request within the last day."""

    code = "idempotency_key_mismatch"


class IdempotencyKeyInUseError(ConflictError):
    """A request under the same Idempotency-Key is still running."""

    code = "idempotency_key_in_use"


class NotTheNameError(InvalidInputError):
    """What was typed to confirm is not the community's name."""

    code = "not_the_name"

    def __init__(self, name: str) -> None:
        super().__init__(f"That is not the community's name. Type “{name}” to confirm.", field="typed_name")


class OfferGoneError(ConflictError):
    """The offer of a community is not there to be made or taken."""

    code = "offer_gone"


class FlagNotFoundError(NotFoundError):
    code = "flag_not_found"

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(f"There is no flag “{name[:40]}”. There are: {', '.join(known)}.")


class BadFlagError(InvalidInputError):
    code = "bad_flag"


class FlagChangedError(ConflictError):
    code = "flag_changed"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Somebody else changed the flag “{name}” since you opened it, so nothing was saved. Load it again and look at it."
        )
