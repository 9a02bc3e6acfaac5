"""What the demo's members handed in, as text: by ready-made type, answers in turn. "DAY" stands for the day before it was handed
in, "WHO" for another member. The same address stands under two types, and one story is told twice, so that duplicates show."""

from __future__ import annotations

from typing import Any, Final

TYPES: Final[dict[str, tuple[str, ...]]] = {
    "pixel-pals": ("resource_share", "walkthrough", "community_event", "event_photos", "feedback", "project"),
    "night-owls": ("resource_share", "thoughtful_reply", "reading_notes", "social_post", "event_report"),
    "harbour-school": (
        "study_group",
        "mock_interview",
        "peer_mentoring",
        "teach_and_share",
        "project",
        "job_lead",
    ),
    "ledgerline": ("feedback", "linkedin_update", "walkthrough", "case_study", "tester"),
    "fern-and-field": ("event_photos", "teach_and_share", "review"),
}
_TOLD: Final = (
    "We met in the reading room with twelve people, each brought a page that would not work, and we took them apart together. "
    "Everybody went home with one thing to try, and two have shown theirs since."
)
ANSWERS: Final[dict[str, tuple[dict[str, Any], ...]]] = {
    "resource_share": (
        {
            "title": "Colour ramps without guessing",
            "link": "https://www.example.org/colour-ramps?utm_source=feed",
            "kind": "Article",
            "why": "It explains in ten minutes why shades shift in hue, with pictures that one can copy. I redid two palettes after it.",
        },
        {
            "title": "A talk on finishing small things",
            "link": "https://youtu.be/dQw4w9WgXcQ",
            "kind": "Video",
            "why": "Twenty minutes about scope and why a small thing that is done teaches more than a large one that is not.",
        },
        {
            "title": "A tool that checks contrast while you draw",
            "link": "https://example.net/contrast",
            "kind": "Tool",
            "why": "Free, runs in the browser, and warns before you fall in love with two greens that nobody can tell apart.",
        },
    ),
    "walkthrough": (
        {
            "title": "From a sketch to four frames",
            "form": "Pictures",
            "link": "https://example.org/four-frames",
            "steps": "Block the pose in two tones, move the weight first, copy the frame and change only what moves, then clean the outline last. Each step has its own picture.",
            "level": "Beginners",
        },
        {
            "title": "Closing a month in fifteen minutes",
            "form": "Text",
            "link": "https://example.org/month-end",
            "steps": "Match the bank first, then open invoices, then what is recurring. I wrote down what to do when a line matches nothing, which is where people get stuck.",
            "level": "Some experience",
        },
    ),
    "community_event": (
        {
            "name": "Portfolio evening",
            "day": "DAY",
            "place": "In person",
            "people": 12,
            "page": "https://example.org/portfolio-evening",
            "story": _TOLD,
        },
        {
            "name": "Draw along, online",
            "day": "DAY",
            "place": "Online",
            "people": 27,
            "story": "An hour with one prompt, cameras optional. Half of those who came had never shown anything before, and most of them did by the end.",
        },
    ),
    "event_photos": (),
    "feedback": (
        {
            "about": "The product",
            "kind": "Something is missing",
            "short": "I cannot see who changed a line",
            "story": "Two of us keep the books. When a line looks odd I would like to see who changed it and when, without asking around. Today I search our chat.",
        },
        {
            "about": "This community",
            "kind": "Something is good",
            "short": "The weekly thread works",
            "story": "The Monday thread got me to post. It helps that it asks one question and that somebody always answers within the day. Please keep it.",
        },
        {
            "about": "The product",
            "kind": "Something is broken",
            "short": "Export leaves out the last day",
            "story": "When I export a month, the entries of the 31st are not in the file. I expected them; the same range on screen shows them. It happens in both formats.",
        },
    ),
    "project": (
        {
            "name": "Tiny lighthouse",
            "link": "https://example.org/tiny-lighthouse",
            "about": "A little scene whose light follows the real tide tables of our harbour. Hard was the water: eight frames that do not look like a loop.",
            "alone": "Alone",
        },
        {
            "name": "Bus board",
            "link": "https://example.net/bus-board",
            "about": "Shows the next buses on an old tablet in the hall. What was hard: the timetable's feed is wrong at weekends, so it checks two of them.",
            "alone": "With others",
        },
    ),
    "thoughtful_reply": (
        {
            "link": "https://discord.com/channels/1/2/301",
            "question": "Where do I start with long books?",
            "asked_by": "WHO",
            "about": "They came back a week later and had finished the first part.",
        },
        {"link": "https://discord.com/channels/1/2/302", "question": "Is the second translation worth it?", "asked_by": "WHO"},
    ),
    "reading_notes": (
        {
            "title": "The Summer Book",
            "notes": "Short chapters that seem to be about nothing and turn out to be about how to be patient with somebody. I noted every place where the weather "
            "says what the people do not. The grandmother lies a lot, and always kindly. I disagree with those who call it a book for children: a child would read an "
            "adventure, an adult reads a farewell. Worth reading twice, the second time aloud.",
            "for_whom": "Everybody",
        },
    ),
    "social_post": (
        {"link": "https://x.com/owl/status/1001", "where": "X", "about": "Three quotes from the last episode, with a picture."},
        {"link": "https://example.social/@owl/2002", "where": "Mastodon", "about": "Why I listen after ten, and to whom."},
        {"link": "https://www.example.org/colour-ramps", "where": "Elsewhere", "about": "A post about the article from last week."},
    ),
    "event_report": (
        {
            "event": "Portfolio evening in the reading room",
            "day": "DAY",
            "report": _TOLD + " What I took home: ask for one thing, not for everything, and say before what the page is for.",
            "link": "https://example.org/portfolio-evening",
        },
    ),
    "study_group": (
        {
            "topic": "Recursion, with paper and cups",
            "day": "DAY",
            "people": 4,
            "minutes": 90,
            "learnt": "Draw the calls before writing them. Still open for two of us: when a loop is simply better.",
        },
        {
            "topic": "SQL joins from last week's exam",
            "day": "DAY",
            "people": 5,
            "minutes": 75,
            "learnt": "We redid every question and now each of us can explain one of the joins to the others.",
        },
    ),
    "mock_interview": (
        {
            "role": "The one who asks",
            "partner": "WHO",
            "day": "DAY",
            "kind": "Technical",
            "minutes": 60,
            "feedback": "Good: thinks aloud and asks before coding. To work on: says it is done before trying an empty list. Second round next week, with a harder one.",
        },
        {
            "role": "The one who answers",
            "partner": "WHO",
            "day": "DAY",
            "kind": "Behaviour",
            "minutes": 45,
            "feedback": "My stories were too long. We cut each to situation, what I did, and what came of it, and timed them. Two minutes each is enough.",
        },
    ),
    "peer_mentoring": (
        {
            "mentee": "WHO",
            "day": "DAY",
            "minutes": 50,
            "about": "Career",
            "notes": "We went through three job ads and marked what is really asked for. Next time we write the letter for one of them.",
            "next": "A first letter",
        },
    ),
    "teach_and_share": (
        {
            "topic": "Reading a stack trace",
            "form": "Talk or call",
            "day": "DAY",
            "about": "Everybody can now find their own line in it, and knows which half to ignore at first.",
            "people": 9,
        },
        {
            "topic": "Repotting without losing the roots",
            "form": "Demonstration",
            "day": "DAY",
            "about": "Loosen, do not pull; a pot one size up, not three; water the day before. Five people did theirs along with me.",
            "people": 6,
        },
    ),
    "job_lead": (
        {
            "title": "Junior developer, Python",
            "company": "Quay Systems",
            "link": "https://jobs.example.org/quay/junior-python",
            "place": "Both",
            "know": "Yes, and I can introduce",
            "about": "They hire from courses and pair for the first three months.",
        },
        {"title": "Test engineer", "company": "North Pier", "link": "https://jobs.example.org/north-pier/42", "place": "Remote", "know": "No"},
    ),
    "linkedin_update": (
        {
            "link": "https://www.linkedin.com/posts/grace_month-end-activity-7100000000000000001-ab",
            "kind": "My own post",
            "day": "DAY",
            "about": "How we got month-end from two days to a morning.",
        },
        {
            "link": "https://www.linkedin.com/posts/ira_small-firms-activity-7100000000000000002-cd",
            "kind": "A comment",
            "day": "DAY",
            "about": "Why small firms should own their export.",
        },
    ),
    "case_study": (
        {
            "title": "Month-end in a morning instead of two days",
            "before": "Three spreadsheets, one of them mine alone, and a shoebox. Two days a month went into finding what did not match, and it was always the same five things.",
            "after": "Rules match 94 % of lines. Two people close the month in one morning, and the accountant asks four questions instead of forty.",
            "show": "With name",
        },
    ),
    "tester": (
        {
            "what": "The new matching screen",
            "hours": 3,
            "found": "Matching in bulk is quick. Undo works once and then silently does nothing. On a small screen the amount is cut off after the third digit.",
        },
    ),
    "review": (
        {"where": "A garden forum", "link": "https://garden.example.org/reviews/77"},
        {"where": "A comparison site", "link": "https://compare.example.net/r/fern-and-field"},
    ),
}  # fmt: skip
REJECTED: Final = ("The link does not open for us.", "This is not what this kind of submission is for.")
ASKED: Final = ("When was this, and who was there?", "Which part of it is your own?")
