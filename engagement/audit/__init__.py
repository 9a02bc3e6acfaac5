"""Who did what, with before and after. Floor 1."""
