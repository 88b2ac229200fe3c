"""Articles for staff only."""

from core.statuses import ArticleCategory
from store.seed.data.article_text import Text

_GUIDE = ArticleCategory.GUIDE

INTERNAL = (
    Text("staff-fraud-reviews", "How we handle fraud reviews", _GUIDE, """## The queue

An order whose score reaches the review threshold of the policy is put on hold by itself. Nothing ships and nothing is captured
until a manager decides. Aim to decide within the working day: honest customers wait too.

## Read the signals, not the score

A new account with a large first order is often a wedding. A new account, a forwarding address and several failed cards is not.
Look at the customer's other orders, the address on a map, and whether the phone number answers.

## Decide

Release, or cancel with the reason *fraud detected*. Write one sentence on why: the next reviewer learns from it. Never tell a
customer which signals fired; say that a routine check was made."""),
    Text("staff-carrier-claims", "Filing carrier claims", _GUIDE, """## When

File a claim for every parcel that is lost, damaged in transit or delivered to a wrong person. Do it on the day that we learn of
it, because carriers refuse late claims.

## What is needed

- The tracking number and the scan history.
- Photos of the box on all sides, the label and the damage.
- The packing slip with the value of the goods.

## The customer comes first

Refund or replace according to the policy and do not wait for the carrier. The claim is between us and them. Note the claim on
the order, so that the monthly look at on-time rates counts it."""),
    Text("staff-escalations", "Taking over a conversation from the assistant", _GUIDE, """## Why it was handed over

The ticket says why: the customer asked for a person, the policy needs a decision, or the assistant was not sure. Read the whole
conversation before you answer. Customers notice when they must repeat themselves.

## First reply

Say your name, say what you have understood and what happens next. Even *I am looking into it* stops the clock honestly, provided
that you are.

## Promise only what the tools allow

If the policy refuses a request, explain the rule and offer the way out that it names. A goodwill gesture above your limit needs
an approval: ask for it in the console, not in a private message."""),
    Text("staff-listing-errors", "Fixing listings that a channel refuses", _GUIDE, """## Read the channel's words

Open the listing and its issues. Missing fields are the most common cause, then a title that is too long, then an image that is
too small. The suggestion beside an issue comes from our own product data and carries a confidence.

## Approve or reject

Approve a suggestion only if you would have typed it. Each approval raises the confidence for that kind of fix, and at some point
it is applied by itself; each rejection lowers it. A learned rule can be revoked.

## Prices and stock

A price that differs from ours is pushed again by the next synchronisation. Do not correct it in the channel's own console: it
would be overwritten."""),
)  # fmt: skip
