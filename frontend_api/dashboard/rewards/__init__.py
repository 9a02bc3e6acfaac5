"""The dashboard's pages of the catalogue: Spend → Rewards, Sponsors."""
