"""Commands that work on communities find them with their first rules."""

from tests.engagement.conftest import rules

__all__ = ["rules"]
