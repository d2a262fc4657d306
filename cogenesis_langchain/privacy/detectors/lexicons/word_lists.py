"""Word lists maintained by hand, for facts that word frequencies do not show.

All entries are in lower case. The languages are English, German, French, Spanish, Italian and
Portuguese; some lists have words of other languages too.
"""

from __future__ import annotations

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


EVERYDAY_NAMES: Final = _words("""
    ace admiral alpha amber angel angus ant arch archer art ash aspen aurora autumn bailey baker
    banks bar barber basil baptist bay bean beau bell belle berg berry bess best beta bill billy
    bird bishop black blanche blessing bliss blossom blue bo bob bond boss brand brandy bridge
    brook brooks brown bruno buck bud buddy burns bush butcher butler can candy carol carter case
    cash castle chad chance chandler charity charm chase cherry chip christian chuck church clay
    clear cliff coin cole colt comfort con constant cook cooper cord coral cotton creed crisp
    cross crown cruz crystal curry curt cutter dale dan dance dash dawn day dean dear dee del
    delta dell destiny devon dick diamond dot dove drake draper drew duke dusty earl early earnest
    east easter eden elder ember ernst essence eve ever fairy faith fancy fanny farmer faust field
    finch fish fisher fleet flint flora ford forest foster fox francs frank frankie freeman frost
    fuller gale game gardener gardner garland gene general gentry gill ginger glass glen glory
    gold golden good grace grant grape gray green greet grey grove guide guy gunner hale hall ham
    hand handy happy hardy harm harmony harp harper hart hazel haven heath heather heaven hill
    hilt hodge holly holm homer honey hood hook hope horn house hunt hunter hush ice infant
    innocent iris irish isle ivory ivy jack jade jasmine jay jean jem jet jewel job jolly journey
    joy juniper justice karma kay keen kind king kit kitty knight koch lady lake lamb lance land
    lane lark laurel law lee lemon len les levy liberty light lily linden link little lo long love
    lovely luck lucky mace major male man mar marble march mariner marina mark market marsh
    marshal marshall mason mat may melody mercedes mercer merit merry miles mill miller min mint
    miracle misty mitt moon moody moor moss muse myrtle nail nash neck nest newman nick noble
    north nova novel oak ocean olive onyx opal orange oral otter page paris park parker parson pat
    patience patty paul peace pearl peg penny pepper perry petal petty phoenix piece pier pike
    pine piper pleasant poet pole pool poppy porter potter precious price prince princess prior
    prudence purity queen quest quick quill quiver raid rain rainbow ramp ranger raven ray reason
    red reed regal reign rex rich rider river rivers rob robin rock rocky rod roman romeo rose
    rosemary rosy rowan royal ruby rue rush russet rusty sage saint sandy santa sawyer scarlet
    scout sea sergeant serif shade shane sharp shell shepherd shiloh short sierra silver sims
    sincere singer skip sky sly small smart smith snow sole sonny sorrel south sparrow spring star
    stark stern sterling stone storm strong sue summer summers sun sunday sunny sunshine swan
    sweet swift tab tad taylor tan tanner teddy temple terrace thorn tiger tim till tone tony tool
    tower town treasure trinity troy true truth tucker turner tyler underwood unique val valentine
    vale van velvet venus victor victory vine viola violet virgin vivid wade wage walker wall ward
    warden warner wash waters watts weaver webb webster wells west wheel wheeler white will willow
    win wind wine winter winters wise wolf wood woods woody word worth wren wright young zen zest
    zion engel fuchs gans graf hahn herz hirsch jung kaiser klein klug koenig kraus kurz lang
    langer licht neumann ohm reich richter ritter roth sand sauer schmied schneider schnell
    schwarz sommer vogel wagner weber weiss zimmermann zorn aime ange blanc claire constance
    dominique douce fleur france grand jolie lacroix legrand marin martin moulin noel pascal petit
    pierre rouge roy soleil alegre blanca bueno campo carmen concha consuelo delgado dolores flor
    flores gloria iglesia leon luna luz mora pilar reyes rico rosa rosario salvador santos sol
    soledad torres vega bella bianchi felice fiore gioia grazia leone luce mare russo serena
    stella vita friend media son baby press beat gun sister judge german author floor brain gay
    doctor captain sad roll mad tea lies kick loan joke lawyer era urban ah tiny minor jail wing
    branch mate sing unknown marine pink cap fed mac math forum fate doc ties colonel governor
    server lean harsh peer gauge canal metro villa loyal hung bee babe ally lone echo mentor saga
    ninja rim colon emerald meadow booker cherish mall champ danish miner sim atlas ty meta mist
    ransom safari puck lyric gal nana mayo cinnamon watt blaze nam ole imo doll darling pastor
    indie chin bent sep neo dev dom ale viking pleas almond icy azul branco costa lima nunes
    pinheiro ribeiro rocha silva souza add carry council else gang junior mile odd rice
""")
"""Names that are also everyday words: alone they count only with a capital inside a sentence."""

INSTRUCTION_WORDS: Final = _words("""
    abstract ad advert agenda analysis announcement answer apology appendix argument article bio
    blog blurb brief brochure bullet caption card chapter chat checklist code column comment
    complaint compose condense content copy cover create deck describe design dialogue diary draft
    edit email essay eulogy explain faq feedback flyer form format formal friendly generate guide
    guideline haiku headline heading idea index intro introduction invitation invite invoice
    itinerary joke journal keyword label leaflet lesson letter limerick list memo message minutes
    mission motto naming newsletter note novel obituary outline outlook pamphlet paragraph
    paraphrase petition pitch plan plot poem policy polite post poster prepare presentation press
    profile prologue prompt proofread proposal quiz quote recipe reference rephrase reply report
    request resume review revise rewrite rhyme schedule scene script sequel shorten sketch slide
    slogan snippet song sonnet speech statement status story subject summarise summarize summary
    survey syllabus table tagline template thesis tip title toast topic translate translation
    tweet tutorial update vision vow website workshop wording write
""")
"""Words of instructions. They are names only with a capital inside a sentence."""

CALENDAR_NAMES: Final = _words("""
    april may june august mai juin abril agosto easter noel christian english german french jordan
    chad georgia israel
""")
"""Names of months, holidays and countries that are also given names or surnames."""

PUBLIC_NAMES: Final = _words("""
    e-mail email e-post e-posta post mail i ok okay pdf html css http https api usb url faq cv ceo
    cto cfo hr vat gdpr ai ml it pr uk usa us eu un tv pc id dob gp nhs ssn iban bic swift sms
    wifi wi-fi gps sql json xml csv okr star kpi b2b am pm utc gmt est pst cet asap fyi ps nb attn
    re fwd cc bcc tel fax mr mrs ms dr python java javascript typescript rust golang excel word
    powerpoint outlook office windows linux ubuntu android iphone ipad ios macos mac chrome
    firefox safari github gitlab git docker kubernetes slack zoom teams google gmail youtube
    facebook instagram whatsapp twitter tiktok linkedin reddit netflix spotify disney hbo amazon
    apple microsoft openai chatgpt gpt claude gemini llama langchain bitcoin ethereum paypal visa
    mastercard amex uber airbnb ikea tesla toyota bmw mercedes nike adidas starbucks lego
    wikipedia photoshop latex siri alexa christmas easter halloween thanksgiving hanukkah ramadan
    eid diwali passover lent advent weihnachten ostern noël navidad pascua natale pasqua natal
    páscoa english german french spanish italian portuguese dutch russian polish turkish arabic
    hebrew hindi chinese japanese korean greek latin swedish norwegian danish finnish irish
    scottish welsh british american canadian australian european african asian indian mexican
    brazilian christian jewish muslim islam christianity buddhism catholic protestant hindu
    deutsch englisch französisch spanisch italienisch anglais allemand français espagnol italien
    inglés alemán francés español italiano inglese tedesco francese spagnolo europe africa asia
    america antarctica oceania earth mars venus jupiter saturn moon sun atlantic pacific
    mediterranean alps himalaya sahara internet web covid bible koran god jesus santa monday
    tuesday wednesday thursday friday saturday sunday january february march april june july
    august september october november december jan feb mar apr jun jul aug sep sept oct nov dec
    mon tue tues wed thu thur thurs fri sat montag dienstag mittwoch donnerstag freitag samstag
    sonntag januar februar märz mai juni juli oktober dezember shakespeare einstein newton darwin
    mozart beethoven picasso hamlet macbeth romeo juliet gatsby turing nobel oscar epipen euro
    euros dollar dollars pound pounds franc francs yen
""")
"""Public proper nouns: languages, products, holidays, months, famous people."""

TITLES: Final = _words("""
    dottssa profssa avvssa sigra bishop pastor chief inspector detective corporal mr mrs ms miss
    mx dr doctor prof professor sir madam lady lord judge justice father sister brother rev
    reverend rabbi imam captain capt colonel sergeant sgt officer nurse coach aunt auntie uncle
    grandma grandpa granny nana cousin baby herr frau fräulein dipl ing med mag rechtsanwalt
    rechtsanwältin onkel opa oma herrn m mme mlle monsieur madame mademoiselle maître me docteur
    professeur tante oncle mamie papi sr sra srta señor señora señorita don doña dra tía tío
    abuela abuelo sig signor signora signorina dott avv zia zio nonna nonno senhor senhora dona
    tia tio avó avô pan pani господин госпожа доктор г-н г-жа пан пані
""")
"""Titles: words that show that a person's name follows."""

ABBREVIATED_TITLES: Final = _words("""
    mr mrs ms mx dr prof rev capt sgt dipl ing med mag m mme mlle me sr sra srta dott avv sig dra
""")
"""Titles with a full stop that ends no sentence, in small letters either."""

FORMS_OF_ADDRESS: Final = _words("mr mrs ms miss mx dr dra prof rev captain capt")
"""Titles after which any capitalised word is a surname, another title too: "Mr. Bishop"."""

RELATIONS: Final = _words("""
    wife husband partner girlfriend boyfriend fiancé fiancée fiance fiancee ex ex-wife ex-husband
    mother mum mom father dad son daughter sister brother aunt uncle cousin niece nephew grandma
    grandpa grandmother grandfather stepmother stepfather stepson stepdaughter godmother godfather
    friend neighbour neighbor roommate flatmate boss manager supervisor colleague coworker
    co-worker assistant teacher tutor therapist doctor dentist lawyer solicitor accountant
    landlord landlady tenant nanny babysitter client customer patient caseworker agent physio
    coach counsel broker adviser advisor dog cat horse buyer seller ehefrau ehemann tochter sohn
    schwester bruder mutter vater chef chefin kollege kollegin freund freundin nachbar nachbarin
    femme mari fille fils sœur frère mère père patron collègue ami amie voisin voisine mujer
    esposa marido esposo hija hijo hermana hermano madre padre jefe jefa amigo amiga moglie figlia
    figlio sorella fratello capo collega amico amica avvocato filha filho irmã irmão mãe pai chefe
    colega
""")
"""Words for a person or an animal that somebody has: "my sister Anna"."""

PARTICLES: Final = _words("""
    de del della delle degli di da do dos das la le les los las el al bin ibn ben bint abu van von
    vom der den dem des du zu zum zur ter ten af av of the and und et y e i & o'
""")
"""Function words inside names: "Vincent van Gogh"."""

GREETINGS: Final = _words("""
    dear hi hello hey hiya greetings morning afternoon evening hallo liebe lieber guten servus
    moin bonjour bonsoir salut cher chère coucou hola querido querida estimado estimada ciao caro
    cara salve gentile olá oi prezado prezada здравствуйте привет дорогой дорогая уважаемый
    уважаемая вітаю hej cześć witaj drogi droga merhaba sayın sevgili
""")
"""First words of a greeting."""

CLOSINGS: Final = _words("""
    best regards sincerely yours cheers love thanks faithfully wishes truly warmly cordially grüße
    grüßen grüssen gruß hochachtungsvoll dein deine cordialement bises bisous amitiés sincères
    salutations saludos abrazo atentamente cordialmente besos saluti abbraccio distinti baci
    abraços cumprimentos beijos atenciosamente abraço уважением приветом hilsen hälsningar
    pozdrawiam
""")
"""Words of a closing line. A name follows in the next line."""

GENERIC_ADDRESSEES: Final = _words("""
    president chairman chairwoman minister speaker right bean seuss dalloway darcy who jekyll
    claus sir madam all team everyone everybody folks colleague colleagues friend friends customer
    customers parents students neighbours neighbors professor doctor hiring manager guys there
    damen herren kollegen kolleginnen zusammen leute frau herr kollegin kollege monsieur madame
    tous toutes messieurs mesdames collègues señor señora señores todos equipo amigos tutti
    signori colleghi senhor senhora santa committee board members recruiter editor
""")
"""Addressees that are no names: "Dear Sir", "Liebe Kollegen"."""

ORGANISATION_WORDS: Final = _words("""
    ltd limited llc llp lp plc inc incorporated corp corporation company co gmbh ag kg ohg ug mbh
    ev sa sas sarl srl spa snc sl slu lda ltda bv nv vof ab as asa aps oy oyj sp zoo kft bank
    union trust fund ventures capital partners holdings group associates foundation institute
    university college school academy kindergarten nursery hospital clinic clinics surgery
    practice pharmacy laboratory laboratories labs lab diagnostics medical health care dental
    veterinary bakery brewery restaurant cafe hotel inn manor motors garage logistics freight
    textiles foods energy electric electronics robotics systems software technologies technology
    solutions consulting publishers press studio studios media agency services insurance payments
    management lettings realty surveyors builders cycles church parish council society club
    association network cooperative co-op klinik klinikum krankenhaus schule universität
    hochschule stiftung verein versicherung versicherungen sparkasse bäckerei maschinenbau werke
    hôpital hôtel clinique école université lycée banque société plomberie boulangerie clínica
    colegio escuela universidad banco caja empresa conservas ospedale clinica scuola università
    banca ditta escola universidade construtora sanctuary orchestra choir theatre theater museum
    library gallery mine farm farms ranch vineyard airlines airways shipping seafood fc afc united
    records house lodge resort salon gym infirmary centre center charity shelter jsc pjsc pty pte
    eg se kgaa gbr bhd sdn molkerei bakkerij mutuelle notaire kanzlei praxis apotheke handwerk ооо
    зао оао пао ао тов
""")
"""Words that show that a run of capitalised words is an organisation."""

LEGAL_FORMS: Final = _words("""
    ltd limited llc llp lp plc inc incorporated corp corporation co gmbh ag kg ohg ug mbh ev sa
    sas sarl srl spa snc sl slu lda ltda bv nv vof ab as asa aps oy oyj kft zrt doo sro jsc pjsc
    pty pte eg se kgaa gbr sdn bhd kk
""")
"""Legal forms of companies. They may follow a comma or be written in lower case."""

DETERMINERS: Final = _words("""
    the a an this that these those our your my his her their its every each any no some der die
    das ein eine einen dem den le la les un une el los las il lo gli i una o os as um uma
""")
"""Articles and other determiners."""

FUNCTION_WORDS: Final = _words("""
    shall will would may might must can could should is was are were has had have does did do
    agrees pays and or of to for in on at by with from as who which that but if when then than not
    also
""")
"""Words before which a noun is no attribute: "the Board shall", but "the Rotterdam office"."""

PLACE_PREPOSITIONS: Final = _words("""
    in from to near at around via outside nach aus bei à chez depuis vers en desde hacia a da dal
    per em para
""")
"""Prepositions before the name of a place."""

VERBS_AFTER_NAMES: Final = _words("""
    is was has had says said told asked wants wanted needs needed met works lives lived got gets
    should could would must does did went came knows knew thinks thought loves hates likes takes
    took called texted
""")
"""Verbs that follow a name at the start of a sentence, never an imperative or a modal verb."""
