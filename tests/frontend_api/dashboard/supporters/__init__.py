"""The organiser's pages of supporters."""
