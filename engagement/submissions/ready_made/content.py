"""What somebody made for others to read, watch and use."""

from __future__ import annotations

from typing import Final

from .parts import Pack, Template, ask, by_score, each, fixed, judge, optional

PACK: Final = Pack(
    "content",
    "Content",
    "For communities that make things: resources, articles, videos, answers that help for long.",
    (
        Template(
            "resource_share",
            "Resource share",
            "Something worth everybody's time: an article, a tool, a recording.",
            "bookmark",
            (
                ask("text", "title", "What is it", most=120),
                ask("link", "link", "Link"),
                ask(
                    "choice",
                    "kind",
                    "Kind",
                    choices=["Article", "Video", "Tool", "Course", "Book", "Something else"],
                ),
                ask(
                    "long_text",
                    "why",
                    "Why is it worth our time",
                    "In your own words, for somebody in a hurry.",
                    least=60,
                ),
            ),
            fixed(20),
            limit_count=5,
            limit_period="week",
            sla_hours=48,
            first=True,
        ),
        Template(
            "thoughtful_reply",
            "Thoughtful reply",
            "An answer of yours in here that took time and helped somebody.",
            "message-heart",
            (
                ask("link", "link", "Link to the message", "In Discord: ⋯, Copy Message Link."),
                ask("text", "question", "What was asked", most=200),
                optional("member", "asked_by", "Whom you helped", others=True),
                optional("long_text", "about", "Anything a reviewer should know"),
            ),
            by_score(40),
            (
                judge("correct", "Correct", "What it says holds.", 2),
                judge("care", "Care", "It meets the person where they are."),
                judge("lasting", "Lasting", "Others will find and use it."),
            ),
            limit_count=5,
            limit_period="week",
            sla_hours=48,
            first=True,
        ),
        Template(
            "walkthrough",
            "Walkthrough",
            "Step by step, how to get something done: written or filmed by you.",
            "route",
            (
                ask("text", "title", "What it shows", most=120),
                ask("choice", "form", "Form", choices=["Text", "Video", "Pictures"]),
                optional("link", "link", "Where it is"),
                optional("file", "file", "Or as a file", most=3),
                ask(
                    "long_text",
                    "steps",
                    "The steps in short",
                    "So that a reviewer can follow them.",
                    least=100,
                ),
                ask("choice", "level", "For whom", choices=["Beginners", "Some experience", "Experts"]),
            ),
            by_score(150),
            (
                judge("works", "It works", "Whoever follows it arrives.", 3),
                judge("clear", "Clear", "Every step is said; nothing is assumed.", 2),
                judge("needed", "Needed", "It answers what people here ask."),
            ),
            sla_hours=96,
            first=True,
        ),
        Template(
            "article",
            "Article",
            "Something that you wrote and published.",
            "article",
            (
                ask("text", "title", "Title", most=120),
                ask("link", "link", "Where it can be read"),
                ask("date", "day", "Published on", when="past"),
                optional("long_text", "about", "What it is about"),
            ),
            by_score(120),
            (
                judge("substance", "Substance", "New, correct, worth reading.", 2),
                judge("writing", "Writing", "Clear and pleasant to read."),
                judge("fit", "For us", "About what this community cares for."),
            ),
        ),
        Template(
            "video",
            "Video or stream",
            "Something that you filmed, recorded or streamed.",
            "video",
            (
                ask("text", "title", "Title", most=120),
                ask(
                    "link",
                    "link",
                    "Link",
                    hosts=["youtube.com", "youtu.be", "twitch.tv", "vimeo.com", "tiktok.com"],
                ),
                ask("number", "minutes", "Length", least=1, most=600, unit="minutes"),
                optional("long_text", "about", "What it is about"),
            ),
            by_score(150),
            (
                judge("substance", "Substance", "Worth the time that it takes.", 2),
                judge("craft", "Craft", "Sound, picture and cut let one watch it."),
                judge("fit", "For us", "About what this community cares for."),
            ),
        ),
        Template(
            "translation",
            "Translation",
            "You put something of ours into another language.",
            "language",
            (
                ask("text", "what", "What you translated", most=120),
                ask("text", "language", "Into which language", most=40),
                ask("number", "words", "How many words", "About.", least=50, most=100_000, unit="words"),
                optional("link", "link", "Where it is"),
                optional("file", "file", "Or as a file", most=3),
            ),
            each(1, "words", 400),
            sla_hours=120,
        ),
        Template(
            "documentation",
            "Documentation fix",
            "You mended or added what others look up.",
            "file-pencil",
            (
                ask("link", "link", "The change", "A pull request, an edit, a page."),
                ask("choice", "size", "How large", choices=["A word or two", "A section", "A page or more"]),
                ask("text", "about", "What is better now", most=200),
            ),
            by_score(80),
            (
                judge("better", "Better than before", "Whoever looks it up finds it and understands it.", 2),
                judge("work", "Work", "From a typing error to a chapter."),
            ),
        ),
    ),
)
