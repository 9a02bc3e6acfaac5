"""Supporters: what comes in, what is sold, who supports, what was paid, and where the money goes."""
