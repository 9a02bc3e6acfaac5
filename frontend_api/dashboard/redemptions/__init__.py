"""The redemptions pages: queue, one redemption, what is decided and shipped, one by one and in bulk."""
