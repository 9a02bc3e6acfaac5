"""What earns points and when, in words: a module a language. English has every key; a test holds the others against it."""

from saas.core.text import Sentences

from .english import ENGLISH
from .german import GERMAN

SENTENCES = Sentences(en=ENGLISH, de=GERMAN)

__all__ = ["SENTENCES"]
