"""Frequent questions and troubleshooting. They refer to the policy pages instead of repeating their figures."""

from core.statuses import ArticleCategory
from store.seed.data.article_text import Text

_FAQ = ArticleCategory.FAQ
_FIX = ArticleCategory.TROUBLESHOOTING

ANSWERS = (
    Text("track-my-order", "How do I track my order?", _FAQ, """## Where to look

Open **My orders** and choose the order. As soon as the parcel is handed to the carrier you see the tracking number, the
carrier's name and every scan that the carrier reports. The same link is in the e-mail that we send on dispatch.

## What the words mean

- *Label created*: the parcel is packed and waits for collection.
- *In transit*: it travels between depots. A day without a new scan is normal, above all over a weekend.
- *Out for delivery*: it is on the van.

## Nothing moves?

If the promised date on the order page has passed, or several working days bring no new scan, ask us in the chat. We open a search with
the carrier, so you do not have to."""),
    Text("change-or-cancel-order", "Can I change or cancel an order?", _FAQ, """## Before it ships

Yes. As long as the order is pending, confirmed or in processing you can cancel it in **My orders** or ask the assistant in the
chat to do it. Tell us why: it helps us to see whether something on the page was unclear. The items go back on sale and the
payment is released or refunded in full.

## After it ships

A parcel on its way cannot be recalled. Accept it and start a return, or refuse it at the door: both end in the same refund once
the goods are back with us and checked.

## Changing something

Address and items can be changed while the order is pending. The rules in force are on the page *Cancellation policy*."""),
    Text("payment-methods", "Which payment methods do you accept?", _FAQ, """## At the checkout

We accept the usual debit and credit cards, PayPal and {shop} gift cards. A gift card can be combined with one other method.

## When you are charged

A card is authorised when you order: your bank reserves the amount, and shows it in grey. We capture it when the order goes into
processing. If you cancel before that, the reservation simply disappears; how fast is up to the bank. PayPal and gift cards are
charged at once.

## It says that payment failed

Most failures are a missed confirmation in the banking app. Try again once, then choose another method. We never see your full card
number, so we cannot say more than the reason that the bank gives us."""),
    Text("delivery-times", "When will my order arrive?", _FAQ, """## The promised date

Every order has a promised delivery date. It is worked out from the stock in our warehouses, the carrier's timetable and your
address, and it is shown at the checkout, in the confirmation and on the order page. That date, and not a general estimate, is
what we hold ourselves to.

## If it will be late

We watch shipments and write to you when one is going to miss its date. What we offer then is described on the page *Delivery policy*.

## Speeding it up

An express carrier can be chosen at the checkout for most goods. Large furniture travels with a freight service that calls you
first."""),
    Text("wrong-or-damaged-item", "I received a wrong or damaged item", _FAQ, """## We are sorry

That is our mistake or the carrier's, never yours, and sending it back costs you nothing.

## What we need

1. The order number.
2. Two or three photos: the item, the damage, and the outside of the box with its label.
3. What you would prefer: a replacement, an exchange or your money back.

Start a return in **My orders** or tell the assistant in the chat. Keep the packaging until it is settled, because the carrier
may want to see it. How long you have to report transit damage is written on the page *Returns policy*; sooner is always easier
for everybody."""),
    Text("how-refunds-are-paid", "How and when is a refund paid?", _FAQ, """## To the same place

A refund goes back the way the money came: to the same card, the same PayPal account or the same gift card. For some goods the policy
foresees store credit instead; the return page says so before you confirm.

## When

For a return, we refund after the goods were inspected. You see each step in the order's timeline: received, inspected, refunded.
After that your bank needs some working days to show it, which we cannot shorten.

## How much

The return page shows the amount and any fee before you agree. The rules behind it are on the page *Returns policy*."""),
    Text("order-confirmation-missing", "I did not get an order confirmation", _FAQ, """## Check these first

- The spam or promotions folder, for a sender that ends in our domain.
- The spelling of your address in **My account**.
- Whether the order appears in **My orders**. If it does, it reached us and the e-mail is only delayed.

## No order in the list

Then the payment was not finished and nothing was charged. A reserved amount disappears by itself. Put the goods in the basket
again; they are not kept for you in the meantime.

## Still unsure

Write to {email} with the time and the e-mail address that you used. Please never send us a card number."""),
    Text("loyalty-tiers", "How does the loyalty programme work?", _FAQ, """## Five tiers

Every account starts in *bronze*. With what you order and keep you rise to *silver*, *gold*, *platinum* and *diamond*. Returned
goods do not count, which is only fair.

## What you get

Members see sales a little earlier, and from *gold* on they reach a person in the chat first. Birthday surprises depend on the
mood of the team. Your tier never changes the rules of a return or a refund: those are the same for everybody.

## Where to see it

Your tier is on the page **My account**, next to your store credit if you have any. Tiers are looked at once a month."""),
    Text("gift-orders", "Can I send an order as a gift?", _FAQ, """## At the checkout

Tick *This is a gift*, enter the other person's address for delivery and keep yours for the invoice. The packing slip will show
no prices, and you can add a short message that we print on a card.

## Different addresses

An order whose billing and delivery address differ is checked a little more carefully. That is routine. If we need to ask
something we write to you and never to the person who gets the present.

## Returns

The recipient can return a gift with the order number. The refund goes to the person who paid, or to the recipient as store credit."""),
    Text("account-and-privacy", "What do you know about me, and how do I delete it?", _FAQ, """## What we keep

Your name, addresses, orders, and the conversations with our support. Card numbers stay with the payment provider; we see only
the brand and the last digits.

## Export and erasure

In **My account** you can download everything as a file or ask for erasure. Invoices must be kept for as long as the law demands,
but they are detached from your profile.

## The assistant

The chat assistant sees your own orders and returns and nobody else's. It cannot see your password. A person can read a
conversation when you ask for one. Questions about privacy are answered at {email}."""),
    Text("invoice-copy", "Where do I find my invoice?", _FAQ, """## Download it

Open the order in **My orders** and choose *Documents*. The invoice appears there when the order ships, as a PDF. The packing
slip and, for returns, the label are in the same place.

## Company details

Enter your company's name and VAT number in **My account** before you order. An invoice that has been issued cannot be rewritten by
law, but support can cancel it and issue a corrected one; ask in the chat with the order number and the exact wording.

## Marketplaces

If you bought from us on a marketplace, the invoice comes from there or from us, depending on the country. We will tell you which."""),
    Text("headset-connection-problems", "My headset or earbuds will not connect", _FIX, """## Start over

1. Put them in the case or switch them off, and count to ten.
2. Remove them from the Bluetooth list of every device that knows them.
3. Hold the pairing button until the light blinks in two colours, then pair with one device only.

## Sound but no microphone

On a computer, choose the headset as *input* as well as output. Many meeting programs remember the old microphone.

## Only one side plays

Clean the charging contacts with a dry cotton bud and let both sides charge fully. If one side stays silent, it is a defect:
start a return with the reason *defective* and add a short video or a photo. We will not argue."""),
    Text("device-not-charging", "A device does not charge", _FIX, """## Cable, plug, port

Try another cable first: cables fail far more often than devices. Use a USB-C cable that is made for charging, as some carry data
only. Look into the port with a torch; pocket lint packs down hard and a wooden toothpick lifts it out.

## After a long storage

A battery that was empty for months may need half an hour on the charger before any light comes on. Leave it overnight before you
give up.

## Warm or swollen

Stop charging at once if the case bulges or gets hot, do not post it, and contact us at {email}. We arrange a collection for batteries,
because they must not travel in ordinary mail."""),
    Text("furniture-wobbles", "My table or desk wobbles", _FIX, """## Is it the floor?

Turn the piece by a quarter. If the wobble moves with the room, it is the floor: turn the levelling feet until all of them touch.

## Is it the joints?

Loosen all screws by half a turn, press the piece flat on the ground with somebody's help, then tighten them crosswise like the
wheel of a car. Most wobbles come from tightening one corner fully before the next is in.

## Still wobbling

A twisted leg or a badly drilled hole happens. Send two photos of the joint; usually we post a spare part and you keep the rest.
Retighten wooden furniture once after the first heating season."""),
    Text("shoes-do-not-fit", "The shoes do not fit as expected", _FIX, """## Try them properly

Try shoes in the evening, with the socks that you will wear, indoors on carpet. Walk for ten minutes. The heel may lift a little
when shoes are new; the toes must never touch the front.

## Between two sizes

Take the larger and use an insole. For trail shoes and boots leave a thumb's width at the front for going downhill.

## Exchange

An exchange for another size is the fastest way. Choose *exchange* in the return form and pick the size: we reserve it for you
while the first pair travels back. Soles that have been outside count as worn; see the page *Returns policy*."""),
    Text("discount-code-not-working", "My discount code does not work", _FIX, """## The usual causes

- The code belongs to another e-mail address: newsletter codes are personal.
- It was used already. Cancelled orders give it back, but not at once.
- The basket holds only goods that are excluded, such as gift cards.
- There is a space at the end from copying. Type it by hand.

## One at a time

Codes cannot be combined, and the better one does not win by itself; you choose.

## After the order

We cannot add a code to an order that is placed. If it is still pending, cancel it and order again with the code. Prices in the
basket may have changed in between, so look before you do."""),
)  # fmt: skip
