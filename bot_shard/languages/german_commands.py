"""Discord's list of commands in German, by the English text: descriptions, choices and the names of menus.

The commands' and options' own names stay as they are: replies, documentation and the people in a server all use the one name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

GERMAN_COMMANDS: Final[Mapping[str, str]] = {
    # what members ask
    "Level, points and rank: yours, or another member's.": "Level, Punkte und Rang: deine oder die eines anderen Mitglieds.",
    "Whose profile? Yours when left out.": "Wessen Profil? Ohne Angabe deines.",
    "Figures in full: yours, or another member's.": "Alle Zahlen: deine oder die eines anderen Mitglieds.",
    "Whose figures? Yours when left out.": "Wessen Zahlen? Ohne Angabe deine.",
    "You and another member, side by side.": "Du und ein anderes Mitglied, nebeneinander.",
    "With whom?": "Mit wem?",
    "Who is ahead, of all time or in a period.": "Wer vorn liegt, insgesamt oder in einem Zeitraum.",
    "Which period? All time when left out.": "Welcher Zeitraum? Ohne Angabe insgesamt.",
    "All time": "Insgesamt",
    "This season": "Diese Saison",
    "This month": "Diesen Monat",
    "This week": "Diese Woche",
    "How many lines? 10 when left out.": "Wie viele Zeilen? Ohne Angabe 10.",
    "Where you stand, with the five above and below you.": "Wo du stehst, mit den fünf über und unter dir.",
    "What the levels cost and bring, with yours marked.": "Was die Level kosten und bringen, deines ist markiert.",
    "Your last entries: what you got, for what and when.": "Deine letzten Einträge: was du bekommen hast, wofür und wann.",
    "Why you got your last points, or those of an entry.": "Warum du deine letzten Punkte bekommen hast, oder die eines Eintrags.",
    "The entry's number, as /history shows it. Your last one when left out.": "Die Nummer des Eintrags, wie /history sie zeigt. Ohne Angabe dein letzter.",
    "What earns points here, and within which limits.": "Was hier Punkte bringt, und in welchen Grenzen.",
    "What I can do here.": "Was ich hier kann.",
    "What this community is, and where its pages are.": "Was diese Community ist, und wo ihre Seiten sind.",
    "The way to the dashboard, for the team.": "Der Weg zum Dashboard, für das Team.",
    # the shop
    "What there is for your points.": "Was es für deine Punkte gibt.",
    "Only what has these words.": "Nur was diese Wörter enthält.",
    "Take something from the shop. You see what it costs first.": "Nimm etwas aus dem Shop. Du siehst vorher, was es kostet.",
    "What? Choose from the list that appears while you type.": "Was? Wähle aus der Liste, die beim Tippen erscheint.",
    "What you redeemed, and how far it is.": "Was du eingelöst hast, und wie weit es ist.",
    # submissions
    "Hand something in for the team to look at.": "Reiche etwas ein, das sich das Team ansieht.",
    "What is it?": "Was ist es?",
    "A picture or a file that belongs to it.": "Ein Bild oder eine Datei, die dazugehört.",
    "Another one.": "Noch eine.",
    "And another one.": "Und noch eine.",
    "What you handed in, and what became of it.": "Was du eingereicht hast, und was daraus geworden ist.",
    # privacy and claiming
    "How others see you on leaderboards and profiles.": "Wie andere dich auf Ranglisten und Profilen sehen.",
    "Show me by name.": "Zeig mich mit Namen.",
    "Show me under another name, without my picture.": "Zeig mich unter einem anderen Namen, ohne mein Bild.",
    "2 to 40 characters that nobody else here goes by.": "2 bis 40 Zeichen, unter denen hier sonst niemand auftritt.",
    "Show me nowhere. You keep earning, without a rank.": "Zeig mich nirgends. Du sammelst weiter, ohne Rang.",
    "Take over points that the team registered for you.": "Übernimm Punkte, die das Team für dich eingetragen hat.",
    "The code that the team gave you.": "Der Code, den das Team dir gegeben hat.",
    "Yes, after you saw what it does.": "Ja, nachdem du gesehen hast, was es bewirkt.",
    # for moderators
    "Give or take points by hand, for moderators.": "Punkte von Hand geben oder nehmen, für die Moderation.",
    "Give points to a member.": "Gib einem Mitglied Punkte.",
    "Take points from a member.": "Nimm einem Mitglied Punkte.",
    "To whom?": "Wem?",
    "From whom?": "Von wem?",
    "How many?": "Wie viele?",
    "Why? The member will see it.": "Warum? Das Mitglied sieht es.",
    "What the team knows of a member, for moderators.": "Was das Team von einem Mitglied weiß, für die Moderation.",
    "A member as the dashboard shows them, in short.": "Ein Mitglied, wie das Dashboard es zeigt, in Kürze.",
    "Whom?": "Wen?",
    # boosts
    "Let points count more for a while, for who manages the server.": "Punkte eine Weile mehr zählen lassen, für die Serververwaltung.",
    "Start a boost now. You see what it takes first.": "Starte jetzt einen Boost. Du siehst vorher, was er braucht.",
    "For how many hours?": "Für wie viele Stunden?",
    "1.1 to 10: 2 doubles what is earned.": "1,1 bis 10: 2 verdoppelt, was verdient wird.",
    "Only there, threads included. Everywhere when left out.": "Nur dort, samt Threads. Ohne Angabe überall.",
    "Members read it beside what they earned.": "Mitglieder lesen ihn neben dem, was sie verdient haben.",
    "Tell of it in the announcements' channel? It pings nobody.": "Im Kanal für Ankündigungen davon erzählen? Es pingt niemanden.",
    "Stop a boost. What it gave stays.": "Beende einen Boost. Was er gebracht hat, bleibt.",
    "What runs, what is planned, and the hours that are left.": "Was läuft, was geplant ist und wie viele Stunden übrig sind.",
    # setting up
    "How I work here, for who manages the server.": "Wie ich hier arbeite, für die Serververwaltung.",
    "Where my commands answer. Without a channel: everywhere.": "Wo meine Befehle antworten. Ohne Kanal: überall.",
    "There, threads included.": "Dort, samt Threads.",
    "And there.": "Und dort.",
    "Only this command. All commands when left out.": "Nur dieser Befehl. Ohne Angabe alle Befehle.",
    "How often one member may use my commands.": "Wie oft ein Mitglied meine Befehle nutzen darf.",
    "So many times …": "So oft …",
    "… in so many seconds.": "… in so vielen Sekunden.",
    "Only this command. All when left out.": "Nur dieser Befehl. Ohne Angabe alle.",
    "What is set up at the moment.": "Was im Moment eingestellt ist.",
    "Where the team is asked to decide. Without a channel: on the dashboard alone.": "Wo das Team um Entscheidungen gefragt wird. Ohne Kanal: nur auf dem Dashboard.",
    "A channel that only the team can read.": "Ein Kanal, den nur das Team lesen kann.",
    "What stands in my way in this server, and how to mend it.": "Was mir auf diesem Server im Weg steht, und wie es behoben wird.",
    "Where level-ups are told.": "Wo neue Level verkündet werden.",
    "In a channel, to the member alone, or not at all?": "In einem Kanal, nur dem Mitglied, oder gar nicht?",
    "In a channel": "In einem Kanal",
    "To the member alone": "Nur dem Mitglied",
    "Not at all": "Gar nicht",
    "Which channel? Where the deed was done when left out.": "Welcher Kanal? Ohne Angabe dort, wo es geschah.",
    # menus
    "Explain points": "Punkte erklären",
    "Give points": "Punkte geben",
}
