"""Levels brought over from another bot: read, compared, applied in one silent batch, undone. Floor 7 of engagement.

Invariants: nothing changes for a member before somebody applies the run; a run books at most one entry a member, whatever is
repeated, killed or cancelled; undoing leaves what members earned since. Points are changed by engagement.progression alone.
What speaks to other bots' addresses is integrations.oldbots.
"""
