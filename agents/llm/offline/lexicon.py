"""What the offline model knows of words: data only. Tools bring their own words; this is what no tool says of itself."""


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


STOP = _words(
    """
    a an the this that these those my mine your yours our ours his her hers their its it i me we us you he she they them one ones is
    are was were be been being am do does did done have has had having can could will would shall should may might must to of in on at
    by for from with about into onto over under up down out off as than then so and or but if because since while what which who whom
    whose where when why how not no nor don't doesn't didn't isn't aren't wasn't weren't can't couldn't won't wouldn't haven't hasn't
    hadn't please pls plz just also too very really still already yet again any some all both each every there here hi hello hey ok
    okay yes yeah well now today let let's get got give given want wants wanted need needs like know thing things stuff something
    anything someone thanks thank kindly actually maybe only even more most much many other another same back i'm i've i'd i'll it's
    that's what's where's there's you're we're going gonna
    """
)
"""Words that name nothing."""

NOT_ITEMS = _words(
    """
    item items product products order orders ordered purchase package parcel delivery shipment return returns refund refunds money
    policy rule rules price prices stock size colour color problem issue issues error errors listing listings channel customer
    customers ticket tickets address status reason number quantity unit units piece pieces amount total account email payment time day
    days week weeks month months year years invoice label info information details detail question help shop store website broken
    defective damaged late wrong small big large tight loose short long new old last latest first second third next previous recent
    half rest whole everything nothing mistake man guys team sir madam mind full partial complete completely immediately asap soon
    quickly yesterday tomorrow morning evening ago instead around arrived arrive arrives arriving came come comes received receive
    bought buy sent send shipped works working work fits fit don't fraud suspicious risk goodwill compensation credit warehouse
    supplier office home level low high available availability margin fee fees commission queue report sales revenue title description
    brand category image images picture photo photos tracking carrier approve approval reject rejected cancel cancelled hold held
    release check show tell see find look looking want wish love hate hope think feel say said says says make made take took keep kept
    put use used using happened happen happening going goes gone go talk speak human person agent somebody manager missing lost
    """
)
"""Nouns, verbs and adjectives of the trade that are not goods."""

GOODS = _words(
    """
    headset headphone headphones earbuds earphones speaker tablet phone smartphone laptop computer keyboard mouse monitor camera
    charger cable adapter hub powerbank battery watch smartwatch router drone lamp light bulb desk chair table sofa couch shelf
    bookcase bed mattress stool cabinet dresser wardrobe rug curtain cushion pillow blanket duvet towel mug cup kettle toaster blender
    pan pot knife plate bowl glass bottle jar grinder press coffee tea candle vase clock mirror plant planter basket bag backpack
    suitcase wallet belt shoe shoes boot boots sneaker sneakers sandal sandals slipper slippers clog clogs wellies sock socks shirt
    t-shirt tshirt tee polo sweater jumper hoodie pullover cardigan jacket coat parka raincoat vest trousers pants jeans shorts skirt
    dress scarf hat cap glove gloves beanie toy game book pen notebook frame bike tent umbrella apron board tray lantern fan heater
    vacuum drill
    """
)
"""Goods that shops sell, so that one sentence about a lamp says as much as one about a headset."""

ALSO_CALLED = {
    "running shoes": ("sneakers", "trainers"), "sneakers": ("shoes", "trainers"), "espresso machine": ("machine", "coffeemachine"),
    "wristwatch": ("watch",), "headphones": ("headset",), "headset": ("headphones",), "sofa": ("couch",),
    "bookshelf": ("bookcase", "shelf"), "mechanical keyboard": ("keyboard",), "e-reader": ("ereader",), "t-shirt": ("tshirt", "tee"),
    "garden hose": ("hose",), "portable charger": ("charger", "powerbank"), "fleece jacket": ("jacket", "fleece"),
    "luggage set": ("luggage", "suitcase"), "vacuum cleaner": ("vacuum", "hoover"), "jigsaw puzzle": ("jigsaw",),
    "coffee maker": ("coffeemachine",), "dumbbell set": ("dumbbells",), "makeup kit": ("makeup",), "wireless earbuds": ("earphones",),
}  # fmt: skip
"""What people call goods besides the last word of their name."""

CHANNELS = {
    "amazon": "amazon", "ebay": "ebay", "cdiscount": "cdiscount", "back market": "backmarket", "backmarket": "backmarket",
    "refurbed": "refurbed", "mirakl": "mirakl", "shopify": "shopify", "woocommerce": "woocommerce", "magento": "magento",
    "bigcommerce": "bigcommerce", "prestashop": "prestashop", "opencart": "opencart",
}  # fmt: skip
"""How people write a sales channel, and its code."""

PHRASES = (
    (r"\b(give|send|get|want|need|have)( \w+)? (my |the |his |her |their )?money back\b", "refund"),
    (r"\b(tell me|let me know|do you know|could you check|can you check|can you tell me|could you tell me|i want to know|i wonder)\b", " "),
    (r"\b(going|supposed|expected|due) to (arrive|come|be delivered|be here|get here)\b", "arrive"),
    (r"\bmoney back\b", "refund"),
    (r"\b(list|see|show( me)?|what are)( all)?( of)?( my)( past| recent)? orders?( history)?\b(?! \d| #)", "show my orders"),
    (r"\bwhat have i (ordered|bought)( so far)?\b", "show my orders"),
    (r"\btake back\b", "return"),
    (r"\bstop (my |the )?order xorder(?! from)", "cancel order xorder"),
    (r"\bgive( \w+){1,6} xamount back\b", "refund xamount order xorder"),
    (r"\bgive back the\b", "return the"),
    (r"\b(change|update|modify) the (delivery |shipping )?address (of|on|for) (my )?order\b", "change delivery address order"),
    (r"\banother address\b|\bgo somewhere else\b|\bnew (delivery |shipping )?address\b", "change delivery address"),
    (r"\bany news (on|about|of)\b", "track"),
    (r"\bhow much (was|is|were) (my )?order\b", "show details order"),
    (r"\bcan i see\b", "show"),
    (r"\breturn window\b|\bwithin how many days can\b|\bhow (long|many days) can i return\b", "what is the return policy"),
    (r"\bgive (it|them|this|these) back\b", "return"),
    (r"\b(?:which|what) (orders|returns|tickets) (do i have|have i placed|have i|did i place|are there)\b", r"show my \1"),
    (r"\b(send|bring|ship)( \w+){0,5} back\b", "return"),
    (r"\b(do not|don't|dont) want to keep\b", "want to return"),
    (r"\b(call off|get rid of)\b", "cancel"),
    (r"\b(swap|trade)\b", "exchange"),
    (r"\b(mail|e-mail)\b", "email"),
    (r"\brunn?ing (out|short)( of)?\b", "running low"),
    (r"\b(talk|speak|chat) (to|with) (a |an |some ?one|somebody|the )?(real |actual )?"
     r"(human|person|agent|people|someone|somebody|representative|manager)?",
     "talk to human "),
    (r"\bre-order", "reorder"),
    (r"\bwheres\b", "where is"),
    (r"\bwhats\b", "what is"),
    (r"\b(where|what|who|how|when|why|that|there|it|here)'s\b", r"\1 is"),
    (r"\bi'd (like|rather|love)( to)?\b", r"i want to"),
    (r"\bi would (like|love|rather)( to)?\b", r"i want to"),
    (r"\b(wanna|want 2)\b", "want to"),
    (r"\b(i )?(still )?(have |has |did |had )?(never|not|haven't|hasn't|didn't|havent|hasnt|didnt) (yet )?"
     r"(got|gotten|received|arrived|arrive|come|came|get|receive)\b",
     "where is "),
    (r"\bu\b", "you"),
    (r"\br\b", "are"),
)  # fmt: skip
"""Different words for the same wish, as regular expressions on small letters."""

SYNONYMS = {
    "reimburse": "refund", "reimbursement": "refund", "reimbursed": "refund", "parcel": "parcel", "package": "parcel", "packet": "parcel",
    "shipment": "parcel", "stuff": "order", "purchase": "order", "abort": "cancel", "annul": "cancel", "delayed": "late", "overdue": "late",
    "blocked": "stuck", "stop": "hold", "pause": "hold", "freeze": "hold", "inventory": "stock", "revenue": "sales", "turnover": "sales",
    "profit": "margin", "unblock": "release", "articles": "article", "deny": "reject", "decline": "reject", "refuse": "reject",
    "accept": "approve", "replenish": "reorder", "restock": "reorder", "suspicious": "fraud", "fraudulent": "fraud", "cheapest": "cheap",
    "colour": "color", "colours": "color",
}  # fmt: skip
"""Single words that mean another one."""

CONCEPTS = {
    "whereabouts": "track tracking arrive arrives arrived arriving shipped deliver delivered delivery carrier eta parcel transit",
    "late": "late overdue delayed delay latest waiting",
    "money": "refund refunded refundable reimburse money paid pay reimbursement captured charged",
    "back": "return returned returning returnable returns rma",
    "swap": "exchange instead replace replacement swap other different",
    "unwanted": "cancel cancelled annul anymore void undo",
    "where_to": "address street moved office elsewhere relocate postcode zip somewhere",
    "person": "human person someone somebody call callback complaint complain escalate manager support ticket tickets colleague agent",
    "fraud": "fraud fraudulent fraudster fishy suspicious scam risk risky trust score signal signals abuse review stolen",
    "halt": "hold held blocked block freeze pause stop halt",
    "let_go": "release unblock lift clear unfreeze",
    "scarce": "low running reorder replenish replenishment critical sold buy restock shortage",
    "stock": "stock stored warehouse inventory left availability available many",
    "purchase": "purchase supplier po replenish restock reorder buy",
    "correct": "found lost write correct count adjust add remove",
    "stuck": "stuck blocked silent unshipped unpaid moving problem attention older",
    "listing": "listing listings channel channels marketplace marketplaces rejected",
    "mismatch": "mismatch mismatches differ difference differs sync wrong off match",
    "price": "price prices push publish cost",
    "margin": "margin margins profit earn commission fee fees net",
    "sales": "sales revenue sold sell selling turnover report week month best",
    "overview": "overview today glance summary dashboard going attention morning doing",
    "policy": "policy policies rule rules how warranty guide article conditions long shipping abroad",
    "customer": "customer loyalty tier spent profile client buyer",
    "product": "sell product products recommend looking gift find need",
    "reviews": "review reviews rated rating opinion sizes colors details",
    "approve": "approve accept reject decline deny fine okay",
}
"""Words that point to the same matter, though they are no synonyms."""

ENUM_HINTS = {
    "defective": ("broken", "broke", "defect", "faulty", "doesn't work", "does not work", "not working", "stopped working", "won't turn on",
                  "won't charge", "dead", "malfunction", "doesn't turn on", "isn't working", "died"),
    "wrong_item": ("wrong item", "wrong product", "wrong one", "not what i ordered", "different item", "something else arrived",
                   "wrong colour",
                   "wrong color", "sent me the wrong", "got the wrong", "received the wrong"),
    "not_as_described": ("not as described", "not like the", "different from the", "looks different", "misleading", "not as advertised"),
    "damaged_in_shipping": ("damaged in", "arrived broken", "arrived damaged", "damaged on arrival", "crushed", "dented", "cracked",
                            "damaged",
                            "came broken", "scratched"),
    "damaged": ("damaged", "broken", "cracked", "scratched", "defective", "faulty"),
    "quality": ("poor quality", "bad quality", "low quality", "quality", "cheaply made", "falling apart"),
    "size_fit": ("too small", "too big", "too large", "too tight", "too loose", "too short", "too long", "too wide", "too narrow",
                 "wrong size",
                 "doesn't fit", "does not fit", "don't fit", "do not fit", "didn't fit", "size is wrong", "not my size", "size", "fit"),
    "changed_mind": ("changed my mind", "change my mind", "don't want", "do not want", "don't like", "do not like", "didn't like",
                     "don't need",
                     "do not need", "no longer want", "no longer need", "not needed", "regret", "not happy with", "doesn't suit",
                     "dont want",
                     "dont like", "dont need"),
    "better_price": ("cheaper", "better price", "lower price", "better deal", "too expensive"),
    "late_delivery": ("too late", "arrived late", "came late", "late delivery", "took too long", "never came in time", "delayed", "late"),
    "ordered_by_mistake": ("by mistake", "by accident", "accidentally", "mistake", "wrongly ordered", "oops", "wrong thing"),
    "no_longer_needed": ("no longer need", "don't need", "do not need", "not needed", "changed my mind", "don't want", "do not want",
                         "no longer want", "dont need", "dont want"),
    "out_of_stock": ("out of stock", "sold out", "none left"),
    "payment_failed": ("payment failed", "card declined", "didn't pay", "not paid", "unpaid"),
    "fraud_detected": ("fraud", "scam", "stolen card"),
    "duplicate_order": ("duplicate", "ordered twice", "double order", "twice"),
    "address_issue": ("address",),
    "pricing_error": ("pricing error", "price error", "wrong price"),
    "missing_item": ("missing", "not in the box", "wasn't in"),
    "price_difference": ("price difference", "price dropped", "cheaper", "price match"),
    "goodwill": ("goodwill", "gesture", "apology", "sorry for"),
    "customer_request": ("customer asked", "customer request", "customer wants"),
    "other": ("other", "something else", "none of these", "none of them", "another reason", "no reason", "no particular reason"),
    "store_credit": ("store credit", "credit", "voucher", "gift card"),
    "replacement": ("replacement", "replace", "new one", "same one again"),
    "exchange": ("exchange", "swap"),
    "refund": ("refund", "money", "reimburse"),
    "in_transit": ("in transit", "on its way", "on the way", "underway"),
    "cancelled": ("cancelled", "canceled"),
    "requested": ("for a decision", "to decide", "to approve", "for approval", "to be approved", "awaiting approval", "undecided"),
    "received": ("for inspection", "to inspect", "to be inspected", "awaiting inspection", "not inspected", "uninspected"),
    "critical": ("critical", "urgent", "almost gone", "nearly gone"),
    "out": ("out of stock", "sold out", "run out", "empty"),
    "urgent": ("urgent", "asap", "emergency"),
}  # fmt: skip
"""What people say for a choice of an argument; the choice's own words count without being listed."""

TRUE_WORDS = ("yes", "approve", "accept", "confirm", "grant", "ok", "allow")
FALSE_WORDS = ("no", "reject", "decline", "deny", "refuse", "not", "disapprove", "turn down")

KEYS = {
    "order-number": ("order", "order_number", "number"),
    "return-number": ("return_number", "return", "rma", "number"),
    "ticket-number": ("ticket_number", "ticket", "number"),
    "alert-number": ("alert",),
    "merchant-number": ("application",),
    "warranty-number": ("claim",),
    "inspection-number": ("inspection",),
    "item": ("sku", "product", "item", "title", "slug"),
    "customer": ("email", "customer", "customer_email"),
    "channel": ("channel", "channel_code"),
}
"""Under which keys of a tool's result a value of a format stands, the most telling first."""

PREFIXES = {
    "order-number": "",
    "return-number": "R-",
    "ticket-number": "T-",
    "alert-number": "A-",
    "merchant-number": "M-",
    "warranty-number": "W-",
    "inspection-number": "Q-",
}
"""What the numbers of each kind begin with, what identifies most first."""

PATTERNS = {
    **{kind: rf"^{prefix}\d{{1,18}}$" for kind, prefix in PREFIXES.items()},
    "item": r"^\S.{0,119}$",
    "customer": r"^\S.{1,199}$",
    "channel": r"^[a-z][a-z0-9_]{1,19}$",
}
"""What a value of a format looks like."""

NAMES = {
    "order-number": "order", "return-number": "return", "ticket-number": "ticket", "alert-number": "alert",
    "merchant-number": "application", "warranty-number": "warranty claim", "inspection-number": "inspection",
    "item": "item", "customer": "customer",
    "channel": "channel",
}  # fmt: skip
"""What a format is called in a question."""

SUITED = (
    (frozenset({"cancel", "address", "hold"}), ("pending", "confirmed", "processing")),
    (frozenset({"return", "exchange"}), ("delivered",)),
    (frozenset({"refund"}), ("delivered", "returned", "cancelled")),
    (frozenset({"track", "late"}), ("shipped",)),
)
"""Which statuses make an order a likely object of a tool, by words of the tool's name."""

WAYS = ({"request_exchange": ("delivered",), "modify_order_items": ("pending", "confirmed", "processing")},)
"""Tools that do the same for orders in different states."""

IN_PROGRESS = frozenset({"pending", "confirmed", "processing", "shipped"})
"""Statuses of an order that somebody still waits for."""

PROMPTS = {
    "order-number": "Which order is it about; what is its number?",
    "return-number": "Which return; what is its number, which starts with R-?",
    "ticket-number": "Which ticket; what is its number, which starts with T-?",
    "alert-number": "Which alert? Its number starts with A-.",
    "merchant-number": "Which application? Its number starts with M-.",
    "warranty-number": "Which warranty claim? Its number starts with W-.",
    "inspection-number": "Which inspection? Its number starts with Q-.",
    "item": "Which item is it about?",
    "customer": "Which customer, by an e-mail address or a name?",
    "channel": "Which sales channel?",
    "amount": "How much should it be?",
    "quantity": "How many?",
    "days": "For how many days?",
    "query": "What are you looking for?",
    "address": "What is the whole new address: street and number, postal code, city and country, separated by commas?",
}
"""How to ask for a format."""

ASKS = {
    "reason": "What is the reason?",
    "wanted": "What would you like instead, for example another size or colour?",
    "message": "What should the message say?",
    "approve": "Shall it be approved or rejected?",
}
"""How to ask for an argument by its name, where its format does not say enough."""

ADDRESS = {
    "line1": "line1", "street": "line1", "address_line1": "line1", "city": "city", "town": "city", "postal_code": "postal_code",
    "postcode": "postal_code", "zip": "postal_code", "country": "country", "address": "whole", "line2": "line2", "region": "region",
    "address1": "line1", "address2": "line2", "zip_code": "postal_code", "state": "region", "province": "region",
}  # fmt: skip
"""Arguments that are parts of an address."""

COUNTRIES = {
    "france": "FR", "germany": "DE", "netherlands": "NL", "the netherlands": "NL", "belgium": "BE", "spain": "ES", "italy": "IT",
    "portugal": "PT", "austria": "AT", "switzerland": "CH", "luxembourg": "LU", "ireland": "IE", "united kingdom": "GB", "uk": "GB",
    "england": "GB", "usa": "US", "united states": "US", "denmark": "DK", "sweden": "SE", "norway": "NO", "finland": "FI", "poland": "PL",
}  # fmt: skip

NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12, "twenty": 20, "thirty": 30, "fifty": 50, "hundred": 100, "both": 2, "dozen": 12,
}  # fmt: skip
ORDINALS = {
    "first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3, "fifth": 4, "5th": 4, "last": -1,
}  # fmt: skip
UNITS = {"day": 1, "week": 7, "month": 30, "quarter": 90, "year": 365}

QUERY_FILLER = (
    r"^(hi|hello|hey|please|ok|so|well)\b[,! ]*",
    r"^(can|could|would) (you|i) (please )?(tell|show|find|get|explain|help)( me)?( to| with| about)?\b",
    r"^(do|does) (you|the shop|we) (guys )?(have|sell|stock|carry|offer)( any| some)?\b",
    r"^(show|find|get|give|recommend|search)( me| us)?( some| any| for)?\b",
    r"^(i am|i'm|we are)? ?(looking|searching) for( some| any| a| an)?\b",
    r"^i (need|want)( to buy)?( some| any| a| an)?\b",
    r"^(what|which)( is| are|'s)( the| your| our)?\b",
    r"^tell me( about)?( the| your)?\b",
    r"\b(please|pls|thanks|thank you)\b",
    r"\b(under|below|less than|up to|at most|max(imum)?|cheaper than|for less than) ?[€$£]?\d+([.,]\d+)?( ?(euros?|eur|€|dollars?|usd)\b)?",
    r"\b(in stock|available)\b",
)
"""What a question says around the words to look for."""

GREETING = (
    r"(hi|hello|hey|hiya|hallo|bonjour|good (morning|afternoon|evening|day)|greetings|yo)( there| all| everyone| team| again| folks)?"
)
THANKS = (
    r"((ok|okay|great|perfect|super|cool|nice|alright|good)[,! ]*)?(many |lots of )?(thanks|thank you|thx|ty|cheers|"
    r"merci)( (so|very) much| a lot| a bunch| for .{1,40}|!)?([,.! ]+(that's all|that is all|that's it|bye|goodbye|all good))?"
)
PRAISE = (
    r"(ok|okay|great|perfect|super|cool|nice|alright|got it|good( job)?|awesome|wonderful|that is all|that's all|"
    r"all good|no that is all|understood|i see)"
)
BYE = r"(bye|goodbye|good bye|see you|see ya|ciao|good night|have a (nice|good) (day|one|evening))"
ABOUT = (
    r"(help|help me|who are you|what are you|what is this|what can you do( for me)?|what can i (ask|do)( you| here)?|"
    r"how (can|could) you help( me)?|are you (a |an )?(bot|robot|human|real|ai|person|machine|chatgpt|real person)|"
    r"what do you do|how does this work|what can you help( me)? with)"
)
SMALLTALK = (
    r"(how are you( doing)?( today)?|how is it going|how do you do|what is up|nice to meet you|tell me a joke|"
    r"you are (great|funny|stupid|useless|awesome|nice|dumb).*|i love you)"
)
YES = (
    r"(yes|yeah|yep|yup|sure|ok|okay|correct|right|exactly|please do|do it|go ahead|of course|definitely|yes please|"
    r"that is right|that one|i confirm|confirm(ed)?)"
)
NO = r"(no|nope|nah|no thanks|no thank you|not really|neither|none)"
DROP = (
    r"(forget (it|that|about it)|never ?mind|nevermind|leave it|drop it|stop|abort|scratch that|cancel that|don't bother|"
    r"do nothing|skip it|not anymore|ignore that|no,? (forget|leave) it)"
)

WAIT = r"^((no|oh|ok|okay|well|hmm+|ah|sorry|actually|wait|hold on|hang on|on second thought|but|so|stop(?=[,.!;:]))\b[,.!;: ]*)+"
"""How a change of mind starts."""
NEGATED = (
    r"\b(?:do not|don't|dont|never|no need to|not going to|rather not|please not|shouldn't|should not|must not|mustn't|"
    r"(?:do not|don't|dont|didn't|did not) want (?:you )?to|not to|without|instead of|rather than|not) "
)
"""What stands before something that shall not be done."""
FOLLOW = (
    r"^(and|what about|how about|same( thing)?( for| with| on| but)?|also|now( the)?|then|ok and|and for|and what about|and how about)\b"
)
"""How a question starts that goes on with the last one."""
JOINTS = (
    r"(?:\s*[?;!]+\s+|\.\s+|,?\s+and\s+(?:then\s+|also\s+)?|,?\s+then\s+|,?\s+(?:also|plus)\s+|"
    r",\s+(?=(?:please\s+)?(?:where|what|why|which|show|cancel|check|list|track)\b))"
)
OPENERS = _words(
    """
    what which who where when why how is are was were do does did can could would will has have should please show list tell give
    get find let check cancel refund return track help explain open approve reject push fix release hold put create search compare
    """
)
"""Words with which a request starts; a clause without one only tells more about another."""
QUESTIONS = _words(
    """
    show list all any find what which who where when why how is are was were did does do has have
    """
)
"""Words with which somebody asks to know, not to change."""
TELLS = (
    r"(?:your|my) name is\b|(?:you are|you're|i am|i'm) (?:an? )?(?!going|looking|trying|unable|sure|missing|not sure)[a-z-]+"
    r"(?:,? (?:and )?[a-z-]+){0,6}[.,]?$|(?:your|my) (?:email|e-mail|zip|user id)\b"
)
"""How a sentence begins that only says who somebody is and what they are like."""
NO_REASON = r"\b(no reason|no idea|don't know|do not know|dunno|rather not say|just because|whatever|doesn't matter)\b"
"""What people say who give no reason."""
LABELS = {
    "size_fit": "wrong size", "changed_mind": "changed my mind", "wrong_item": "wrong item", "damaged_in_shipping": "damaged on the way",
    "better_price": "found it cheaper", "late_delivery": "came too late", "quality": "poor quality",
}  # fmt: skip
"""How a choice is offered in a question, where its own words read badly."""
