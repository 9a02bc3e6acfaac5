"""The dashboard's pages of credits: Spend → Credits."""
