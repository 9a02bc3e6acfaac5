"""When a failed job is tried again.

A job raises PermanentJobError when another try cannot help, and RetryLaterError when it knows how long to wait; any other
exception is tried again with doubling pauses.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.jobs import Job


class PermanentJobError(Exception):
    """Trying again cannot help: the job ends as failed, for a person to look at."""


class RetryLaterError(Exception):
    """The outside world asks for patience of `seconds`."""

    def __init__(self, message: str, *, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


@dataclass(frozen=True)
class Backoff(BaseRetryStrategy):
    """Pauses of first · 2ⁿ seconds, at most `longest`, spread by a quarter, for `tries` tries altogether."""

    tries: int = 8
    first: float = 5
    longest: float = 3600

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, PermanentJobError) or job.attempts + 1 >= self.tries:
            return None
        pause = min(self.longest, self.first * 2**job.attempts)
        if isinstance(exception, RetryLaterError):
            pause = exception.seconds
        return RetryDecision(retry_in={"seconds": int(pause * random.uniform(1, 1.25)) + 1})  # noqa: S311
