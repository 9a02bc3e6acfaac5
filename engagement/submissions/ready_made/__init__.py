"""Ready-made types of submissions, by what they are about. Content alone; templates.py installs it."""
