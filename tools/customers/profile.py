"""Change a customer's profile and addresses: customers their own, staff anybody's."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from core.errors import InvalidInput
from core.identity import Permission, RunContext
from store.queries import addresses, customers
from store.tables.customers import Address, Customer
from store.unit import Tx
from tools.addresses import one_line
from tools.arguments import CustomerRef
from tools.customers.module import module
from tools.customers.results import AddressBook, AddressShown, ProfileChanged
from tools.customers.which import meant
from tools.items import fold
from tools.policy import Policy
from tools.policy.customers import AddressChange, ProfilePlan, decide_address, decide_profile
from tools.result import Quote
from tools.spec import Args, Effect

_EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"


def _short(length: int, what: str) -> Any:
    return Field(min_length=1, max_length=length, description=what)


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="Country as two letters, such as FR"), BeforeValidator(_upper)]
Which = Annotated[str, Field(min_length=1, max_length=120, description="Which address: its number in the profile, or words of it")]


class UpdateProfile(Args):
    """What to change in a profile."""

    customer: CustomerRef | None = None
    """For staff: which customer. Customers change their own."""
    name: Annotated[str, _short(120, "The new name")] | None = None
    phone: Annotated[str, Field(pattern=r"^\+?[0-9][0-9 ().-]{4,38}$", description="The new phone number")] | None = None
    email: Annotated[str, Field(pattern=_EMAIL, max_length=200, description="The new e-mail address")] | None = None


@dataclass(frozen=True, slots=True)
class _Profile:
    customer: Customer
    plan: ProfilePlan


async def _profile(tx: Tx, args: UpdateProfile, _ctx: RunContext, _policy: Policy) -> _Profile:
    customer = await meant(tx, args.customer, lock=True)
    email = args.email.lower() if args.email else None
    wanted = (("Name", customer.name, args.name), ("Phone", customer.phone or "", args.phone), ("E-mail", customer.email, email))
    changes = [(label, old, new) for label, old, new in wanted if new is not None and new != old]
    changes_email = any(label == "E-mail" for label, _, _ in changes)
    taken = changes_email and email is not None and await customers.has_email(tx, email, besides=customer.id)
    plan = ProfilePlan(
        customer=customer.name,
        changes=changes,
        changes_email=changes_email,
        email_taken=taken,
        erased=customer.erased_at is not None,
    )
    return _Profile(customer, plan)


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.PROFILE_WRITE,
    facts=_profile,
    policy=lambda _policy, facts, _args, principal: decide_profile(facts.plan, principal),
    examples=(
        "change my phone number to +33 6 12 34 56 78",
        "my name is now Alice Martin",
        "update the phone of Bruno Keller to +49 30 123456",
        "please correct my name",
        "change the email of Clara Jensen to clara@mail.example",
        "I have a new phone number",
    ),
)
async def update_profile(tx: Tx, args: UpdateProfile, _ctx: RunContext, profile: _Profile) -> ProfileChanged:
    """Change name or phone number of a profile; staff also change the e-mail address."""
    customer = profile.customer
    customer.name, customer.phone = args.name or customer.name, args.phone or customer.phone
    customer.email = args.email.lower() if args.email else customer.email
    tx.session.add(customer)
    await tx.session.flush()
    changed = [label for label, _, _ in profile.plan.changes]
    tx.emit("customer.updated", customer=str(customer.id), changed=[label.lower() for label in changed])
    tx.emit(
        "email.requested",
        customer=str(customer.id),
        template="profile_changed",
        data={"changed": ", ".join(label.lower() for label in changed)},
    )
    return ProfileChanged(customer=customer.name, email=customer.email, phone=customer.phone, changed=changed)


class _AddressArgs(Args):
    """An address."""

    customer: CustomerRef | None = None
    """For staff: which customer. Customers change their own."""
    name: Annotated[str, _short(120, "Who receives it; the customer when left out")] | None = None
    line1: Annotated[str, _short(160, "Street and house number")]
    line2: Annotated[str, _short(160, "Floor, apartment or care of")] | None = None
    city: Annotated[str, _short(80, "City")]
    region: Annotated[str, _short(80, "State or province, where addresses have one")] | None = None
    postal_code: Annotated[str, _short(16, "Postal code")]
    country: Country


class AddAddress(_AddressArgs):
    """An address to add."""


class UpdateAddress(_AddressArgs):
    """Which address to replace, and by what."""

    which: Which


class RemoveAddress(Args):
    """Which address to remove."""

    customer: CustomerRef | None = None
    """For staff: which customer. Customers change their own."""
    which: Which


@dataclass(frozen=True, slots=True)
class _Book:
    customer: Customer
    old: Address | None
    plan: AddressChange


async def _adding(tx: Tx, args: AddAddress, _ctx: RunContext, _policy: Policy) -> _Book:
    return await _book(tx, args.customer, None, args)


async def _replacing(tx: Tx, args: UpdateAddress, _ctx: RunContext, _policy: Policy) -> _Book:
    return await _book(tx, args.customer, args.which, args)


async def _removing(tx: Tx, args: RemoveAddress, _ctx: RunContext, _policy: Policy) -> _Book:
    return await _book(tx, args.customer, args.which, None)


async def _book(tx: Tx, wanted: str | None, which: str | None, new: _AddressArgs | None) -> _Book:
    customer = await meant(tx, wanted, lock=True)
    rows = list(await addresses.of_customer(tx, customer.id, lock=True))
    old = _chosen(rows, which) if which is not None else None
    line = one_line(_values(new, customer)) if new is not None else ""
    plan = AddressChange(
        old=_line(old) if old else "",
        new=line,
        count=len(rows),
        known=any(_line(row).casefold() == line.casefold() for row in rows),
    )
    return _Book(customer, old, plan)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.PROFILE_WRITE,
    facts=_adding,
    policy=lambda policy, facts, _args, principal: decide_address(policy.customers, facts.plan, principal),
    examples=(
        "add the address 12 Rue de la Paix, 75002 Paris, FR to my profile",
        "save a second address for me: 5 Keizersgracht, 1015 Amsterdam, NL",
        "new address for my account 8 Lindenstrasse, 10969 Berlin, DE",
        "add an address to the profile of Bruno Keller: 3 Quai Bas, 33000 Bordeaux, FR",
        "store my office address, 1 Grand Place, 1000 Brussels, BE",
        "put another address into my address book",
    ),
)
async def add_address(tx: Tx, args: AddAddress, _ctx: RunContext, book: _Book) -> AddressBook:
    """Add an address to a profile; orders that are placed already keep theirs."""
    tx.add(Address(tenant_id=tx.tenant_id, customer_id=book.customer.id, **_values(args, book.customer)))
    return await _changed(tx, book, "Added", f"Added {book.plan.new}")


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.PROFILE_WRITE,
    facts=_replacing,
    policy=lambda policy, facts, _args, principal: decide_address(policy.customers, facts.plan, principal),
    examples=(
        "replace my saved address in Lyon by 12 Rue de la Paix, 75002 Paris, FR",
        "change address 1 of my profile to 5 Keizersgracht, 1015 Amsterdam, NL",
        "my home address in the profile changed to 8 Lindenstrasse, 10969 Berlin, DE",
        "correct the stored address 2: 3 Quai Bas, 33000 Bordeaux, FR",
        "update the address book of Bruno Keller, number 1 is now 1 Grand Place, 1000 Brussels, BE",
        "edit my saved address",
    ),
)
async def update_address(tx: Tx, args: UpdateAddress, _ctx: RunContext, book: _Book) -> AddressBook:
    """Replace one of a profile's addresses; orders that are placed already keep theirs."""
    assert book.old is not None
    for field, value in _values(args, book.customer).items():
        setattr(book.old, field, value)
    tx.session.add(book.old)
    return await _changed(tx, book, "Changed", f"Changed {book.plan.old} to {book.plan.new}")


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.PROFILE_WRITE,
    facts=_removing,
    policy=lambda policy, facts, _args, principal: decide_address(policy.customers, facts.plan, principal),
    examples=(
        "remove my address in Lyon from the profile",
        "delete saved address 2",
        "forget the address 12 Rue de la Paix",
        "I do not live in Berlin anymore, delete that address",
        "remove address 1 of Bruno Keller",
        "take the office address out of my address book",
    ),
)
async def remove_address(tx: Tx, args: RemoveAddress, _ctx: RunContext, book: _Book) -> AddressBook:
    """Remove one of a profile's addresses; orders that are placed already keep theirs."""
    assert book.old is not None
    await addresses.remove(tx, book.old)
    return await _changed(tx, book, "Removed", f"Removed {book.plan.old}")


async def _changed(tx: Tx, book: _Book, what: str, done: str) -> AddressBook:
    await tx.session.flush()
    tx.emit("customer.address_changed", customer=str(book.customer.id), change=what.lower())
    rows = await addresses.of_customer(tx, book.customer.id)
    shown = [AddressShown(number=number, address=Quote.customer(_line(row))) for number, row in enumerate(rows, start=1)]
    return AddressBook(customer=book.customer.name, done=done, addresses=shown)


def _values(args: _AddressArgs, customer: Customer) -> dict[str, Any]:
    fields = {"line1", "line2", "city", "region", "postal_code", "country"}
    return args.model_dump(include=fields) | {"name": args.name or customer.name}


def _line(row: Address) -> str:
    return one_line(row.model_dump())


def _chosen(rows: list[Address], which: str) -> Address:
    """Return the address that a number or words name.

    Raises:
        InvalidInput: none or several; the message lists them.
    """
    listed = "; ".join(f"{number}. {_line(row)}" for number, row in enumerate(rows, start=1)) or "there is none"
    if which.isdigit() and 1 <= int(which) <= len(rows):
        return rows[int(which) - 1]
    wanted = {fold(word.strip(",.")) for word in which.casefold().split()}
    found = [row for row in rows if wanted <= {fold(word.strip(",.")) for word in _line(row).casefold().split()}]
    if len(found) != 1:
        raise InvalidInput(
            f"“{which}” fits {'several addresses' if found else 'no address'}: {listed}", field="which", code="address_unclear"
        )
    return found[0]
