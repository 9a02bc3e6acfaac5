"""What fulfilment refuses."""

from __future__ import annotations

from saas.core.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError


class AddressLinkError(NotAllowedError):
    """The link was used, has ended, or is not whole."""

    code = "address_link"

    def __init__(self) -> None:
        super().__init__(
            "This link was used already, has ended, or the reward is no longer waiting for an address. Nothing was changed. Your page of the "
            "redemption makes a new one where an address is still wanted; else ask the team."
        )


class AddressClosedError(ConflictError):
    """No address is wanted."""

    code = "address_closed"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"“{name}” takes no address now: it is not shipped, was sent already, or has ended. Ask the team if something is wrong."
        )


class InvalidAddressError(InvalidInputError):
    """A part of the address is missing or wrong; `field` names it."""

    code = "invalid_address"


class CodeNotThereError(NotFoundError):
    """There is no code to show."""

    code = "code_not_there"

    def __init__(self) -> None:
        super().__init__(
            "There is no code to show here: it is not handed out yet, or the redemption was taken back. Ask the team if that is wrong."
        )


class DownloadGoneError(NotFoundError):
    """The link has ended, or the redemption was taken back."""

    code = "download_gone"

    def __init__(self) -> None:
        super().__init__(
            "This link has ended. Your page of the redemption makes a new one for as long as you have downloads left."
        )


class NoDownloadsLeftError(ConflictError):
    """So many downloads as the reward gives were made."""

    code = "no_downloads_left"

    def __init__(self, allowed: int) -> None:
        super().__init__(
            f"You have downloaded this {allowed} time{'' if allowed == 1 else 's'}, which is as often as the reward allows. Ask the team if "
            "something went wrong."
        )


class NotShippableError(ConflictError):
    """There is nothing to ship, or no address yet."""

    code = "not_shippable"
