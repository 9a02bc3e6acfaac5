"""The arithmetic of billing, without a store and without a clock: numbers and plain dictionaries in, the same out.

Moments are whole seconds since 1970 in UTC, money is a whole number of minor units with its currency beside it.
"""
