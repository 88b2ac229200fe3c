"""Shoes of both shops; the first eight are the first shop's."""

from store.seed.data.goods import FEET, Goods

SHOES = (
    Goods(
        "CRG-TRL", "Corrigan Ridge Trail Shoes", "Corrigan", 12900, 49, 680,
        "Trail running shoes with a wide toe box, four-millimetre drop and lugs that shed mud. The upper drains in a few "
        "steps after a stream. True to "
        "size with a thin sock.",
        {"colour": ("Black", "Rust"), "size": FEET},
    ),
    Goods(
        "MRL-SNK", "Marlo Court Sneakers", "Marlo", 8900, 45, 760,
        "Plain leather sneakers with a stitched cup sole that can be replaced. Soft lining, flat laces, no visible logo. "
        "They look better once "
        "they have been caught in the rain.",
        {"colour": ("White", "Navy"), "size": FEET},
    ),
    Goods(
        "CRG-BT", "Corrigan Fell Hiking Boots", "Corrigan", 18900, 51, 1280,
        "Mid-height boots in waxed nubuck with a waterproof lining and a sole that grips wet rock. Stiff enough for a loaded "
        "pack, ready after two "
        "short walks.",
        {"colour": ("Tan",), "size": FEET},
    ),
    Goods(
        "MRL-CHB", "Marlo Chelsea Boots", "Marlo", 15900, 48, 980,
        "Chelsea boots with a welted rubber sole and elastic that keeps its spring. The last is roomy over the instep. Treat "
        "with wax twice a year.",
        {"colour": ("Black", "Tan"), "size": ("40", "41", "42", "43", "44")},
    ),
    Goods(
        "CRG-RUN", "Corrigan Tempo Running Shoes", "Corrigan", 13900, 50, 540,
        "Daily training shoes with a bouncy foam that does not go flat by summer. Breathable knit, a padded collar and "
        "reflective heel tabs for dark "
        "evenings.",
        {"colour": ("Sky", "Charcoal"), "size": FEET},
    ),
    Goods(
        "SBO-SLP", "Sabot House Felt Slippers", "Sabot House", 4900, 40, 320,
        "Slippers of boiled wool with a leather sole that is quiet on wood and stays put on tiles. The heel can be folded "
        "down. They mould to the foot "
        "within a week.",
        {"colour": ("Grey", "Berry"), "size": ("38", "40", "42", "44")},
    ),
    Goods(
        "SBO-CLG", "Sabot House Garden Clogs", "Sabot House", 3900, 39, 410,
        "Clogs for the garden and the bins: natural rubber outside, cotton inside, hosed clean in a moment. Drain holes "
        "under the arch and a "
        "pull tab at the heel.",
        {"colour": ("Forest",), "size": ("38", "40", "42", "44")},
    ),
    Goods(
        "MRL-SND", "Marlo Walking Sandals", "Marlo", 7900, 44, 560,
        "Sandals with three straps that each adjust, a contoured foot bed and a tread that copes with gravel. Dry quickly, pack flat.",
        {"colour": ("Sand", "Black"), "size": FEET},
    ),
    Goods(
        "SBO-BOT", "Sabot House Ankle Wellies", "Sabot House", 5900, 42, 900,
        "Short rubber boots lined with brushed cotton. High enough for puddles, low enough for trousers to go over. The sole "
        "is the one from the "
        "tall boot, so they do not slip on moss.",
        {"colour": ("Navy", "Olive"), "size": ("38", "40", "42")},
    ),
    Goods(
        "MRL-LOF", "Marlo Penny Loafers", "Marlo", 13900, 47, 740,
        "Unlined loafers that feel worn in on the first day. Hand-sewn apron, stacked heel, and a rubber insert where a "
        "leather sole would slip.",
        {"colour": ("Tan", "Black"), "size": ("40", "41", "42", "43")},
    ),
    Goods(
        "SBO-SHP", "Sabot House Shearling Boots", "Sabot House", 11900, 49, 820,
        "House boots with a shearling lining that breathes. Warm in a draughty hall, not sweaty on the sofa. Resoleable with "
        "a flat iron-on patch.",
        {"colour": ("Tan",), "size": ("38", "40", "42")},
    ),
    Goods(
        "CRG-KID", "Corrigan Junior Trainers", "Corrigan", 4900, 43, 380,
        "Light trainers for children with one broad strap and a toe cap that outlasts the playground. A line inside shows "
        "when they are outgrown.",
        {"colour": ("Sky", "Berry"), "size": ("30", "32", "34")},
    ),
)  # fmt: skip
