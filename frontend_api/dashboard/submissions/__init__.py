"""Spend → Submissions: the review queue, one submission, the kinds of submissions, packs, reasons."""
