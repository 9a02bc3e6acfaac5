"""Entries explained, in German: informally, as the bot talks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

GERMAN: Final[Mapping[str, str]] = {
    # what was done
    "deed.message": "Eine Nachricht",
    "deed.reply": "Eine Antwort an jemanden",
    "deed.thread": "Ein eröffneter Thread",
    "deed.reaction_given": "Eine gegebene Reaktion",
    "deed.reaction_received": "Eine erhaltene Reaktion",
    "deed.voice_minute": "Eine Minute im Sprachkanal",
    "deed.joined": "Der Beitritt",
    "deed.message_deleted": "Eine gelöschte Nachricht",
    "deed.reaction_removed": "Eine entfernte Reaktion",
    "deed.reactions_cleared": "Reaktionen, die ein Moderator entfernt hat",
    # an entry's title
    "title.given": "Gegeben von {name}",
    "title.taken": "Abgezogen von {name}",
    "title.undone_given": "Rückgängig: gegeben von {name}",
    "title.undone_taken": "Rückgängig: abgezogen von {name}",
    "title.reversal": "Zurückgenommen: {name}",
    "title.merge": "Zwei Mitglieder wurden eins",
    "title.import": "Von einem anderen Bot übernommen",
    "title.import_undo": "Rückgängig: von einem anderen Bot übernommen",
    "title.redemption": "Eingelöst: {name}",
    "title.refund": "Zurückgegeben: {name}",
    "title.submission": "Angenommen: {name}",
    "title.submission_undo": "Annahme zurückgenommen: {name}",
    "title.support": "Für deine Unterstützung",
    "title.support_refund": "Unterstützung zurückgezahlt",
    # below the title
    "detail.daily": "Das Erste an diesem Tag",
    "detail.reversal": "Wofür es das gab, wurde entfernt",
    "detail.merge_in": "Vom anderen Mitglied übernommen",
    "detail.merge_out": "Zum anderen Mitglied gewandert",
    "detail.import": "Import {number}",
    # the lines of "why"
    "what": "Was",
    "counts": "Zählt",
    "counts_import": "Insgesamt und fürs Level; nicht für diese Woche, diesen Monat oder diese Saison",
    "counts_merge": "Für den Tag, an dem es verdient wurde",
    "rule": "Regel",
    "rule_version": "{name}, Fassung {number}",
    "taken_back": "Zurückgenommen",
    "taken_back_earned": "{count} Punkte, die es gebracht hatte",
    "taken_back_approved": "{count} Punkte, die die Annahme gebracht hatte",
    "taken_back_refunded": "{count} Punkte, die der bezahlte Zeitraum gebracht hatte",
    "amount": "Betrag",
    "amount_one": "{count} Punkt",
    "amount_many": "{count} Punkte",
    "amount_drawn": "{count}, ausgelost zwischen {low} und {high}",
    "multiplier": "Faktor",
    "boost": "Boost",
    "boost_named": "{factor}, „{name}“",
    "limit": "Grenze",
    "limit_cut": "Auf {count} gekürzt, weil die Tagesgrenze erreicht war",
    "handed_in_as": "Eingereicht als",
    "later": "Später",
    "later_approval": "Die Annahme wurde zurückgenommen",
    "later_undone": "Von {name} rückgängig gemacht",
    "approved_by": "Angenommen von",
    "by": "Von",
    "undone_by": "Rückgängig gemacht von",
    # why a message earned nothing
    "none_unheard": "Das wurde nie gezählt: Es ist älter als der Bot, von einem Bot oder noch nicht angekommen.",
    "none_hidden": "Das ist älter als die {days} Tage Verlauf, die der Tarif der Community zeigt. Es bleibt erhalten und ist mit einem Tarif, "
    "der weiter zurückreicht, wieder zu sehen.",
    "none": "Dafür gab es nichts.",
    "none_waits": "Das ist noch nicht gewertet: Die Community hat keinen Platz für weitere Mitglieder. Es bleibt erhalten und zählt, sobald es Platz gibt.",
    "none_limited": "Das kam zu bald nach dem vorigen, oder die Tagesgrenze war erreicht.",
    "none_refused": "Dafür gab es nichts: {reason}.",
    "none_unwatched": "Dafür gab es nichts: Keine Regel belohnt das, oder der Ort oder eine Rolle ist ausgenommen.",
}
