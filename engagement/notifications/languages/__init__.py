"""The sentences of notices, a module a language. English has every kind; a test holds the others against it."""
