"""Furniture of both shops; the first eight are the first shop's."""

from store.seed.data.goods import Goods

FURNITURE = (
    Goods(
        "BRK-DSK", "Birkholt Standing Desk", "Birkholt", 44900, 58, 38000,
        "A sit-stand desk with two quiet motors, four saved heights and a solid bamboo top with a bevelled edge. The cable "
        "tray hides a power strip; "
        "the frame takes up to 110 kilograms and stops when it meets resistance.",
        {"finish": ("Oak", "Walnut"), "width": ("120 cm", "160 cm")}, {"160 cm": 6000},
    ),
    Goods(
        "SDR-CHR", "Soder Task Chair", "Soder", 28900, 55, 15500,
        "A work chair with a woven back, a seat that slides to suit long legs and arms that move in every direction that "
        "matters. Assembly takes ten "
        "minutes and one tool, which is in the box.",
        {"colour": ("Charcoal", "Sky")},
    ),
    Goods(
        "BRK-SHF", "Birkholt Ladder Shelf", "Birkholt", 13900, 52, 14200,
        "Five shelves of solid ash that lean against the wall and screw to it with one hidden bracket. The depths step back "
        "towards the top, so books "
        "go below and plants above.",
        {"finish": ("Ash", "Oak")},
    ),
    Goods(
        "SDR-STL", "Soder Counter Stool", "Soder", 11900, 50, 6200,
        "A 65-centimetre stool with a curved seat you can sit on through a whole dinner. Steel foot rail, felt feet, "
        "stackable three high.",
        {"finish": ("Oak", "Black")},
    ),
    Goods(
        "BRK-NST", "Birkholt Bedside Table", "Birkholt", 9900, 49, 8100,
        "A small table with one drawer, one open shelf and a cable slot at the back. Dovetailed drawer box, soft close, "
        "rounded corners at shin height.",
        {"finish": ("Oak", "Walnut")},
    ),
    Goods(
        "SDR-BCH", "Soder Hallway Bench", "Soder", 16900, 53, 12400,
        "A bench for putting shoes on, with a slatted rack below that holds eight pairs. Powder-coated steel and oiled wood; "
        "the feet level "
        "themselves on old floors.",
        {"finish": ("Oak", "Black")},
    ),
    Goods(
        "OBL-ARM", "Oblique Reading Armchair", "Oblique", 36900, 57, 21000,
        "A deep armchair with a high back and arms wide enough for a cup. Removable covers in a wool blend, a frame of solid "
        "beech, and a "
        "cushion core that keeps its shape.",
        {"colour": ("Rust", "Forest", "Grey")},
    ),
    Goods(
        "OBL-TBL", "Oblique Round Side Table", "Oblique", 12900, 51, 5400,
        "A tripod side table turned from one piece of timber and finished with hard wax oil. Light enough to move with one "
        "hand, heavy enough not to "
        "tip when the cat lands on it.",
        {"finish": ("Walnut", "Ash")},
    ),
    Goods(
        "OBL-CBT", "Oblique Sideboard", "Oblique", 49900, 59, 46000,
        "A low sideboard with sliding slatted doors that let a remote control through. Adjustable shelves, rear cable "
        "openings and legs that can be "
        "set for uneven floors.",
        {"finish": ("Oak", "Walnut")},
    ),
    Goods(
        "SDR-FLD", "Soder Folding Table", "Soder", 18900, 54, 16800,
        "A table for two that opens for six. The leaves lock without wobble and the folded depth is that of a radiator. "
        "Wipe-clean linoleum top.",
        {"colour": ("Olive", "Charcoal")},
    ),
    Goods(
        "BRK-COT", "Birkholt Coat Stand", "Birkholt", 8900, 48, 5900,
        "Eight pegs at two heights, three legs that come apart for moving house and a weighted hub so that a heavy coat does "
        "not pull it over.",
        {"finish": ("Ash", "Black")},
    ),
    Goods(
        "OBL-FTS", "Oblique Storage Footstool", "Oblique", 14900, 52, 7800,
        "A footstool with room for two blankets under its lid. The lid turns over into a tray. Same fabrics as the Oblique armchair.",
        {"colour": ("Rust", "Grey")},
    ),
)  # fmt: skip
