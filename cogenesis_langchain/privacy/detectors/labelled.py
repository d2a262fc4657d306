"""Detector of labelled values: "Name: ...", "Employer: ...", "氏名：..."."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cogenesis_langchain.privacy.detectors.spans import Span, ValueKind

_LABELS: Final[dict[ValueKind, str]] = {
    "NAME": (
        "name|full name|first name|last name|surname|given name|maiden name|nickname|alias"
        "|patient|participant|passenger"
        "|insured|insurance holder|policyholder|claimant|owner|holder|account holder|employee"
        "|student|pupil|guest|tenant"
        "|landlord|buyer|seller|buyers|sellers|beneficiary|contact|contact person"
        "|emergency contact|next of kin|spouse"
        "|partner|husband|wife|mother|father|child|children|guardian|manager|supervisor|teacher"
        "|tutor|lawyer|attorney"
        "|counsel|doctor|gp|physician|dentist|broker|agent|author|attn|attention|from|to|cc"
        "|signed|case ?worker"
        "|social worker|birth mother|adoptive parents|owners|dog|cat|pet|accountant|client"
        "|customer|recipient|sender"
        "|vorname|nachname|name des patienten|patientin|kunde|kundin|unterschrift|ansprechpartner"
        "|versicherte[r]?"
        "|nom|prénom|nom complet|client|assuré|nombre|apellidos?|nombre completo|nome|cognome"
        "|nome completo|nome e cognome"
        "|név|jméno|příjmení|meno|nume|prenume|nimi|etunimi|fornavn|etternavn|efternamn|förnamn"
        "|voornaam"
        "|achternaam|imię|nazwisko|imię i nazwisko|имя|фамилия|фио|ім'я|прізвище|όνομα"
        "|ονοματεπώνυμο|naam"
        "|navn|namn|ad soyad|isim"
        "|نام|نام خانوادگی|الاسم|اسم|姓名|名字|病人|患者|联系人|医生|氏名|名前"
        "|お名前|担当医|이름|성명|नाम|मरीज़"
        "|שם|שם מלא|ชื่อ|ชื่อ-นามสกุล|tên|họ tên"
    ),
    "PLACE": (
        "city|town|location|place|place of birth|birthplace|lives in|hometown|residence|region"
        "|county|village"
        "|stadt|ort|wohnort|geburtsort|ville|lieu|lieu de naissance|ciudad|lugar"
        "|lugar de nacimiento|città|luogo di nascita"
        "|woonplaats|plaats|ort|bostadsort|hemort|bosted|by|kotikaupunki|város|lakhely|oraș"
        "|bydliště|město|bydlisko"
        "|cidade|local|miasto|город|место рождения|місто|πόλη|şehir|城市|住址|地点|都市"
        "|住所|도시|지역|शहर|المدينة|עיר|จังหวัด|เมือง"
    ),
    "ORGANISATION": (
        "mutuelle|assurance|krankenkasse|insurance|versicherung|seguro|assicurazione"
        "|company|employer|organi[sz]ation|workplace|firm|school|university|college|hospital"
        "|clinic|bank|lender|garage|venue"
        "|hotel|sponsor|supplier|vendor|customer affected|insurer|practice|institution"
        "|werkgever|arbeidsgiver|arbetsgivare|pracodawca|munkahely|zaměstnavatel|işveren|şirket"
        "|firma|arbeitgeber|unternehmen|schule|klinik|krankenhaus|entreprise|société|employeur"
        "|empresa|empleador|azienda"
        "|datore di lavoro|empregador|работа|место работы|компания|компанія|εταιρεία|公司|单位"
        "|会社|勤務先|病院|회사|직장|कंपनी|الشركة|חברה|บริษัท"
    ),
    "ADDRESS": (
        "address|home address|street|adresse|anschrift|wohnhaft|dirección|domicilio|indirizzo"
        "|endereço|morada|adres|адрес"
        "|адреса|διεύθυνση|地址|住址|住所|주소|पता|العنوان|כתובת|ที่อยู่"
    ),
    "HEALTH": (
        "allerg(?:y|ies)|diagnos(?:is|es)|condition|conditions|medication|medications|medicine"
        "|illness|disability"
        "|medical history|symptoms|diagnosen?|medikation|medikamente|allergien|diagnostic"
        "|diagnostics|traitement|allergies"
        "|diagnóstico|enfermedad(?:es)?|alergias|medicación|patologi[ea]|diagnosi|allergie"
        "|farmaci|terapia|diagnóstico|doenças"
        "|диагноз|аллергия|діагноз|诊断|过敏|診断|病名|持病|アレルギー|진단|बीमारी|التشخيص|אבחנה"
    ),
    "ID": (
        "codice fiscale|login|user ?name|benutzername|identifiant|usuario|utente|wallet|handle"
        "|skype|telegram"
    ),
}
_KIND_OF: Final = {f"label_{index}": kind for index, kind in enumerate(_LABELS)}
_LABEL: Final = re.compile(
    r"(?:(?<=[\n.;,•|(。；，、])|\A)[ \t>*•-]*(?:(?:the|his|her|their|my|our|die|der|den|le"
    r"|la)\s)?(?:"
    + "|".join(f"(?P<label_{index}>{labels})" for index, labels in enumerate(_LABELS.values()))
    + r")[ \t]*(?:\*\*)?[:：=][ \t]*(?:\*\*)?",
    re.IGNORECASE,
)
# How far a value of each kind extends after its label.
_VALUE: Final[dict[ValueKind, re.Pattern[str]]] = {
    "NAME": re.compile(
        r"(?:\b(?:Dr|Mr|Mrs|Ms|Prof|Sr|Sra|Jr|St|[^\W\d_])\.|[^\n.,;:(<>\[\]|/。，；：（]){2,60}"
    ),
    "PLACE": re.compile(r"[^\n;:(<>|.。，；：（]{2,50}"),
    "ORGANISATION": re.compile(
        r"[^\n;(<>|。；（]{2,60}?(?=[.;]?(?:\n|\Z)|\.\s|,? (?:\(|[a-z]{3,}|\d)|[;(。；（])"
    ),
    "ADDRESS": re.compile(r"[^\n;<>|。；]{4,90}"),
    "HEALTH": re.compile(r"[^\n;.(<>|。；（]{3,80}"),
    "ID": re.compile(r"\S{3,60}"),
}
_FORM_LINE: Final = re.compile(r"^[^\n:：]{1,30}[:：][ \t]*([^\n:：]{2,40})$", re.MULTILINE)
_SEPARATORS: Final = re.compile(r"\s*(?:,|、|，|;|\band\b|\bund\b|\bet\b|\by\b|\be\b)\s*")
# Answers that say nothing.
_EMPTY: Final = re.compile(
    r"(?:n/?a|none|no|unknown|keine?|aucune?|ninguna?|nessuna?|nenhuma?|tbd|-+|\W+)\Z",
    re.IGNORECASE,
)


def find_labelled(text: str) -> Iterator[Span]:
    """Find the values in lines such as "Name: Anna Keller".

    Args:
        text: Any text.

    Yields:
        Spans of the kind that belongs to the label. Each condition in a list is a span of its own.
    """
    for label in _LABEL.finditer(text):
        kind = _KIND_OF[str(label.lastgroup)]
        value = _VALUE[kind].match(text, label.end())
        if value is None:
            continue
        start, end = value.start(), value.start() + len(value[0].rstrip(" \t.,;*"))
        if _EMPTY.match(text[start:end]):
            continue
        if kind == "HEALTH":
            yield from _parts(text, start, end, kind)
        else:
            yield Span(start, end, kind)


def find_form_values(text: str) -> Iterator[Span]:
    """Find all values of a form in a script without capitals, whatever their labels.

    Such scripts offer no other sign of a name, and a form is usually about a person.
    """
    if text.isascii():
        return
    for line in _FORM_LINE.finditer(text):
        if any(letter.isalpha() and letter.lower() == letter.upper() for letter in line[1]):
            yield Span(line.start(1), line.start(1) + len(line[1].rstrip()), "TERM")


def _parts(text: str, start: int, end: int, kind: ValueKind) -> Iterator[Span]:
    for separator in _SEPARATORS.finditer(text, start, end):
        if separator.start() > start:
            yield Span(start, separator.start(), kind)
        start = separator.end()
    if end > start:
        yield Span(start, end, kind)
