"""What a plan's numbers do, from end to end: counted under locks, frozen and thawed."""
