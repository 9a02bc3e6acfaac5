"""What services say is told in the reader's language, and every template is one that the code still says."""

from __future__ import annotations

import ast
import re
import time
from pathlib import Path
from string import Formatter

import pytest

from bot_shard.languages.german_messages import GERMAN_FRAGMENTS, GERMAN_MESSAGES
from bot_shard.relaying import relay
from ops.devstack.places import PROJECT

FLOORS = ("saas/core", "tenants", "engagement", "integrations/discord", "bot_shard")


def template_of(node: ast.AST) -> str | None:
    """A string of the code with `{}` for each part that it fills in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def read_templates() -> set[str]:
    found = set()
    for floor in FLOORS:
        for path in (PROJECT / floor).rglob("*.py"):
            if "languages" not in path.parts:
                tree = ast.parse(Path(path).read_text())
                found |= {text for node in ast.walk(tree) if (text := template_of(node))}
    return found


def test_every_template_is_one_that_the_code_says() -> None:
    said = read_templates()
    assert [
        text for text in GERMAN_MESSAGES if text.replace("{~}", "{}").replace("{#}", "{}") not in said
    ] == []


@pytest.mark.parametrize("table", [GERMAN_MESSAGES, GERMAN_FRAGMENTS], ids=["messages", "fragments"])
def test_no_translation_asks_for_more_than_its_template_has(table: dict[str, str]) -> None:
    for english, german in table.items():
        places = len(re.findall(r"\{[~#w]?\}", english))
        wanted = {name for _, name, _, _ in Formatter().parse(german) if name is not None}
        assert wanted <= {str(number) for number in range(places)}, english
        assert german.strip()


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("There is no such reward in this community.", "Diese Belohnung gibt es in dieser Community nicht."),
        (
            "“Mug: the {big} one” costs 1,500 and you have 20: 1,480 more to go.",
            "„Mug: the {big} one“ kostet 1.500, und du hast 20: Es fehlen noch 1.480.",
        ),
        ("You can redeem “day” once a week.", "Du kannst „day“ einmal in der Woche einlösen."),
        ("You can redeem “Mug” 3 times.", "Du kannst „Mug“ 3-mal einlösen."),
        (
            "Only moderators and above may give and take points. Ask one of them, or ask the owner for the role.",
            "Das dürfen nur Moderatoren und wer mehr darf. Frag jemanden davon oder bitte die Person, der die Community gehört, um "
            "die Rolle.",
        ),
        (
            "You can request 100 AI credits a week; 60 are requested or granted, so 40 are left. Ask for less. Next time: Tuesday "
            "1 December, 00:00 (in 10 days).",
            "Du kannst 100 AI credits pro Woche anfragen; 60 sind angefragt oder gewährt, also bleiben 40. Frag nach weniger. "
            "Das nächste Mal: Dienstag, 1. Dezember, 00:00 (in 10 Tagen).",
        ),
        ("It does not see 1,200 channels", "Er sieht 1.200 Kanäle nicht"),
        (
            "In Discord open the channel's settings → Permissions, add the role “Bot” and allow Send Messages and Embed Links.",
            "Öffne in Discord die Einstellungen des Kanals → Berechtigungen, füge die Rolle „Bot“ hinzu und erlaube „Nachrichten "
            "senden“ und „Links einbetten“.",
        ),
        (
            "Nothing earns points in #a, #b and 4 more. If that is what you want, leave it so.",
            "In #a, #b und 4 weitere bringt nichts Punkte. Wenn du das so willst, lass es so.",
        ),
        (
            "You can hand in “A, b” twice in all, and you have. Next time: Tuesday, 1 March.",
            "„A, b“ kannst du insgesamt zweimal einreichen, und das hast du. Das nächste Mal: Dienstag, 1. März.",
        ),
        ("“Link”: only links to github.com are taken here.", "„Link“: hier gehen nur Links zu github.com."),
    ],
)
def test_a_sentence_is_told_in_german(english: str, german: str) -> None:
    assert relay("de", english) == german
    assert relay("en", english) == english


@pytest.mark.parametrize(
    "text", ["", "Nobody translated this.", "“x” costs nothing", "“" * 5_000, "a" * 1_999]
)
def test_what_is_not_known_is_told_as_it_came(text: str) -> None:
    assert relay("de", text) == text


@pytest.mark.parametrize("name", ["1, " * 90, "(( 1 " * 60, " and, " * 50, "“”: " * 70, "a 1 a, (" * 40])
def test_hostile_names_cost_no_time(name: str) -> None:
    """A template that backtracks would hold up the whole bot."""
    began = time.process_time()
    relay("de", f"Nothing earns points in #{name}. If that is what you want, leave it so.")
    relay("de", f"You can request 5 {name} a week; 3 are requested or granted, so 2 are left. {name}")
    assert time.process_time() - began < 0.5
