"""The bot's sentences, a module a language. English has every key; a test holds the others against it."""
