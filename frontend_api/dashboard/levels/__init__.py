"""The organiser's pages of levels: the curve with its preview, names, level roles, what is announced."""
