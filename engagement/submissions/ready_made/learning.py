"""What somebody learnt, and how they helped others to."""

from __future__ import annotations

from typing import Final

from .parts import MINUTES, WHEN, Pack, Template, ask, by_score, each, fixed, judge, optional

PACK: Final = Pack(
    "learning",
    "Learning",
    "For cohorts, schools and learners: studying together, practising, mentoring, finishing.",
    (
        Template(
            "study_group",
            "Study group",
            "You met to learn together.",
            "books",
            (
                ask("text", "topic", "What you worked on", most=100),
                WHEN,
                ask(
                    "number", "people", "How many you were", "With yourself.", least=2, most=50, unit="people"
                ),
                MINUTES,
                ask("long_text", "learnt", "What you take home, and what is still open", least=60),
                optional("picture", "proof", "A picture or screenshot", most=2),
            ),
            fixed(30),
            limit_count=3,
            limit_period="week",
            sla_hours=48,
            first=True,
        ),
        Template(
            "mock_interview",
            "Mock interview",
            "You practised an interview with somebody.",
            "messages",
            (
                ask("choice", "role", "You were", choices=["The one who asks", "The one who answers"]),
                ask("member", "partner", "With whom", others=True),
                WHEN,
                ask(
                    "choice",
                    "kind",
                    "Kind",
                    choices=["Technical", "Behaviour", "Case", "Portfolio", "Something else"],
                ),
                MINUTES,
                ask(
                    "long_text",
                    "feedback",
                    "Feedback that was given",
                    "What was good, what to work on.",
                    least=100,
                ),
            ),
            by_score(80),
            (
                judge("feedback", "Feedback", "Concrete enough to act on.", 2),
                judge("effort", "Effort", "Prepared, and as long as a real one."),
            ),
            limit_count=3,
            limit_period="week",
            first=True,
        ),
        Template(
            "teach_and_share",
            "Teach and share",
            "You learnt something and passed it on: a short talk, a thread, a demonstration.",
            "school",
            (
                ask("text", "topic", "What you taught", most=100),
                ask(
                    "choice",
                    "form",
                    "How",
                    choices=["Talk or call", "Thread or post", "Demonstration", "Something else"],
                ),
                WHEN,
                optional("link", "link", "Where it can be seen"),
                ask("long_text", "about", "What others can do now", least=60),
                optional("number", "people", "How many took part", least=1, most=5000, unit="people"),
            ),
            by_score(100),
            (
                judge("clear", "Clear", "Somebody new to it could follow.", 2),
                judge("correct", "Correct", "What was taught holds.", 2),
                judge("reach", "Reach", "How many took part, or will find it."),
            ),
            first=True,
        ),
        Template(
            "peer_mentoring",
            "Peer mentoring",
            "You took time for somebody who is where you once were.",
            "users",
            (
                ask("member", "mentee", "Whom you mentored", "They may be asked.", others=True),
                WHEN,
                MINUTES,
                ask(
                    "choice",
                    "about",
                    "About",
                    choices=["Skills", "Career", "A project", "Settling in", "Something else"],
                ),
                ask(
                    "long_text",
                    "notes",
                    "What you talked about",
                    "Nothing private: others on the team read it.",
                    least=60,
                ),
                optional("text", "next", "What is next", most=200),
            ),
            each(1, "minutes", 90),
            limit_count=4,
            limit_period="week",
            unique_links=False,
            first=True,
        ),
        Template(
            "course",
            "Course completed",
            "You finished a course.",
            "certificate",
            (
                ask("text", "course", "Which course", most=120),
                ask("text", "by", "By whom", most=80),
                ask("date", "day", "Finished on", when="past"),
                ask("number", "hours", "How many hours it took", least=1, most=500, unit="hours"),
                optional("link", "link", "Certificate"),
                optional("file", "file", "Or as a file", most=2),
                ask("long_text", "learnt", "What you can do now", least=60),
            ),
            each(5, "hours", 200),
        ),
        Template(
            "reading_notes",
            "Reading notes",
            "Notes on a book or a paper, for those who have not read it.",
            "book",
            (
                ask("text", "title", "Which book or paper", most=120),
                ask(
                    "long_text",
                    "notes",
                    "Your notes",
                    "The thoughts that stay; what you disagree with.",
                    least=300,
                ),
                ask("choice", "for_whom", "For whom", choices=["Everybody", "Beginners", "Experts"]),
                optional("link", "link", "Where you published them"),
            ),
            by_score(60),
            (
                judge("thoughts", "Thoughts", "The gist, and what you make of it.", 2),
                judge("clear", "Clear", "Understood without the book."),
            ),
        ),
        Template(
            "project",
            "Project shown",
            "Something that you built: show it.",
            "rocket",
            (
                ask("text", "name", "What is it called", most=80),
                ask("link", "link", "Where it can be seen"),
                optional("link", "code", "Its source"),
                ask("long_text", "about", "What it does, and what was hard", least=100),
                optional("picture", "pictures", "Pictures", most=4),
                ask("choice", "alone", "Built", choices=["Alone", "With others"]),
            ),
            by_score(200),
            (
                judge("works", "It works", "One can use it.", 2),
                judge("craft", "Craft", "Made with care."),
                judge("growth", "Growth", "More than what was known before.", 2),
            ),
            sla_hours=96,
        ),
    ),
)
