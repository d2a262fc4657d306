"""What happened in somebody's life that is nobody else's business, and the aids a person needs."""

from __future__ import annotations

from typing import Final

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
    # what a body needs
    r"|(?:hearing|walking|mobility)\s(?:aids?|frames?|sticks?)|wheelchair|prosthe(?:sis|tic)"
    r"|crutches|inhaler|catheter|stoma|colostomy\sbag|insulin\spump|guide\sdog|care\shome"
    r"|(?:adrenaline?|insulin)\spens?|hörgerät|rollstuhl|pflegestufe|pflegegrad|fauteuil\sroulant"
    r"|silla\sde\sruedas|sedia\sa\srotelle|cadeira\sde\srodas"
)
"""Events and aids, as a pattern."""
