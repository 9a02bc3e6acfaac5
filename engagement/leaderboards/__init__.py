"""Boards, ranks and neighbours, read from standings. Floor 5."""
