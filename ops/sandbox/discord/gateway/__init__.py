"""The gateway, version 10: sessions, shards, intents, compression, replay.

Invariant: a session's dispatches are numbered without gaps and kept for replay until the session expires, whether a
socket is attached or not; faults change what goes over the wire and never what is kept.
"""
