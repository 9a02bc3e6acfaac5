"""The audit log as organisers read it: searched, one entry with its difference, as a file."""
