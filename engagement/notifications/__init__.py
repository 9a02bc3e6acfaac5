"""Whom to tell what, and where. It decides; integrations carry the words out.

Invariant: one row of settings a community; without it the defaults count. Floor 7.
"""
