"""What is said to whoever writes in another language while there is no language model: what is wrong, and what helps."""

_ENGLISH = "I only understand English while no language model is connected. Please write in English, or ask for a person."
_SORRY = {
    "de": "Ohne Sprachmodell verstehe ich leider nur Englisch. Bitte schreiben Sie auf Englisch oder fragen Sie nach einem Menschen.",
    "fr": "Sans modèle de langue, je ne comprends malheureusement que l'anglais. Écrivez en anglais ou demandez une personne.",
    "es": "Sin un modelo de lenguaje, por desgracia solo entiendo inglés. Escriba en inglés o pida hablar con una persona.",
    "it": "Senza un modello linguistico purtroppo capisco solo l'inglese. Scriva in inglese o chieda di una persona.",
    "pt": "Sem um modelo de linguagem, infelizmente só entendo inglês. Escreva em inglês ou peça para falar com uma pessoa.",
    "nl": "Zonder taalmodel begrijp ik helaas alleen Engels. Schrijf in het Engels of vraag naar een mens.",
    "pl": "Bez modelu językowego rozumiem niestety tylko angielski. Proszę napisać po angielsku albo poprosić o człowieka.",
    "ru": "Без языковой модели я, к сожалению, понимаю только английский. Напишите по-английски или попросите позвать человека.",
    "zh": "很抱歉,没有连接语言模型时我只懂英语。请用英语书写,或要求人工服务。",
    "ja": "申し訳ありませんが、言語モデルがないと英語しか分かりません。英語で書くか、担当者をお求めください。",
    "hi": "क्षमा करें, भाषा मॉडल के बिना मैं केवल अंग्रेज़ी समझता हूँ। कृपया अंग्रेज़ी में लिखें या किसी व्यक्ति से बात करने को कहें।",
    "ar": "عذراً، بدون نموذج لغوي أفهم الإنجليزية فقط. يرجى الكتابة بالإنجليزية أو طلب التحدث مع شخص.",
}


def decline(language: str) -> str:
    """Return the sentence in a language, where it is known, and in English."""
    return f"{_SORRY[language]}\n{_ENGLISH}" if language in _SORRY else _ENGLISH
