"""Words, names, numbers and dates to print: common words of five languages and made-up ones.

Made-up words keep the network reading letters rather than guessing from the language.
"""

import random

COMMON = {
    "en": """the of and to in is that it was for on are with as his they be at one have this from
    or had by word but what some we can out other were all there when up use your how said an each
    she which do their time if will way about many then them write would like so these her long
    make thing see him two has look more day could go come did number sound no most people my over
    know water than call first who may down side been now find any new work part take get place
    made live where after back little only round man year came show every good me give our under
    name very through just form sentence great think say help low line differ turn cause much mean
    before move right boy old too same tell does set three want air well also play small end put
    home read hand port large spell add even land here must big high such follow act why ask men
    change went light kind off need house picture try us again animal point mother world near build
    self earth father head stand own page should country found answer school grow study still learn
    plant cover food sun four between state keep eye never last let thought city tree cross farm
    hard start might story saw far sea draw left late run while press close night real life few
    north open seem together next white children begin got walk example ease paper group always
    music those both mark often letter until mile river car feet care second book carry took
    science eat room friend began idea fish mountain stop once base hear horse cut sure watch color
    face wood main enough plain girl usual young ready above ever red list though feel talk bird
    soon body dog family direct pose leave song measure door product black short class wind question
    happen complete ship area half rock order fire south problem piece told knew pass since top
    whole king space heard best hour better true during hundred five remember step early hold west
    ground interest reach fast verb sing listen six table travel less morning ten simple several
    vowel toward war lay against pattern slow center love person money serve appear road map rain
    rule govern pull cold notice voice unit power town fine certain fly fall lead cry dark machine
    note wait plan figure star box noun field rest correct able pound done beauty drive stood
    contain front teach week final gave green quick develop ocean warm free minute strong special
    mind behind clear tail produce fact street inch multiply nothing course stay wheel full force
    blue object decide surface deep moon island foot system busy test record boat common gold
    possible plane stead dry wonder laugh thousand ago ran check game shape equate hot miss brought
    heat snow tire bring yes distant fill east paint language among invoice receipt total amount
    payment report budget meeting project market price order customer account balance delivery""",
    "de": """der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch
    es an werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über einen so
    zum war haben nur oder aber vor zur bis mehr durch man sein wurde sei Straße Größe schön
    können müssen würde früh Tür grün Woche Rechnung Betrag Zahlung Lieferung Übersicht""",
    "fr": """le la les des et en un une du est que qui dans pour pas sur plus par je avec tout
    faire son mettre autre on mais nous comme ou si leur été élève père très où déjà après
    première français garçon leçon hôtel île facture montant paiement livraison société""",
    "es": """el los las de que en un por con no una su para es al lo como más pero sus le ya
    este sí porque esta entre cuando muy sin sobre también año niño mañana señor está después
    días además factura importe pago entrega número dirección""",
    "it": """il di che è la per un in non una sono con le si da come anche più ma se nel alla
    era ha gli della perché già così città può sarà verità fattura importo pagamento consegna""",
}
LISTS = {language: text.split() for language, text in COMMON.items()}

FIRST = """Anna Ben Carla David Elena Felix Greta Hugo Ines Jonas Karin Leon Maria Nils Olga Paul
Rosa Sven Tina Uwe Vera Walter Yara Zoe Liam Emma Noah Mia Lucas Sofia Ivan Nora Omar Priya""".split()
LAST = """Adler Berg Costa Dunn Evans Fischer Garcia Hale Ito Jensen Keller Lopez Meyer Novak Olsen
Park Quinn Rossi Silva Tanaka Unger Vogel Weber Young Zhang Moreau Dubois Smith Brown Clark""".split()
TRADES = """Trading Supplies Books Foods Garden Electric Motors Paper Design Logistics Bakery Tools
Systems Textiles Coffee Optics Print Hardware Energy Studio Labs Glass Marine Outdoor""".split()
ENDINGS = ["GmbH", "Ltd", "Inc", "LLC", "SA", "AG", "Co", "& Sons", "KG", "SRL"]
GOODS = """Pencil Notebook Lamp Chair Desk Cable Mouse Keyboard Monitor Printer Paper Stapler Folder
Marker Coffee Tea Sugar Bread Milk Apple Banana Cheese Butter Rice Pasta Soap Towel Brush Bucket
Hammer Screws Nails Drill Saw Glue Tape Rope Battery Charger Speaker Camera Tripod Helmet Gloves
Jacket Shirt Boots Socks Scarf Hat Bag Bottle Cup Plate Fork Spoon Knife Pan Pot Kettle""".split()
CITIES = """Berlin Paris Madrid Rome London Vienna Oslo Prague Lisbon Dublin Zurich Milan Lyon
Hamburg Porto Turin Ghent Bergen Basel Leeds Boston Denver Austin Toronto Sydney""".split()
MONTHS = (
    "January February March April May June July August September October November December".split()
)
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

ONSETS = "b c d f g h j k l m n p r s t v w z br cl dr fl gr pl st tr sh ch th".split() + [""]
VOWELS = "a e i o u ai ea io ou".split()
CODAS = ["", "", "n", "r", "s", "t", "l", "m", "nd", "st", "ck", "rt"]


def made_up(rng: random.Random) -> str:
    """A pronounceable word that is in no list."""
    parts = [
        rng.choice(ONSETS) + rng.choice(VOWELS) + rng.choice(CODAS)
        for _ in range(rng.choice((1, 2, 2, 3)))
    ]
    return "".join(parts)


def code(rng: random.Random) -> str:
    """Letters and digits in no order, as in reference numbers."""
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    digits = lambda n: "".join(str(rng.randrange(10)) for _ in range(n))
    form = rng.randrange(4)
    if form == 0:
        return digits(rng.randint(2, 6))
    head = "".join(rng.choice(letters) for _ in range(rng.randint(1, 3)))
    return head + ("-" if form == 1 else "") + digits(rng.randint(2, 5))


def money(rng: random.Random, top: float = 1000) -> float:
    """An amount with two decimals, small ones as likely as large ones."""
    return round(rng.uniform(1, 10) * rng.choice((1, 10, top / 10)), 2)


def word(rng: random.Random, language: str) -> str:
    """One word to print, now and then with a capital, a number or punctuation."""
    draw = rng.random()
    if draw < 0.5:
        text = rng.choice(LISTS[language])
    elif draw < 0.82:
        text = made_up(rng)
    elif draw < 0.9:
        text = rng.choice(rng.choice((FIRST, LAST, GOODS, CITIES, TRADES)))
    elif draw < 0.96:
        text = code(rng)
    else:
        text = f"{money(rng):.2f}"
    draw = rng.random()
    if draw < 0.14:
        text = text.capitalize()
    elif draw < 0.18:
        text = text.upper()
    draw = rng.random()
    if draw < 0.12:
        text += rng.choice(".,.,;:!?")
    elif draw < 0.14:
        text = f"({text})"
    elif draw < 0.15:
        text = f'"{text}"'
    elif draw < 0.16:
        text += rng.choice(["%", " €", "/", "-"])
    return text


def words(rng: random.Random, count: int) -> list[str]:
    """count words of one language (mostly English), as a list."""
    language = rng.choice(["en"] * 6 + ["de", "fr", "es", "it"])
    return " ".join(word(rng, language) for _ in range(count)).split(" ")[:count]


def date(rng: random.Random) -> tuple[int, int, int]:
    """(year, month, day)"""
    return rng.randint(2015, 2029), rng.randint(1, 12), rng.randint(1, 28)
