"""Terms of personal matters: money, life events, aids, and words that refer to a person."""

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
"""Debts, benefits and windfalls, as a pattern."""

LIFE_TERMS: Final = (
    # family
    r"divorc(?:e|ed|ing|es)|separat(?:ed|ion)\sfrom\s(?:my|his|her|their)\s\w+|(?:full|joint|sole|shared)\scustody|custody\sof|adopted\sin"
    r"|foster\s(?:child|care|parents?)|extramarital|(?:her|his|my|their|an)\saffair|widow(?:ed|er)?"
    r"|bereave(?:d|ment)|orphan(?:ed)?|domestic\s(?:violence|abuse)|restraining\sorder|paternity"
    r"|scheidung|geschieden|sorgerecht|verwitwet|witwer?|häusliche\sgewalt"
    r"|divorcée?|veuf|veuve|garde\salternée|divorcio|divorciad[oa]|viud[oa]|custodia"
    r"|divorzi(?:o|at[oa])|vedov[oa]|affidamento|divórcio|divorciad[oa]|viúv[oa]"
    # the law
    r"|arrest(?:ed)?|convict(?:ed|ion)|prison|jail(?:ed)?|probation|parole|bail|criminal\srecord"
    r"|asylum(?:\s(?:seeker|claim|application))?|deport(?:ed|ation)|undocumented"
    r"|vorbestraft|haft|gefängnis|bewährung|asyl|casier\sjudiciaire|condamnée?|prisión|condenad[oa]"
    r"|carcere|condannat[oa]|prisão"
    # work and school
    r"|dismissed|redundan(?:t|cy)|sacked|fired|unemployed|expelled|suspended|written\swarning"
    r"|disciplinary|burn(?:ed|t)\sout|breakdown"
    r"|gekündigt|arbeitslos|abmahnung|licenciée?|au\schômage|despedid[oa]|en\sparo|licenziat[oa]"
    r"|disoccupat[oa]|desempregad[oa]"
    # aids
    r"|(?:hearing|walking|mobility)\s(?:aids?|frames?|sticks?)|wheelchair|prosthe(?:sis|tic)"
    r"|crutches|inhaler|catheter|stoma|colostomy\sbag|insulin\spump|guide\sdog|care\shome"
    r"|(?:adrenaline?|insulin)\spens?|hörgerät|rollstuhl|pflegestufe|pflegegrad|fauteuil\sroulant"
    r"|silla\sde\sruedas|sedia\sa\srotelle|cadeira\sde\srodas"
)
"""Life events and aids, as a pattern."""

PERSON_WORDS: Final = (
    r"\b(?:i|my|me|we|our|us|you|your|he|his|him|she|her|they|their|them|mum|mom|dad|mama|papa"
    r"|patient|client|mr|mrs|ms|dr|who|son|daughter|wife|husband|mother|father"
    r"|ich|mein\w*|dein\w*|euer|wir|unser\w*|er|sein\w*|sie|ihr\w*|patient\w*|herr|frau"
    r"|je|j['’]|mon|ma|mes|il|elle|son|sa|ses|nous|notre|vous|votre"
    r"|yo|mi|mis|él|ella|su|sus|nuestr\w+|paciente"
    r"|io|mio|mia|lui|lei|suo|sua|nostr\w+|paziente"
    r"|eu|meu|minha|ele|ela|seu|sua|nosso|я|мой|моя|он|она|его|её|пациент\w*)\b"
    r"|[我你您他她]|孩子|患者|病人|私|彼|様|さん|先生|老师|씨|님|저는|제\s"
)
"""Words that show that a paragraph is about a person, as a pattern."""
