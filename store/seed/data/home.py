"""Things for the home of both shops; the first eight are the first shop's."""

from store.seed.data.goods import Goods

HOME = (
    Goods(
        "KND-POT", "Kindle & Clay Enamelled Casserole", "Kindle & Clay", 14900, 50, 5200,
        "A cast-iron casserole for bread, stews and Sunday chicken. Light enamel inside so that you can see what browns, a "
        "lid that drips back evenly, "
        "and handles that fit an oven glove.",
        {"colour": ("Forest", "Cream"), "size": ("4 l", "6 l")}, {"6 l": 3500},
    ),
    Goods(
        "MST-FLT", "Mistral Coffee Filters, pack of 200", "Mistral", 1290, 42, 380,
        "Unbleached cone filters for two to four cups. Thick enough not to tear when wet, thin enough not to stall the pour. "
        "Compostable, in a cardboard "
        "box that closes.",
    ),
    Goods(
        "MST-KTL", "Mistral Gooseneck Kettle", "Mistral", 7900, 49, 1350,
        "An electric kettle that pours exactly where you point it. Set the temperature to the degree and it holds it for "
        "half an hour. Cool "
        "handle, removable lid, 0.9 litres.",
        {"colour": ("Black", "White")},
    ),
    Goods(
        "LNH-BED", "Linden House Linen Bedding", "Linden House", 12900, 47, 1700,
        "A duvet cover and two pillowcases in stone-washed linen. Cool in July and warm in January; corner ties keep the "
        "duvet in its place. "
        "Softer with every wash.",
        {"colour": ("Linen", "Grey"), "size": ("Double", "King")}, {"King": 2000},
    ),
    Goods(
        "KND-MUG", "Kindle & Clay Mug Set of Four", "Kindle & Clay", 3900, 41, 1500,
        "Four stoneware mugs with a glaze that differs on each. They stack, they survive the dishwasher and the handle fits "
        "three fingers.",
        {"colour": ("Sand", "Navy")},
    ),
    Goods(
        "LNH-TWL", "Linden House Bath Towels, pair", "Linden House", 4400, 43, 1200,
        "Two generous towels in long-staple cotton that dry a person and then dry themselves before the next morning. "
        "Hanging loop on the long side.",
        {"colour": ("White", "Terracotta", "Forest")},
    ),
    Goods(
        "GLW-LMP", "Glowick Desk Lamp", "Glowick", 6900, 46, 1650,
        "A jointed desk lamp with a heavy base and a warm, even light that does not flicker on camera. Touch dimmer that "
        "remembers, replaceable bulb.",
        {"colour": ("Black", "Olive")},
    ),
    Goods(
        "GLW-CND", "Glowick Cedar Candle", "Glowick", 2900, 36, 480,
        "A soy candle that smells of cedar and a put-out match, not of a perfume counter. Cotton wick; the jar becomes a "
        "tooth glass afterwards.",
        {"size": ("Small", "Large")}, {"Large": 1500},
    ),
    Goods(
        "KND-BWL", "Kindle & Clay Serving Bowl", "Kindle & Clay", 4900, 42, 1400,
        "A wide stoneware bowl for salad, pasta or fruit. The rim is thick enough to carry with wet hands and the foot ring "
        "is ground smooth for tables.",
        {"colour": ("Cream", "Rust")},
    ),
    Goods(
        "LNH-THR", "Linden House Wool Throw", "Linden House", 8900, 45, 1100,
        "A throw woven from recycled wool with a twisted fringe. Big enough for two people who get along. Air it rather than wash it.",
        {"colour": ("Grey", "Rust", "Forest")},
    ),
    Goods(
        "MST-GRD", "Mistral Hand Grinder", "Mistral", 6400, 47, 560,
        "A coffee grinder with steel burrs and clicks you can count, so that yesterday's good cup can be repeated. Thirty "
        "grams in under a minute.",
        {"colour": ("Silver", "Black")},
    ),
    Goods(
        "GLW-LTN", "Glowick Garden Lantern", "Glowick", 5900, 46, 1900,
        "A lantern for the table outside: charges in a window, glows for an evening and shrugs at rain. Warm light with two "
        "levels, carry handle of rope.",
        {"colour": ("Sand", "Charcoal")},
    ),
)  # fmt: skip
