"""Pure: (activity, member state, rules) to effects. Floor 4."""
