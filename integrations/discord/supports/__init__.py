"""What Discord hears of who supports: the team in its channel, and the public thanks."""
