"""The pages' assets that others wrote: which ones, which version, and how to fetch them again.

Invariant: nothing under frontend_api/static/vendor/ is written by hand; `python -m ops.assets` makes all of it, and
VENDOR.md beside the files says what each one is, its licence and its digest.
"""
