"""Clothing of both shops; the first nine are the first shop's."""

from store.seed.data.goods import APPAREL, Goods

CLOTHING = (
    Goods(
        "FJL-RJ", "Fjellgarn Storm Rain Jacket", "Fjellgarn", 15900, 47, 560,
        "A three-layer jacket for proper rain, with taped seams, pit zips and a hood that turns with your head. Packs into "
        "its own pocket. "
        "The water repellent finish is free of fluorocarbons and can be renewed in the tumble dryer.",
        {"colour": ("Navy", "Olive"), "size": APPAREL},
    ),
    Goods(
        "TOM-MT", "Tomasine Merino Tee", "Tomasine", 4900, 42, 170,
        "A light merino T-shirt that is warm in the wind, cool in the sun and still fresh after three days in a rucksack. "
        "Flat seams under "
        "the arms, no label in the neck. Machine wash on wool.",
        {"colour": ("Black", "Grey", "Berry"), "size": APPAREL},
    ),
    Goods(
        "FJL-FL", "Fjellgarn Loft Fleece", "Fjellgarn", 8900, 44, 420,
        "High-pile fleece made from recycled bottles, with a chest pocket that takes a phone and cuffs that stay where you "
        "push them. Warm "
        "enough for a cold kitchen, light enough under a shell.",
        {"colour": ("Cream", "Forest"), "size": APPAREL},
    ),
    Goods(
        "HLD-CH", "Halden Everyday Chinos", "Halden", 7900, 43, 510,
        "Cotton twill chinos with a touch of stretch and a waistband that does not gape. Straight through the leg, finished to be hemmed "
        "at home or worn with a turn-up.",
        {"colour": ("Sand", "Navy"), "size": ("30", "32", "34", "36")},
    ),
    Goods(
        "TOM-WB", "Tomasine Ribbed Wool Beanie", "Tomasine", 2900, 38, 90,
        "A close-fitting beanie in ribbed lambswool with a deep fold. Soft against the forehead, unbothered by drizzle, "
        "knitted in one piece "
        "so that there is no seam to itch.",
        {"colour": ("Charcoal", "Rust")},
    ),
    Goods(
        "HLD-OX", "Halden Oxford Shirt", "Halden", 6900, 41, 300,
        "A proper Oxford cloth shirt: substantial when new, better after the twentieth wash. Button-down collar, "
        "mother-of-pearl buttons and "
        "a back pleat for reaching the top shelf.",
        {"colour": ("White", "Sky"), "size": APPAREL},
    ),
    Goods(
        "FJL-HK", "Fjellgarn Trail Trousers", "Fjellgarn", 10900, 45, 390,
        "Four-way stretch trousers with reinforced knees and a gusset made for high steps. They dry over dinner. Zipped "
        "thigh pocket, articulated "
        "knees, hem cord against the mud.",
        {"colour": ("Graphite", "Olive"), "size": APPAREL},
    ),
    Goods(
        "TOM-SC", "Tomasine Travel Socks, three pairs", "Tomasine", 2400, 37, 150,
        "Three pairs of cushioned merino socks in a wash bag. Dense terry under heel and toe, airy on top, and a hand-linked "
        "seam that feet "
        "do not notice on long days.",
        {"size": ("36-39", "40-43", "44-47")},
    ),
    Goods(
        "HLD-DN", "Halden Selvedge Jeans", "Halden", 11900, 46, 820,
        "Thirteen-ounce selvedge denim in a relaxed taper. Rinsed once, so they will not shrink on you, and dyed to fade along your own "
        "creases. Copper rivets, hidden repair tape inside the knee.",
        {"size": ("30", "32", "34", "36")},
    ),
    Goods(
        "LNW-DR", "Linnewood Linen Dress", "Linnewood", 9900, 43, 340,
        "A midi dress in washed linen with deep pockets and a neckline that works with or without a shirt. Cut straight, "
        "with a tie that gives "
        "it shape when you want one.",
        {"colour": ("Terracotta", "Linen"), "size": ("S", "M", "L")},
    ),
    Goods(
        "LNW-AP", "Linnewood Work Apron", "Linnewood", 4500, 40, 410,
        "A cross-back canvas apron with a towel loop and pockets deep enough for secateurs or a whisk. The straps slip on "
        "without a knot and stay "
        "off the neck.",
        {"colour": ("Olive", "Charcoal")},
    ),
    Goods(
        "LNW-PJ", "Linnewood Flannel Pyjamas", "Linnewood", 6900, 42, 560,
        "Brushed cotton pyjamas with a piped collar and trousers that have real pockets. Pre-washed for softness; the check "
        "lines up at the seams.",
        {"colour": ("Navy", "Berry"), "size": ("S", "M", "L")},
    ),
)  # fmt: skip
