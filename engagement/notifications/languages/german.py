"""What members are told, in German: informally, as the bot talks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

GERMAN: Final[Mapping[str, str]] = {
    # rewards: what was decided
    "redemption_approved": "„{reward}“ ist genehmigt. Du hörst von uns, sobald es da ist.",
    "redemption_rejected": "„{reward}“ wurde nicht genehmigt. Du hast {points} zurück.",
    "redemption_cancelled": "„{reward}“ wurde storniert. Du hast {points} zurück.",
    "redemption_expired": "„{reward}“ ist abgelaufen. Du hast {points} zurück.",
    # rewards: what came of it
    "role_given": "Du hast jetzt die Rolle von „{reward}“.",
    "role_waits": "„{reward}“ ist eine Rolle auf dem Discord-Server, und dort bist du nicht. Tritt bei, dann folgt die Rolle.",
    "role_ended": "Die Zeit von „{reward}“ ist vorbei, deshalb ist die Rolle weg.",
    "download_ready": "Dein Download „{reward}“ ist bereit.",
    "code_ready": "Dein Code für „{reward}“ ist bereit. Er steht auf seiner Seite, nur für dich.",
    "offer_ready": "„{reward}“ gehört dir. Auf der Seite steht, wie du es nutzt.",
    "credits_ready": "Du hast {amount} {credits} mehr, aus „{reward}“.",
    "raffle_entered": "Dein Los für „{reward}“ hat die Nummer {ticket}.",
    "raffle_won": "Dein Los {ticket} hat „{reward}“ gewonnen.",
    "raffle_lost": "„{reward}“ wurde gezogen, und dein Los {ticket} war nicht dabei.",
    "reward_ready": "„{reward}“ ist bereit.",
    "address_needed": "Wohin sollen wir „{reward}“ schicken? Sag uns deine Adresse über diesen Link, der nur für dich ist.",
    "address_reminder": "„{reward}“ wartet noch auf deine Adresse. Sag sie uns über diesen Link, der nur für dich ist.",
    "parcel_shipped": "„{reward}“ ist unterwegs.",
    "parcel_delivered": "„{reward}“ wurde zugestellt.",
    "drop_offered": "Du bist dran: „{reward}“ ist für dich zurückgelegt. Löse es ein, bevor die Zeit um ist.",
    "affordable": "Du kannst dir jetzt „{reward}“ leisten: {points}.",
    "affordable.more": "Für {count} weitere reicht es auch.",
    # submissions
    "submission_approved": "„{title}“ wurde genehmigt.",
    "submission_rejected": "„{title}“ wurde nicht genehmigt.",
    "submission_needs_info": "Es gibt eine Frage zu „{title}“.",
    "submission_undone": "Die Entscheidung über „{title}“ wurde zurückgenommen.",
    # credits
    "credit_request_approved": "Deine Anfrage über {amount} {credits} wurde genehmigt.",
    "credit_request_part": "Deine Anfrage über {asked} {credits} wurde zum Teil genehmigt: {amount}.",
    "credit_request_rejected": "Deine Anfrage über {amount} {credits} wurde nicht genehmigt.",
    "credit_request_asked": "Es gibt eine Frage zu deiner Anfrage über {amount} {credits}.",
    "credit_request_undone": "Die Entscheidung über deine {amount} {credits} wurde zurückgenommen.",
    "credit_decision_waits": "{member} bittet um {amount} {credits}. Du darfst darüber entscheiden.",
    "credits_granted": "Du hast {amount} {credits} bekommen.",
    "credits_revoked": "{amount} {credits} wurden zurückgenommen.",
    "credits_low": "Du hast noch {amount} {credits}.",
    "support_began": "Danke. Du unterstützt mit „{tier}“.",
    "support_late": "Die letzte Zahlung für „{tier}“ hat nicht geklappt. Sie wird noch einmal versucht, und was du bekommst, läuft so lange weiter. Prüfe deine Karte.",
    "support_ends": "Du hast den Server verlassen, darum endet deine Unterstützung mit „{tier}“ zum Ende des Zeitraums. Es wird nichts mehr abgebucht, und bis dahin kannst du sie fortsetzen.",
    "support_ended": "Deine Unterstützung mit „{tier}“ ist zu Ende. Es wird nichts mehr abgebucht.",
    # what may follow
    "reason": "Grund: {reason}",
    "question": "{question}",
    "earned": "Dafür bekommst du {earned}.",
    "lost": "{lost} wurden zurückgenommen.",
    "tracking": "Sendungsnummer: {tracking}",
    "until": "Bis {until}.",
    # in Discord
    "open": "Öffnen",
    "give_address": "Adresse angeben",
    "in_channel": "{mention}, auf deiner Seite steht etwas Neues für dich.",
}
