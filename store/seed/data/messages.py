"""What customers write when something is wrong: return notes and tickets."""

RETURN_NOTES: dict[str, tuple[str, ...]] = {
    "defective": (
        "It stops working after a few minutes.",
        "One side does not work at all, I tried two cables.",
        "A seam opened on the second day.",
    ),
    "wrong_item": ("I ordered the other colour.", "This is a different model from the one on my order."),
    "not_as_described": ("The page says one thing and the box says another.", "It is noticeably smaller than described."),
    "damaged_in_shipping": ("The box was crushed at one corner and so is the item.", "Arrived with a crack, see the photos."),
    "quality": ("The finish is rough and there is glue on the edge.", "The fabric is already pilling."),
    "size_fit": ("Too tight across the shoulders, a size up would do.", "A little long for me.", "Too narrow at the toes."),
    "changed_mind": ("I do not need it after all.", "It does not go with the room.", "We were given the same one as a present."),
    "better_price": ("I found it for less elsewhere.",),
    "late_delivery": ("It came after the birthday that it was meant for.",),
    "other": ("I would like to talk to somebody about this one.", "It is a long story, please call me."),
}

TICKETS = (
    (
        "Where is my parcel?",
        "The tracking page of order {number} has said the same thing for days. Can somebody find out where the parcel is?",
    ),
    ("Invoice with company name", "Could I have the invoice for order {number} with my company's name and VAT number on it, please?"),
    ("Wrong size, exchange possible?", "I chose the wrong size in order {number}. Can I exchange it for one size up?"),
    ("Damaged corner", "One corner of the item in order {number} is damaged. I kept the packaging and took photos."),
    ("Change of delivery address", "I am moving next week. If order {number} has not left yet, could it go to my new address?"),
    ("Charged twice?", "My bank shows two entries for order {number}. One is grey. Is that a reservation or was I charged twice?"),
    ("How do I clean it?", "I have the item from order {number} for a while now and it needs cleaning. Is soap all right?"),
    ("Missing part", "There should be a small bag of screws in order {number}. I cannot find it anywhere in the box."),
    ("Discount code did not work", "The code from your newsletter was not taken off order {number}. Can you correct that?"),
    ("Refund has not arrived", "You confirmed a refund for order {number} but I do not see it on my card yet. When can I expect it?"),
    ("Thank you, and a question", "Very happy with order {number}. Will the other colour come back in stock?"),
    ("Parcel left with a neighbour", "The carrier says that order {number} was handed to a neighbour, but nobody here has it."),
)
