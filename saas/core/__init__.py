"""The ground of the house: errors, ids, clock, locks, crypto, money, text. A closed list, with no domain nouns."""
