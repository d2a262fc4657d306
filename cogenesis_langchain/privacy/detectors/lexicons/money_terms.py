"""Terms of money trouble and of money made, and the words that say whose it is."""

from __future__ import annotations

from typing import Final

MONEY_TERMS: Final = (
    r"(?:gambling|credit[- ]card|tax|student|medical|consumer|payday|unpaid|personal|business)"
    r"[- ](?:debts?|loans?)"
    r"|(?:tax\s+|property\s+)?liens?|default(?:ed)?\s+on\s+(?:the|his|her|their|my)\s+\w+"
    r"|bankrupt(?:cy)?|insolven(?:t|cy)|foreclos(?:ure|ed)|repossess(?:ion|ed)"
    r"|eviction(?:\s+notice)?|evicted|(?:in\s+)?arrears|overdrawn|overdraft|alimony|child\s+support"
    r"|garnish(?:ment|ed)|debt\s+collect(?:or|ors|ion)|unemployment\s+benefits?"
    r"|welfare\s+(?:payments?|benefits?)|food\s+stamps|pawn(?:ed|shop)|bad\s+credit|credit\s+score"
    r"|inheritance|embezzle(?:d|ment)|tax\s+evasion|laid\s+off|severance(?:\s+pay)?|hush\s+money"
    r"|bribe|behind\s+on\s+(?:the|his|her|our|my)\s+\w+|loan\s+shark|universal\s+credit"
    r"|privatinsolvenz|schulden|spielschulden|pfändung|unterhalt|erbschaft|arbeitslosengeld"
    r"|kurzarbeit|hartz\s+iv|bürgergeld|zwangsversteigerung"
    r"|surendettement|dettes?|faillite|pension\s+alimentaire|héritage|saisie|chômage"
    r"|deudas?|embargo|bancarrota|pensión\s+alimenticia|herencia|desahucio|paro"
    r"|debiti|fallimento|pignoramento|eredità|sfratto|mantenimento"
    r"|dívidas?|falência|penhora|pensão(?:\s+alimentícia)?|herança|despejo"
)
"""What says something about somebody's money, as a pattern."""

OWNERS: Final = (
    r"\b(?:i|my|me|we|our|us|you|your|he|his|him|she|her|they|their|them|mum|mom|dad|mama|papa"
    r"|patient|client|mr|mrs|ms|dr|who|son|daughter|wife|husband|mother|father"
    r"|ich|mein\w*|dein\w*|euer|wir|unser\w*|er|sein\w*|sie|ihr\w*|patient\w*|herr|frau"
    r"|je|j['’]|mon|ma|mes|il|elle|son|sa|ses|nous|notre|vous|votre"
    r"|yo|mi|mis|él|ella|su|sus|nuestr\w+|paciente"
    r"|io|mio|mia|lui|lei|suo|sua|nostr\w+|paziente"
    r"|eu|meu|minha|ele|ela|seu|sua|nosso|я|мой|моя|он|она|его|её|пациент\w*)\b"
    r"|[我你您他她]|孩子|患者|病人|私|彼|様|さん|先生|老师|씨|님|저는|제\s"
)
"""Words that say that a paragraph is about somebody, as a pattern."""
