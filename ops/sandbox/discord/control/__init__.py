"""The tester's hand: in Python (`Control`) and over HTTP (`/sandbox/...`). Both do the same."""
