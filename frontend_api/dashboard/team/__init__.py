"""The team's pages: who is on it, what each may do, invites, which Discord roles stand for a role."""
