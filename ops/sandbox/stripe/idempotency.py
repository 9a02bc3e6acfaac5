"""Idempotency keys, as Stripe keeps them: for a day, with the answer that the first request got.

Invariant: the answer is stored in the same transaction as what the request wrote. A request that its parameters' check
refused, or that met another with its key in flight, leaves no trace.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import orjson

from .errors import StripeError
from .store import Json, Store

_KIND: Final = "_idempotency"
_KEPT_SECONDS: Final = 24 * 3600


class IdempotencyKeys:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._busy: set[tuple[str | None, str]] = set()  # account and key

    def begin(self, key: str, fingerprint: str) -> Json | None:
        """The stored answer, or None when the request may go on; then `end` must follow. Raises 400 and 409."""
        if len(key) > 255:
            raise StripeError("Idempotency keys can have at most 255 characters.", kind="idempotency_error")
        if (self._store.scope, key) in self._busy:
            raise StripeError(
                "There is currently another in-progress request using this Idempotent Key (that probably means you submitted "
                f"twice, and the other request is still going through): {key}. Please try again later.",
                status=409,
                kind="idempotency_error",
                code="idempotency_key_in_use",
            )
        found = self._store.find(_KIND, key)
        if found is not None and found["at"] > self._store.now() - _KEPT_SECONDS:
            if found["fingerprint"] != fingerprint:
                raise StripeError(
                    "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                    f"Try using a key other than '{key}' if you meant to execute a different request.",
                    kind="idempotency_error",
                )
            return found
        self._busy.add((self._store.scope, key))
        return None

    def keep(self, key: str, fingerprint: str, *, status: int, answer: Any, request_id: str) -> None:
        """Inside the request's own transaction."""
        self._store.put(
            {
                "object": _KIND,
                "id": key,
                "at": self._store.now(),
                "fingerprint": fingerprint,
                "status": status,
                "answer": answer,
                "request_id": request_id,
            }
        )

    def end(self, key: str, account: str | None) -> None:
        self._busy.discard((account, key))

    def clear(self) -> None:
        self._busy.clear()


def fingerprint(method: str, path: str, sent: Json) -> str:
    """Of what the key is bound to: the endpoint and its parameters."""
    return hashlib.sha256(orjson.dumps([method, path, sent], option=orjson.OPT_SORT_KEYS)).hexdigest()
