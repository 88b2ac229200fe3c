"""Electronics of both shops; the first nine are the first shop's."""

from store.seed.data.goods import Goods

ELECTRONICS = (
    Goods(
        "AUR-HS1", "Auralis One Wireless Headset", "Auralis", 14900, 54, 380,
        "Over-ear headset with active noise cancelling and a fold-away microphone that mutes when you lift it. It pairs with a laptop "
        "and a phone at once and plays for up to 38 hours. The ear cushions come off for cleaning.",
        {"colour": ("Black", "Sand")},
    ),
    Goods(
        "NVM-T11", "Novamere Slate 11 Tablet", "Novamere", 37900, 63, 520,
        "An 11-inch tablet for reading, sketching and films on the train. The laminated display is easy to read outdoors, "
        "the four speakers "
        "fill a small room, and the case-friendly magnets hold a keyboard or a cover without clips.",
        {"colour": ("Graphite", "Silver"), "storage": ("128 GB", "256 GB")}, {"256 GB": 7000},
    ),
    Goods(
        "PKO-SP2", "Pikko Roam Portable Speaker", "Pikko", 8900, 48, 640,
        "A speaker the size of a water bottle with surprisingly deep bass. Rain, sand and a dropped picnic basket do not "
        "bother it, and two "
        "of them pair into stereo. One charge lasts a long weekend of normal listening.",
        {"colour": ("Black", "Forest", "Berry")},
    ),
    Goods(
        "VLT-PB20", "Voltmark 20K Power Bank", "Voltmark", 5900, 46, 410,
        "Twenty thousand milliamp-hours in a case that still fits a coat pocket. Charges a laptop over USB-C at 65 watts, a "
        "phone twice over "
        "and earbuds at the same time. The display shows the charge left as a number, not four vague dots.",
        {"colour": ("Black",)},
    ),
    Goods(
        "LMN-KB7", "Lumenar Tactile 75 Keyboard", "Lumenar", 11900, 52, 890,
        "A compact mechanical keyboard with quiet tactile switches and a gasket-mounted plate. Works over cable, Bluetooth "
        "or the included "
        "receiver and remembers three computers. Key caps are double-shot, so the letters do not wear off.",
        {"layout": ("ISO", "ANSI"), "colour": ("Charcoal", "Cream")},
    ),
    Goods(
        "AUR-BD3", "Auralis Drift Earbuds", "Auralis", 9900, 50, 60,
        "Small earbuds that stay put on a run and survive the sweat. Adaptive noise cancelling, a transparency mode that "
        "sounds natural, and "
        "a case that charges wirelessly. Four sizes of silicone tips are in the box.",
        {"colour": ("Black", "White", "Sky")},
    ),
    Goods(
        "HBL-CAM", "Hublet Indoor Camera", "Hublet", 6900, 49, 180,
        "A home camera with a lens cover that physically closes. It records to a memory card inside the camera, so no "
        "subscription is needed, "
        "and it tells a pet from a person most of the time. Magnetic base, two-metre cable.",
        {"colour": ("White",)},
    ),
    Goods(
        "NVM-W4", "Novamere Tempo Watch", "Novamere", 18900, 57, 140,
        "A sports watch with a bright display, dual-band positioning and nine days between charges in normal use. It maps "
        "runs and rides, "
        "tracks sleep without a chest strap and keeps your data on your phone unless you choose to share it.",
        {"colour": ("Graphite", "Tan"), "size": ("41 mm", "45 mm")}, {"45 mm": 2000},
    ),
    Goods(
        "LMN-MN27", "Lumenar Clear 27 Monitor", "Lumenar", 32900, 64, 6200,
        "A 27-inch 1440p monitor with accurate colours out of the box and one USB-C cable for picture, data and 90 watts of "
        "charging. The stand "
        "lifts, tilts and turns to portrait; a narrow foot leaves room for a keyboard.",
        {"stand": ("Standard", "Desk arm")}, {"Desk arm": 6000},
    ),
    Goods(
        "PKO-RD1", "Pikko Table Radio", "Pikko", 12900, 51, 1900,
        "A kitchen radio with a walnut veneer, DAB+, internet stations and a dial that turns with pleasing weight. Six "
        "presets, a headphone "
        "socket and an alarm that starts quietly. No account, no microphone.",
        {"finish": ("Walnut", "White")},
    ),
    Goods(
        "HBL-LMP", "Hublet Smart Bulb Pair", "Hublet", 3900, 45, 160,
        "Two E27 bulbs that dim from bright white to candle light. They speak Matter, so they join the system you already have, and they "
        "remember their last setting after a power cut.",
        {"fitting": ("E27", "E14")},
    ),
    Goods(
        "VLT-CH3", "Voltmark Trio Wall Charger", "Voltmark", 4900, 44, 150,
        "Three ports in a charger smaller than the one that came with your laptop. Gallium nitride keeps it cool; power is "
        "shared sensibly when "
        "all three are in use. The prongs fold flat for travel.",
        {"plug": ("EU", "UK")},
    ),
)  # fmt: skip
