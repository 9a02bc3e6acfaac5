"""What can go wrong with what is sold by use.

UnknownMeterError      422  nothing is sold under that name
BadUnitsError          422  no number of units that can be recorded
CapNotPossibleError    409  nobody pays for the community yet, or not at the moment
BadCapError            422  no amount, or too large a one
"""

from __future__ import annotations

from saas.core.errors import ConflictError, InvalidInputError


class UnknownMeterError(InvalidInputError):
    code = "unknown_meter"


class BadUnitsError(InvalidInputError):
    code = "bad_units"


class CapNotPossibleError(ConflictError):
    code = "cap_not_possible"

    def __init__(self) -> None:
        super().__init__(
            "Something above the plan can be allowed once the plan is paid: after the trial, and with no invoice open. "
            "Choose a plan or settle the open invoice first."
        )


class BadCapError(InvalidInputError):
    code = "bad_cap"

    def __init__(self, most: str) -> None:
        super().__init__(
            f"Write an amount from 0 to {most}. With 0 nothing is ever paid above the plan.", field="amount"
        )
