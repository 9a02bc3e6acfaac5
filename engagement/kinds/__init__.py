"""The content of each kind of tenant: what a new community starts with. Floor 7."""

from .seeding import seed_community

__all__ = ["seed_community"]
