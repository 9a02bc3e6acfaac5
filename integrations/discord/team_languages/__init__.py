"""What the team reads in its channels, in each language that the bot speaks: one table a language, with the same keys and places."""
