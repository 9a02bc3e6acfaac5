"""The checklist that leads a new community from its first minute to going live."""
