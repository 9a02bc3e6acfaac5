"""The members pages: list, detail, bulk acts, registration, merging."""
