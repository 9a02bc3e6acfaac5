"""The dashboard's pages of boosts: Earn → Boosts."""
