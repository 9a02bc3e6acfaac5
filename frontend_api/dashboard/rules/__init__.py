"""The organiser's pages of rules: the list, the form with its trial, versions, and what holds for all of them."""
