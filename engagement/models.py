"""Only imports each package's models, so that Django finds them (DESIGN section 3)."""
