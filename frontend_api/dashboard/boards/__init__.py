"""The organiser's page of leaderboards: who stands on them, how ties are broken, what is offered, and to whom."""
