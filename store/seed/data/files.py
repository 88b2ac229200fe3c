"""Files that a shop's people uploaded for one another."""

from typing import NamedTuple


class File(NamedTuple):
    """An uploaded file, as Markdown."""

    slug: str
    title: str
    owner: str
    body: str


FILES = (
    File(
        "packing-guide.md",
        "Packing guide",
        "Warehouse",
        """# Packing guide

## Before you pack

Check the picked items against the packing slip: article, size, colour, number. Put aside what is scratched or opened and tell the shift lead; never
send it and hope.

## Which box

| Goods | Box | Inside |
|---|---|---|
| Clothes and shoes | bag or shoe box in a carton | nothing more |
| Headsets, keyboards, lamps | carton with two fingers of room on each side | paper on all sides |
| Glass and ceramics | double-walled carton | each piece wrapped alone, corners filled |
| Chairs and tables | the maker's own carton | edge guards, strap around the long side |

## Closing

The packing slip goes on top, the label flat on the largest side, without tape over its barcode. Old labels come off.

## Gifts

An order with the tag "gift" gets the slip without prices and a plain carton. A message goes into the card, word for word as the customer wrote it.
""",
    ),
)
