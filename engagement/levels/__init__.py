"""Levels: how many lifetime points make a level. Floor 3 of engagement.

Invariants: level 0 starts at 0 points; each level needs more points than the one before; a curve has at most
1,000 levels. A level is a pure function of lifetime points and the curve. Changing the curve bumps its version; what that means
for members' stored levels is progression's business.
"""
