"""Outbound Discord: announcements and level roles, as jobs over the REST API.

Invariants: a retry posts once; roles are desired state, and only roles that are listed here are ever given or taken;
what Discord refuses is written down with its fix instead of being tried again; a community in shadow mode sees nothing.
The gateway is bot_shard's. Floor 4.
"""
