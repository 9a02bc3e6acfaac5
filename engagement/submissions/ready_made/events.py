"""What happened together."""

from __future__ import annotations

from typing import Final

from .parts import PEOPLE, PROOF, WHEN, Pack, Template, ask, by_score, each, fixed, judge, optional

PACK: Final = Pack(
    "events",
    "Events",
    "For communities that meet: what somebody hosted, taught, helped at or brought home from an event.",
    (
        Template(
            "community_event",
            "Community event",
            "You hosted something for others: a meetup, a game night, a get-together.",
            "calendar-event",
            (
                ask("text", "name", "What was it called", most=100),
                WHEN,
                ask("choice", "place", "Where", choices=["Online", "In person", "Both"]),
                PEOPLE,
                optional("link", "page", "Its page", "The invitation or the recording."),
                ask(
                    "long_text",
                    "story",
                    "How was it",
                    "A few sentences: what you did, what people took home.",
                    least=60,
                ),
                PROOF,
            ),
            each(4, "people", 200),
            limit_count=4,
            limit_period="month",
            first=True,
        ),
        Template(
            "workshop",
            "Workshop",
            "You taught something in a workshop that you prepared.",
            "presentation",
            (
                ask("text", "topic", "Topic", most=100),
                WHEN,
                PEOPLE,
                ask("number", "minutes", "How long", least=20, most=600, unit="minutes"),
                ask("long_text", "outline", "What you covered", "Goals, parts, exercises.", least=100),
                optional("link", "material", "Slides or material"),
                optional("file", "slides", "Or as a file", most=2),
            ),
            by_score(250),
            (
                judge("preparation", "Preparation", "Material, structure and exercises fit the topic.", 2),
                judge("reach", "Reach", "How many came, for a topic like this."),
                judge("lasting", "What stays", "Slides, notes or a recording that others can use.", 2),
            ),
            limit_count=4,
            limit_period="month",
            sla_hours=96,
            first=True,
        ),
        Template(
            "event_report",
            "Event report",
            "You were at an event and tell those who were not.",
            "notes",
            (
                ask("text", "event", "Which event", most=100),
                WHEN,
                ask("long_text", "report", "What was said and what you think of it", least=200),
                optional("link", "link", "Where you published it"),
                PROOF,
            ),
            by_score(80),
            (
                judge("useful", "Useful", "Somebody who was not there knows what matters.", 2),
                judge("own", "Own thoughts", "More than the programme."),
            ),
        ),
        Template(
            "event_help",
            "Help at an event",
            "You helped to make an event happen: at the door, with the sound, with the cables.",
            "hand-stop",
            (
                ask("text", "event", "Which event", most=100),
                WHEN,
                ask("number", "hours", "Hours that you helped", least=1, most=24, unit="hours"),
                ask("text", "task", "What you did", most=200),
                ask("member", "host", "Who hosted it", "They may be asked.", others=True),
            ),
            each(20, "hours", 160),
        ),
        Template(
            "event_photos",
            "Event photos",
            "Pictures of an event that the community may use.",
            "camera",
            (
                ask("text", "event", "Which event", most=100),
                WHEN,
                ask(
                    "picture", "pictures", "The pictures", "Of people who agree to be shown.", least=1, most=6
                ),
                ask(
                    "choice",
                    "use",
                    "The community may show them",
                    choices=["Everywhere, with my name", "Everywhere", "In here"],
                ),
            ),
            fixed(40),
            limit_count=2,
            limit_period="week",
        ),
        Template(
            "talk",
            "Talk",
            "You spoke at a meetup or a conference, here or elsewhere.",
            "microphone",
            (
                ask("text", "title", "Title of the talk", most=120),
                ask("text", "event", "Where", most=100),
                WHEN,
                ask("choice", "length", "How long", choices=["Lightning talk", "Up to 30 minutes", "Longer"]),
                ask("link", "link", "Programme, slides or recording"),
                optional("long_text", "about", "What it was about"),
            ),
            by_score(200),
            (
                judge("stage", "Stage", "From a round of friends to a large conference.", 2),
                judge("depth", "Depth", "From a lightning talk to an hour with substance."),
                judge("ours", "About us", "The community was named or shown."),
            ),
            sla_hours=96,
        ),
    ),
)
