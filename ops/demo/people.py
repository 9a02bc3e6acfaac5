"""Who was there: from when to when, how talkative, and who came for the points alone. Pure and seeded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from random import Random

from .communities import DemoCommunity

SEED = 20_260

_FIRST = (
    "Aaliyah Adaeze Agnes Aiko Alba Alejandro Amara Amelie Amir Ana Anders Andrei Anika Arjun Astrid Aylin Bao Beatriz Benoit "
    "Bilal Brigid Camila Carlos Chiara Chidi Clara Dagny Daniela Darius Delphine Diego Dmitri Ebba Efua Eleni Elif Emeka Enzo "
    "Esra Farah Felix Fiona Freya Gabriel Giulia Goran Greta Hana Haruto Hassan Helga Ibrahim Ida Ilse Imani Indra Isak Ivana "
    "Jamal Jana Jiho Joanna Jonas Jorge Kaan Karim Katya Keiko Kwame Laila Lars Leila Leo Linh Lucia Luca Maeve Magnus Malik "
    "Marek Mariam Mateo Mei Mikael Mina Miriam Nadia Naoki Nia Nikos Nina Nuria Olga Omar Otto Pablo Paloma Priya Rafael Rana "
    "Rosa Rune Saanvi Salma Samir Sana Santiago Selma Sigrid Simone Sofia Stefan Sunita Suri Tariq Tessa Thandi Tomoko Uma "
    "Valentina Vera Viktor Wanjiru Wei Xenia Yara Yasmin Yusuf Zainab Zoe"
).split()
_LAST = (
    "Abara Almeida Andersen Aydin Bakker Becker Bianchi Boateng Castro Chen Costa Dahl Diallo Duarte Eriksen Farouk Fischer "
    "Fontaine Garcia Greco Haddad Hansen Hussein Ibarra Ito Jansen Kaya Keller Khan Kim Kowalski Lange Larsen Lopez Mahlangu "
    "Marino Moreau Morita Mensah Nguyen Novak Nwosu Okafor Olsen Ortiz Park Patel Pereira Petrov Popescu Rahman Ricci Rossi "
    "Saito Sato Schmidt Silva Singh Sorensen Tanaka Torres Tran Vidal Virtanen Wagner Weber Yilmaz Zhang Zimmermann"
).split()
_HANDLES = (
    "pixel moss comet fern otter quill ember tide maple raven cinder lark cobalt dune pebble willow".split()
)


@dataclass(frozen=True)
class Person:
    """One person of a community. `label` is the truth about them, for whoever tests a detector: empty for honest people, else
    `spammer` (bursts of one text), `farmer` (writes by the clock), `ring` (reacts to its friends alone)."""

    number: int
    username: str
    name: str
    joined: date
    left: date | None
    talk: float
    label: str = ""

    def is_there(self, day: date) -> bool:
        return self.joined <= day and (self.left is None or day < self.left)


@lru_cache(maxsize=16)
def list_people(community: DemoCommunity, first_day: date) -> tuple[Person, ...]:
    """Everybody who ever joined, founders excepted, by number. `first_day` is the first day of the history.

    A third was there before it; the others join along the way, faster as the community grows. Talkativeness follows Zipf's law; every
    fourth leaves again, mostly within three weeks.
    """
    dice = Random(f"{SEED}:{community.slug}:people")
    labels = ["spammer"] * community.spammers + ["farmer"] * community.farmers + ["ring"] * community.ring
    places = list(range(community.people))
    dice.shuffle(places)
    found = []
    for number, place in enumerate(places):
        label = labels[number] if number < len(labels) else ""
        joined = first_day - timedelta(days=dice.randrange(1, 200))
        if number >= community.people / 3 or label:
            joined = first_day + timedelta(days=int(community.days * math.sqrt(dice.random())))
        left = None
        if label == "spammer":
            left = joined + timedelta(days=dice.randrange(3, 9))
        elif not label and dice.random() < 0.25:
            left = joined + timedelta(days=1 + int(dice.expovariate(1 / 20)))
        name, username = _name(dice, community.first_person + number)
        found.append(
            Person(community.first_person + number, username, name, joined, left, 1 / (place + 2), label)
        )
    return tuple(found)


def _name(dice: Random, number: int) -> tuple[str, str]:
    first, last = dice.choice(_FIRST), dice.choice(_LAST)
    kind = dice.random()
    if kind < 0.45:
        shown = first
    elif kind < 0.75:
        shown = f"{first} {last}"
    else:
        shown = f"{dice.choice(_HANDLES)}{first.lower()}"
    return shown, f"{first.lower()}.{last.lower()}{number}"
