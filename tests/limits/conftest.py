"""The browser that walks over hosts, as the pages' own tests have it."""

from __future__ import annotations

from tests.frontend_api.conftest import pages

__all__ = ["pages"]
