"""Buying guides, care guides, tutorials and facts about the goods."""

from core.statuses import ArticleCategory
from store.seed.data.article_text import Text

_GUIDE = ArticleCategory.GUIDE
_TUTORIAL = ArticleCategory.TUTORIAL
_INFO = ArticleCategory.PRODUCT_INFO

GUIDES = (
    Text("choose-headphones", "Choosing headphones: headset, earbuds or speaker?", _GUIDE, """## Start with where you listen

For calls all day choose an over-ear **headset**: the cushions spread the pressure and the microphone sits where your mouth is.
For sport and commuting choose **earbuds**; try all tip sizes before judging the bass. For the kitchen or the garden a **portable
speaker** beats both.

## Noise cancelling

It removes engines and fans well and voices badly. If you share an office, a closed headset matters more than the strength of the
cancelling.

## Battery

Stated hours are measured at medium volume. Cancelling costs about a quarter of them. A headset with a replaceable cushion lasts
longer than its battery, so look at spare parts."""),
    Text("size-guide-clothing", "Size guide for clothing", _GUIDE, """## Measure, then choose

Lay a garment that fits you well flat on a table. Measure across the chest from armpit to armpit and along the back from collar to
hem. Compare with the table on the product page; it shows the garment, not the body, so no sums are needed.

## How our brands cut

Outdoor layers leave room for a fleece underneath. Shirts and tees are regular: if you like them loose take one size more. Trousers are
listed by waist in inches and come with length to hem.

## Wool and linen

Merino gives a little, linen does not. If you are between sizes, take the smaller in merino and the larger in linen."""),
    Text("size-guide-shoes", "Size guide for shoes", _GUIDE, """## Draw your foot

Stand on paper, draw around both feet and measure from heel to the longest toe. Use the longer foot. Add the width of a thumb for
walking and half of that for everyday shoes, and compare with the length in the table of the product.

## Width

Trail shoes from our range are wide at the toes, boots are medium and loafers are narrow over the instep. With high insteps avoid
slip-on styles.

## Swelling

Feet grow during the day and in summer. Measure in the evening. Children's feet grow in jumps: measure every two months and leave room
for one more jump."""),
    Text("care-wool-and-merino", "Caring for wool and merino", _GUIDE, """## Wash less

Wool cleans itself in fresh air. Hang a tee or a throw outside overnight when it is damp and most smells are gone. Stains come
out with cold water and patience.

## When you do wash

Use the wool programme, a wool detergent and no softener. Turn garments inside out and close zips. Never wring: roll the piece in a
towel, press, and dry it flat, away from heaters.

## Moths and pilling

Store wool clean. Cedar helps a little, a closed bag helps a lot. Pills in the first weeks are short fibres that leave; take them
off with a comb and they stay away."""),
    Text("care-wooden-furniture", "Caring for wooden furniture", _GUIDE, """## Every week

Dust along the grain with a soft dry cloth. A damp cloth is fine for spots if a dry one follows at once. Avoid microfibre on oiled
surfaces, as it removes the oil.

## Once or twice a year

Oiled wood wants feeding: rub in a thin coat of hard wax oil, wait, and wipe off what is left. Put used cloths in water before
you throw them away, because oily rags can heat up by themselves.

## Rings and scratches

White rings are moisture in the finish and often leave with a warm hair dryer. Light scratches in solid wood can be sanded and
oiled. Keep pieces out of strong sun for the first months so that the colour changes evenly."""),
    Text("care-leather-shoes", "Caring for leather shoes", _GUIDE, """## Let them rest

Give a pair a day off after each day of wear. Put in shoe trees or newspaper; change the paper after an hour if they are wet, and
never dry them on a heater.

## Clean, feed, protect

1. Brush off the dirt when it is dry.
2. Wipe with a damp cloth and a little saddle soap.
3. Work in cream sparingly, wait, brush.
4. Wax for rain, spray for suede.

## Soles

Stitched soles can be replaced by any cobbler. Have it done before the welt is worn, and a good pair will last for ten winters."""),
    Text("choose-desk-and-chair", "Setting up a desk and chair that suit you", _GUIDE, """## Chair first

Sit back, feet flat, knees a little lower than hips. Slide the seat until three fingers fit behind your knee. Set the arms so
that your shoulders hang.

## Then the desk

With elbows at your side, the desk should meet your forearms. Standing, it is the same rule. Save both heights and change between them
before you get tired, not after.

## Screen

The upper edge belongs at eye height, an arm's length away. With a laptop use a stand and a separate keyboard, or you will bend
your neck whatever the chair costs. Lamps belong on the side that does not write."""),
    Text("brewing-better-coffee", "Brewing better filter coffee", _TUTORIAL, """## You need

A scale, a kettle with a thin spout, a grinder and a paper filter.

## Steps

1. Fold the seam of the filter and rinse it with hot water. Throw that water away.
2. Grind medium, like coarse sand. Use sixty grams of coffee to a litre.
3. Pour twice the coffee's weight of water and wait half a minute while it blooms.
4. Pour the rest in slow circles and keep the level even.

## Adjust

Sour means too coarse or too cold, bitter means too fine or too hot. Change one thing at a time and write it down. Clean the
grinder with a dry brush, never with water."""),
    Text("start-a-return", "How to start a return, step by step", _TUTORIAL, """## In the account

1. Open **My orders** and choose the delivered order.
2. Choose *Return items*, tick the lines and the quantity.
3. Pick the reason. For damage, defects or a wrong item add photos.
4. Choose refund, exchange, replacement or store credit, as far as the policy offers them.
5. Read the summary: it shows any fee and the expected amount. Confirm.

## In the chat

Tell the assistant the order number and what is wrong. It checks whether the return is possible, shows you the same summary and
asks for your confirmation.

## Then

You get a label and a return number. Put the number on the outside. Windows and fees are on the page *Returns policy*."""),
    Text("pair-smart-home", "Pairing a camera or bulb with your home network", _TUTORIAL, """## Before you start

Have the name and password of your network at hand. Most small devices use the older, slower band: if your router hides it, switch on
the guest network for the set-up.

## Steps

1. Power the device next to the router for the first connection.
2. Open the maker's app or any Matter app and scan the code. Take a photo of the code; the sticker fades.
3. Give it a name that you would say aloud.
4. Update its software before you put it in its place.

## Privacy

Close the camera's cover when you are home. Recordings stay on the card unless you choose otherwise. Reset a device before you
give it away."""),
    Text("assemble-furniture", "Assembling furniture without regrets", _TUTORIAL, """## Prepare

Clear the floor, spread a blanket and lay out all parts. Count the screws against the list: it is easier to ask us for one now
than to find it missing at the end.

## Build

1. Read the whole leaflet once.
2. Put in every screw of a step loosely, then tighten.
3. Use a hand tool for the last turns. Electric drivers strip wood.
4. Fix tall pieces to the wall with the bracket from the box.

## Afterwards

Keep the small key and the leaflet in an envelope taped underneath. Retighten after a month. If a part is damaged, stop and send
a photo: we post spare parts."""),
    Text("about-materials", "What our materials mean", _INFO, """## Recycled fibres

Fleece and several linings are spun from used bottles or from offcuts. Recycled does not mean weaker; we test seams the same way.

## Merino and wool

We buy wool from farms that do not practise mulesing. Throws are woven from recycled wool, which is why their shades vary slightly.

## Wood

Oak, ash and walnut come from managed European forests, bamboo from certified plantations. Solid wood moves with the seasons: a
hairline gap in winter is not a defect.

## Leather

Uppers are a by-product of food. Vegetable-tanned leather darkens in light. If you avoid animal products, filter for *vegan* in
the shop."""),
    Text("batteries-and-warranty-care", "Batteries: how to make them last", _INFO, """## What ages a battery

Heat, time, and being full or empty for long. A power bank in a hot car suffers more in one afternoon than from a month of use.

## Good habits

- Unplug when it is full, or use the charge limit if the device has one.
- Store at about half charge in a cool room.
- Use the charger that the maker names; the fast one is fine, the hot one is not.

## What is normal

A battery loses some of its capacity over the years. A sudden drop within the first year is a defect, and you may report it as one. See
the page *Warranty policy* for what is covered."""),
)  # fmt: skip
