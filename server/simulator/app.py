"""The simulator's HTTP application: the providers, and `/control` to steer and to look."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

from fastapi import FastAPI
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from server.simulator.behaviour import Behaviour, Fault, Port, World
from server.simulator.carriers import Carriers
from server.simulator.channels import Channel
from server.simulator.payments import Payments
from server.simulator.reporting import Reporter, Subscriber
from server.simulator.rest import Asked, serve
from server.simulator.shopify import ShopifyStore


class Subscription(BaseModel):
    """Where an account wants its reports."""

    account: str
    port: Port
    url: str
    secret: str


class Sale(BaseModel):
    """An order that a buyer places on a channel."""

    account: str
    order: dict[str, Any]
    port: Literal["channel", "shopify"] = "channel"


class Letter(BaseModel):
    """A message that a buyer writes on a channel: conversation, author, text."""

    account: str
    message: dict[str, Any]


class Review(BaseModel):
    """A channel's second look at a listing."""

    account: str
    listing: str
    problems: list[dict[str, str]] = []


class Step(BaseModel):
    """A parcel that shall move to a place on its way, counted from 0."""

    tracking_number: str
    position: int


def create_simulator(seed: int = 1) -> FastAPI:
    """Return the simulator."""
    world = World(seed)
    reporters: list[Reporter] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        for reporter in reporters:
            await reporter.close()

    app = FastAPI(title="Storehand simulator", lifespan=lifespan, docs_url=None, redoc_url=None)
    reporter = Reporter(world)
    reporters.append(reporter)
    payments, carriers, channel, shopify = (
        Payments(world, reporter),
        Carriers(world, reporter),
        Channel(world, reporter),
        ShopifyStore(world, reporter),
    )
    app.state.world, app.state.reporter = world, reporter
    _providers(app, world, payments, carriers, channel, shopify)
    _control(app, world, reporter, payments, carriers)
    _buyers(app, channel, shopify)
    return app


def _providers(app: FastAPI, world: World, payments: Payments, carriers: Carriers, channel: Channel, shopify: ShopifyStore) -> None:
    @app.post("/payments/v1/movements")
    async def submit(request: Request) -> Response:
        return await serve(world, request, "payments", payments.submit)

    @app.get("/payments/v1/movements/{reference}")
    async def look_up(request: Request, reference: str) -> Response:
        return await serve(world, request, "payments", lambda asked: payments.look_up(asked.account, reference))

    @app.post("/carrier/v1/labels")
    async def label(request: Request) -> Response:
        return await serve(world, request, "carrier", carriers.label)

    @app.post("/carrier/v1/rates")
    async def rates(request: Request) -> Response:
        return await serve(world, request, "carrier", carriers.rates)

    @app.put("/channel/v1/listings/{listing}")
    async def listing(request: Request, listing: str) -> Response:
        return await serve(world, request, "channel", lambda asked: channel.put_listing(asked, listing))

    @app.post("/channel/v1/conversations/{conversation}/replies")
    async def reply(request: Request, conversation: str) -> Response:
        return await serve(world, request, "channel", lambda asked: channel.reply(asked, conversation))

    @app.post("/channel/v1/orders/{number}/fulfilments")
    async def fulfil(request: Request, number: str) -> Response:
        return await serve(world, request, "channel", lambda asked: channel.fulfil(asked, number))

    @app.post("/channel/v1/orders/{number}/refunds")
    async def refund(request: Request, number: str) -> Response:
        return await serve(world, request, "channel", lambda asked: channel.refund(asked, number))

    @app.get("/channel/v1/orders/{number}/refunds/{reference}")
    async def refund_state(request: Request, number: str, reference: str) -> Response:
        return await serve(world, request, "channel", lambda asked: channel.look_up_refund(asked.account, number, reference))

    @app.get("/channel/v1/orders")
    async def orders(request: Request, after: str = "", limit: int = 50) -> Response:
        return await serve(world, request, "channel", lambda asked: channel.orders(asked.account, after, limit))

    @app.post("/shopify/admin/api/2024-10/graphql.json")
    async def graphql(request: Request) -> Response:
        return await serve(world, request, "shopify", shopify.graphql)

    @app.post("/mail/v1/messages")
    async def mail(request: Request) -> Response:
        return await serve(world, request, "mail", lambda asked: _post(world, asked))

    _ = (submit, look_up, label, rates, listing, reply, fulfil, refund, refund_state, orders, graphql, mail)


def _post(world: World, asked: Asked) -> dict[str, Any]:
    message = {"id": world.number("msg"), "account": asked.account, **asked.body}
    world.outbox.append(message)
    return {"id": message["id"]}


def _control(app: FastAPI, world: World, reporter: Reporter, payments: Payments, carriers: Carriers) -> None:
    @app.put("/control/behaviour")
    async def behave(behaviour: Behaviour) -> Behaviour:
        world.behaviour = behaviour
        return behaviour

    @app.post("/control/faults")
    async def break_something(fault: Fault) -> Fault:
        world.faults.append(fault)
        return fault

    @app.post("/control/subscriptions")
    async def subscribe(wanted: Subscription) -> dict[str, str]:
        reporter.subscribers[wanted.account, wanted.port] = Subscriber(wanted.url, wanted.secret)
        return {"status": "subscribed"}

    @app.post("/control/decide/{reference}")
    async def decide(reference: str) -> dict[str, str]:
        await payments.decide(reference)
        return {"status": "decided"}

    @app.post("/control/parcels")
    async def move(step: Step) -> dict[str, str]:
        await carriers.move(step.tracking_number, step.position)
        return {"status": "moved"}

    @app.get("/control/state")
    async def state() -> dict[str, Any]:
        return {
            "seen": [each.model_dump() for each in world.seen],
            "movements": list(world.movements.values()),
            "parcels": list(world.parcels.values()),
            "listings": [{"account": account, "listing": name, **body} for (account, name), body in world.listings.items()],
            "orders": world.orders,
            "replies": world.replies,
            "fulfilments": world.fulfilments,
            "refunds": world.refunds,
            "variants": world.variants,
            "outbox": world.outbox,
            "sent": [{"event_id": each.event_id, "type": each.type, "status": each.status} for each in reporter.sent],
        }

    _ = (behave, break_something, subscribe, decide, move, state)


def _buyers(app: FastAPI, channel: Channel, shopify: ShopifyStore) -> None:
    @app.post("/control/orders")
    async def sell(sale: Sale) -> dict[str, Any]:
        return (shopify if sale.port == "shopify" else channel).sell(sale.account, sale.order)

    @app.post("/control/messages")
    async def write(letter: Letter) -> dict[str, Any]:
        return channel.write(letter.account, letter.message)

    @app.post("/control/reviews")
    async def review(wanted: Review) -> dict[str, str]:
        channel.review(wanted.account, wanted.listing, wanted.problems)
        return {"status": "reviewed"}

    _ = (sell, write, review)
