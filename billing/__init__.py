"""Plans, Stripe and usage [public schema]. Empty until billing is built."""
