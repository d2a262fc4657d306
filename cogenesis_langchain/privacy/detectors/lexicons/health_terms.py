"""Terms of health, maintained by hand: illnesses, treatments and medicines.

Phrases are in lower case and separated by commas. English comes first, then German, French,
Spanish, Italian, Portuguese, Dutch, Russian, Chinese and Japanese.
"""

from __future__ import annotations

from typing import Final


def _phrases(text: str) -> frozenset[str]:
    return frozenset(" ".join(phrase.split()) for phrase in text.split(",")) - {""}


CONDITIONS: Final = _phrases("""
    abortion, abtreibung, avortement, ivg,
    abscess, acne, addiction, adhd, alcoholic, alcoholism, allergy, alopecia, alzheimer,
    alzheimer's, amnesia, amputation, anaemia, anaphylaxis, anemia, aneurysm, angina, anorexia,
    anthrax, anxiety disorder, aphasia, appendicitis, arrhythmia, arthritis, asperger, asperger's,
    asthma, atrial fibrillation, autism, autistic, bedwetting, bipolar, bipolar disorder,
    birth defect, blood clot, botulism, bronchitis, bulimia, bunion, burnout, burn-out, caesarean,
    cancer, candida, cardiac arrest, cardiomyopathy, carpal tunnel, cataract, celiac, cellulitis,
    cerebral palsy, cervical cancer, cesarean, chemotherapy, chickenpox, chlamydia, cholera,
    chronic fatigue, chronic pain, cirrhosis, cleft lip, cleft palate, club foot,
    cluster headache, coeliac, colitis, colostomy, coma, concussion, copd, covid, covid-19, crohn,
    crohn's, croup, cyst, cystic fibrosis, deafness, deep vein thrombosis, delirium, dementia,
    depression, dermatitis, diabetes, diabetic, dialysis, diphtheria, down syndrome,
    down's syndrome, dyslexia, dyslexic, dyspraxia, eating disorder, eclampsia, eczema, edema,
    embolism, emphysema, endometriosis, epilepsy, epileptic, erectile dysfunction, fatty liver,
    fibroid, fibromyalgia, fibrosis, frostbite, frozen shoulder, gallstone, gangrene, gastritis,
    gender dysphoria, glaucoma, goiter, goitre, gonorrhea, gonorrhoea, gout, haemophilia,
    haemorrhage, haemorrhoid, hay fever, heart attack, heart disease, heart failure, heart murmur,
    hemophilia, hemorrhage, hemorrhoid, hepatitis, hernia, herniated disc, herpes,
    high blood pressure, hip replacement, hiv, hiv positive, hives, hodgkin, hodgkin's,
    hypertension, hyperthyroidism, hypoglycaemia, hypoglycemia, hypothyroidism, hysterectomy, ibs,
    impetigo, incontinence, incontinent, infertile, infertility, influenza, insomnia,
    irritable bowel, ivf, jaundice, kidney failure, kidney stone, knee replacement, legionella,
    leprosy, leukaemia, leukemia, lumpectomy, lupus, lyme, lyme disease, lymphoma,
    macular degeneration, malaria, mastectomy, measles, melanoma, meningitis, meniscus, menopause,
    migraine, miscarriage, miscarried, mononucleosis, motor neurone, multiple sclerosis, mumps,
    muscular dystrophy, myeloma, narcolepsy, necrosis, nervous breakdown, neuropathy, obese,
    obesity, ocd, oedema, osteoporosis, overdose, pacemaker, palsy, pancreatitis, panic attack,
    paralysis, paranoia, paraplegic, parkinson, parkinson's, pcos, peritonitis,
    personality disorder, piles, plantar fasciitis, pneumonia, polio, postpartum, pregnancy,
    pregnant, preeclampsia, pre-eclampsia, prostate, psoriasis, psychosis, psychotic, ptsd,
    rabies, radiotherapy, rehab, relapse, restless legs, rheumatism, rubella, salmonella, scabies,
    scarlet fever, schizophrenia, schizophrenic, sciatica, scoliosis, scurvy, seizure, self-harm,
    sepsis, shingles, sickle cell, sinusitis, sleep apnea, sleep apnoea, sleepwalking,
    slipped disc, smallpox, spina bifida, sterilisation, stillbirth, stillborn, stroke, stutter,
    suicidal, suicide attempt, syphilis, tapeworm, tetanus, thrombosis, thrush, tinnitus,
    tonsillitis, tourette, tourette's, transgender, transplant, tuberculosis, tumor, tumour,
    typhoid, ulcer, urinary tract infection, vasectomy, vertigo, vitiligo, whooping cough,
    yeast infection, amphetamine, amphetamines, cannabis, cocaine, crack, crystal meth, heroin,
    ketamine, methamphetamine, opioid, opioids, adhs, alkoholiker, alkoholsucht, arthrose,
    bandscheibenvorfall, bluthochdruck, brustkrebs, demenz, depressionen, epilepsie, essstörung,
    fehlgeburt, gicht, gürtelrose, heuschnupfen, herzinfarkt, herzinsuffizienz, hypertonie,
    arterielle hypertonie, krebs, magersucht, multiple sklerose, neurodermitis, osteoporose,
    rheuma, schilddrüsenunterfunktion, schilddrüsenüberfunktion, schizophrenie, schlaganfall,
    schuppenflechte, schwanger, schwangerschaft, vorhofflimmern, zöliakie, zuckerkrankheit,
    accident vasculaire cérébral, alcoolisme, allergie, anorexie, apnée du sommeil, asthme, avc,
    cirrhose, dépression, diabète, diabétique, démence, eczéma, enceinte, endométriose,
    fausse couche, goutte, grossesse, hernie discale, infarctus, obésité, ostéoporose, phlébite,
    schizophrénie, sclérose en plaques, sida, sciatique, séropositif, séropositive, tumeur,
    ulcère, vih, zona, épilepsie, alcoholismo, ansiedad, apnea del sueño, artritis,
    artritis reumatoide, artrosis, asma, aborto, cáncer, celiaquía, celíaco, celíaca, ciática,
    colesterol alto, demencia, depresión, derrame cerebral, embarazada, embarazo, enfisema,
    epilepsia, esclerosis múltiple, esquizofrenia, gota, hipertensión, hipotiroidismo, ictus,
    infarto, insuficiencia renal, leucemia, migraña, neumonía, obesidad, párkinson, úlcera,
    alcolismo, anoressia, ansia, apnea notturna, artrite, artrosi, cancro, celiachia, celiaco,
    celiaca, cirrosi, demenza, depressione, diabete, emicrania, epilessia, ernia del disco,
    fibrillazione atriale, gotta, gravidanza, incinta, ipertensione, ipotiroidismo,
    morbo di crohn, morbo di parkinson, osteoporosi, polmonite, schizofrenia, sclerosi multipla,
    tumore, ulcera, alcoolismo, ansiedade, artrose, câncer, cirrose, demência, depressão, enfarte,
    enxaqueca, esclerose múltipla, grávida, gravidez, hipertensão, lúpus, obesidade, tuberculose,
    astma, beroerte, borstkanker, dementie, hartinfarct, hoge bloeddruk, kanker, overspannen,
    reuma, suikerziekte, zwanger, алкоголизм, аллергия, анемия, астма, беременна, беременность,
    бессонница, бронхит, гастрит, гепатит, гипертония, депрессия, диабет, деменция, инсульт,
    инфаркт, мигрень, онкология, ожирение, пневмония, рак, рак груди, сахарный диабет,
    стенокардия, туберкулёз, шизофрения, эпилепсия, язва
""")
"""Names of illnesses, conditions and treatments."""

CJK_CONDITIONS: Final = (
    "糖尿病|高血压|高血圧|高血脂|抑郁症|焦虑症|うつ病|癌症|肺癌|乳腺癌|胃癌|白血病|がん|哮喘|喘息|肺炎|肝炎"
    "|心臓病|心脏病|冠心病|脑梗|中风|脳梗塞|痛风|痛風|肾病|腎臓病|怀孕|流产|妊娠|不眠症|失眠|艾滋病|认知症|認知症"
    "|[\u4e00-\u9fff]{1,5}(?:症|炎|癌|がん)|癫痫|てんかん|花粉症|関節リウマチ|自闭症|自閉症|高コレステロール|당뇨병|고혈압|우울증|암|천식|임신"
)
"""Conditions in scripts without spaces, as a pattern."""

CONDITION_HEADS: Final = (
    "disease|disorder|syndrome|cancer|carcinoma|allergy|allergies|infection|failure|fracture"
    "|injury|injuries|deficiency|tumou?r|palsy|apno?ea|dystrophy|sclerosis|intolerance|dependence"
    "|addiction|abuse|withdrawal|pneumonia|diabetes|depression|arthritis|hepatitis|hypertension"
    "|ana?emia|dementia|asthma|palate|transplant(?:ation)?|replacement|bypass|biopsy|illness"
    "|impairment|disability|delay|problems?|condition|phobia|ulcer|attacks?|episodes?|seizures?"
    "|strain|sprain|tear|swelling|bleed(?:ing)?|rash|spasms?|virus|flu|trauma|lesions?|reflux"
    "|obstruction|difficulties|relapse|incontinence|insufficiency|graft|scar|blindness|deafness"
    "|surgery|operation|treatment|therapy|removal|loss|pain|defect|dysfunction|degeneration|block"
)
"""Last nouns of names of conditions; the words before them belong to the name."""

CONDITION_SHAPES: Final = (
    r"(?:torn?|tore|brok?en?|broke|fractured|sprained|ruptured|dislocated|slipped|collapsed|enlarged"
    r"|cracked|burst|amputated)\s(?:(?:a|an|the|his|her|my|their|left|right|both|one|two|three)\s){0,2}"
    r"[^\W\d_]+"
    r"|(?:blind|deaf|paralysed|paralyzed|numb)(?:\s(?:in|on)\s(?:one|the|his|her|my|both)\s[^\W\d_]+"
    r"(?:\s(?:eye|ear|arm|leg|hand|side|foot))?)?"
    r"|\w{3,}(?:bruch|entzündung|insuffizienz|krebs|krankheit|karzinom|infarkt|störung|schwäche"
    r"|allergie|vergiftung|erkrankung|leiden|schmerzen|operation|unterfunktion|überfunktion)"
    r"|(?:morbo|malattia|s[ií]ndrome|maladie|syndrome?|enfermedad|doença|morbus|choroba|ziekte)"
    r"\s(?:(?:di|de|du|da|do|del|van|von)\s)?[^\W\d_]{4,}"
    r"|insuffisance\s[^\W\d_]+|insuficiencia\s[^\W\d_]+|insufficienza\s[^\W\d_]+"
    r"|insuficiência\s[^\W\d_]+"
    r"|cancer\sd[ue]\s(?:la\s)?[^\W\d_]+|cáncer\sde\s[^\W\d_]+|tumore\sal\w*\s[^\W\d_]+"
    r"|biopsy|colonoscopy|colonoscopia|biopsia|biopsie|amniocentesis|mammogram|drinking\sproblem"
)
"""Phrases that name a condition, such as "torn ligament", as a pattern."""

CONDITION_SUFFIXES: Final = (
    "itis|osis|emia|aemia|ämie|pathy|pathie|plegia|algia|ectomy|plasty|sclerosis|trophy|noma"
    "|sarcoma|uria|pnea|pnoea|thymia|phobia|mania|paresis|stomy"
)

MEDICINE_SUFFIXES: Final = (
    "cillin|cillina|mycin|cycline|floxacin|oxacin|azole|conazole|prazole|pril|prilat|sartan|artan"
    "|artana|statin|olol|alol|dipine|oxetine|opram|aline|azine|apine|idone|triptan|parin|xaban"
    "|gliptin|gliflozin|formin|formina|glutide|tide|zumab|ximab|umab|tinib|ciclib|vir|vudine|caine"
    "|codone|morphone|zepam|zolam|barbital|thyroxine?|roxin|sone|solone|onide|terol|phylline"
    "|trexate|trexato|platin|rubicin|setron|lukast|profen|coxib|amine|dronate|lafaxine|zodone|bital"
    "|purinol|pamide|semide|thiazide|olone|olona|azol|prazol"
)

MEDICINES: Final = _phrases("""
    acetaminophen, adderall, aspirin, botox, clopidogrel, codeine, concerta, digoxin, epipen,
    fentanyl, furosemide, gabapentin, humira, ibuprofen, insulin, lamotrigine, lexapro,
    l-thyroxin, lithium, melatonin, metformin, methadone, morphine, naltrexone, ozempic,
    oxycontin, paracetamol, penicillin, pregabalin, prozac, quetiapine, ritalin, statins,
    suboxone, tamoxifen, tramadol, valium, ventolin, viagra, warfarin, wegovy, xanax, zoloft,
    cortisone, cortison, prednisone, prednisolone, testosterone, oestrogen, estrogen
""")

HEALTH_CUES: Final = (
    r"diagnos(?:ed|is)(?:\s+(?:with|of|as))?|suffer(?:s|ed|ing)?\s+from|treated\s+for"
    r"|treatment\s+(?:of|for)|allergic\s+to|history\s+of|died\s+of|recover(?:s|ed|ing)\s+from"
    r"|admitted\s+(?:with|for)|prescribed|assessed\s+for|tested\s+(?:positive\s+)?for|screened\s+for|addicted\s+to"
    r"|medical\s+leave\s+for|an\s+episode\s+of|suggestive\s+of|carrier\s+of|suspected|symptoms\s+of"
    r"|relapse\s+of|on\s+sick\s+leave\s+(?:for|with)|surgery\s+for|born\s+with|rehab\s+for"
    r"|consistent\s+with|rule(?:d)?\s+out|hospitali[sz]ed\s+(?:for|with)|operated\s+(?:on\s+)?for"
    r"|qualifies\s+under|vaccinated\s+against|infected\s+with|flare-?up\s+of|complications\s+of"
    r"|leidet\s+(?:an|unter)|erkrankt\s+an|behandelt\s+wegen|operiert\s+wegen|diagnose"
    r"|souffre\s+d(?:e|['’])|atteinte?\s+d(?:e|['’])|suivie?\s+pour|hospitalisée?\s+pour"
    r"|padece(?:\s+de)?|sufre(?:\s+de)?|en\s+tratamiento\s+por|diagnosticad[oa]\s+de|antecedentes"
    r"|soffre\s+di|affett[oa]\s+da|in\s+cura\s+per|ricoverat[oa]\s+[\w\s,']{0,40}?per"
    r"|sofre\s+de|internad[oa]\s+(?:com|por)|toma|prende|lijdt\s+aan|диагноз|страдает"
)
"""Words that introduce a condition or a medicine, as a pattern."""
