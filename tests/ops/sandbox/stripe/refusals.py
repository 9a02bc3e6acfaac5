"""What a call was refused with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe


def refusal(call: Callable[[], object], kind: type[stripe.StripeError] = stripe.InvalidRequestError) -> Any:
    """The error of that kind that the call raises."""
    with pytest.raises(kind) as caught:
        call()
    return caught.value
