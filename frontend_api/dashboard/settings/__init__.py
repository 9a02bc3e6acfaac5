"""The organiser's pages of settings: the community itself, the bot's commands, and who changed what with the way back."""
