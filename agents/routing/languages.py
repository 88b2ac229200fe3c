"""Which language a message is in, by its script and its commonest words: enough to say that one does not speak it."""

import re

_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS: tuple[tuple[str, str], ...] = (
    ("ja", r"[\u3040-\u30ff]"),
    ("zh", r"[\u4e00-\u9fff]"),
    ("ko", r"[\uac00-\ud7af]"),
    ("ru", r"[\u0400-\u04ff]"),
    ("ar", r"[\u0600-\u06ff]"),
    ("hi", r"[\u0900-\u097f]"),
    ("he", r"[\u0590-\u05ff]"),
    ("el", r"[\u0370-\u03ff]"),
    ("th", r"[\u0e00-\u0e7f]"),
)
_BY_SCRIPT = tuple((language, re.compile(pattern)) for language, pattern in _SCRIPTS)
_COMMON: dict[str, frozenset[str]] = {
    "de": frozenset(
        "ich mein meine meinen meiner wo ist wann wie wird kommt und der die das den dem ein eine einen nicht habe haben hat möchte will "
        "bitte kann können sie wir ihr für mit auf zu zurück bestellung bestellungen paket lieferung welche welcher danke hallo warum "
        "noch endlich es rechnung geld schicken sind".split()
    ),
    "fr": frozenset(
        "je mon ma mes où est quand comment le la les des un une et pas ne voudrais veux vous nous pour avec sur bonjour merci commande "
        "colis retour quel quels quelle quelles sont ai avez peux pouvez mais ce cette livraison en au aux bientôt remboursement".split()
    ),
    "es": frozenset(
        "yo mi mis dónde donde está esta cuándo cuando cómo el los las un una y quiero quisiera puedo por favor para con hola gracias "
        "pedido paquete devolver cancelar qué cuál cuáles son tengo no me ha llegado envío dinero del al".split()
    ),
    "it": frozenset(
        "io mio mia dove quando come il lo gli le un una e non vorrei voglio posso per favore con ciao grazie ordine pacco restituire che "
        "ho hai comprato quale quali sono è della del arriva soldi".split()
    ),
    "pt": frozenset(
        "eu meu minha onde está quando como o os as um uma e não quero gostaria posso por favor para com olá obrigado pedido encomenda "
        "devolver cancelar qual quais são tenho chegou".split()
    ),
    "nl": frozenset(
        "ik mijn waar is wanneer hoe het een en niet wil graag kan kunnen jullie voor met op hallo bedankt bestelling pakket retour welke "
        "zijn heb heeft blijft terug geld mijne".split()
    ),
    "pl": frozenset(
        "ja mój moja moje gdzie jest kiedy jak nie chcę proszę mogę dla z na dzień dobry dziękuję zamówienie paczka zwrot jakie są mam "
        "się czy i w do".split()
    ),
}
_ENGLISH = frozenset(
    "the a an i you we it my your our is are was do does did can could will would what which where when why how who and or of to in on "
    "for with from not have has please order send show me this that there want need put get any".split()
)
_ONLY_THERE = 0.3
"""The share of a message's words that must be common ones of the other language."""


def language_of(text: str) -> str | None:
    """Return the language's code when a clean message is not English, else None: also when that cannot be told."""
    letters = [letter for letter in text if letter.isalpha()]
    for language, pattern in _BY_SCRIPT:
        if letters and sum(pattern.match(letter) is not None for letter in letters) > len(letters) / 2:
            return language
    words = _WORD.findall(text.lower())
    if len(words) < 2:
        return None
    english = sum(word in _ENGLISH for word in words)
    hits = {language: sum(word in common for word in words) for language, common in _COMMON.items()}
    best = max(hits, key=hits.__getitem__)
    sure = hits[best] >= 2 and hits[best] / len(words) >= _ONLY_THERE and hits[best] > 2 * english
    return best if sure else None
