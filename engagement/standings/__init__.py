"""Period rows and the histogram of scores. Floor 3."""
