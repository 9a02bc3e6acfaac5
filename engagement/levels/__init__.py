"""Level curves: how many points each level takes. Floor 3."""
