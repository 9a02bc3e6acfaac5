"""The scene of the permission matrix, for the gates."""

from __future__ import annotations

from tests.permissions.conftest import sign_in, things

__all__ = ["sign_in", "things"]
