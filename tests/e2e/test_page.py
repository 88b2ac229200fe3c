"""The console page in a real browser, against scripted runs and under the real content policy."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from tests.e2e.page_fixture import FakeApi, build
from tests.e2e.page_scripts import LONG, demo_api

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium on the path"),
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
]


@dataclass
class Console:
    """A browser tab on the page, what it complained about, and the API behind it."""

    page: Page
    api: FakeApi
    url: str
    complaints: list[str]
    outside: list[str]

    async def sign_in(self, who: str = "Mara") -> None:
        """Enter by the demo button whose label names the person."""
        await self.page.goto(self.url)
        await self.page.get_by_role("button", name=who).click()
        await expect(self.page.get_by_role("textbox", name="Message")).to_be_visible()

    async def ask(self, text: str) -> Locator:
        """Send a message and return its turn."""
        await self.page.get_by_role("textbox", name="Message").fill(text)
        await self.page.keyboard.press("Enter")
        turn = self.page.locator(".turn", has=self.page.locator(".said", has_text=text)).last
        await expect(turn).to_be_visible()
        return turn

    async def over(self) -> None:
        """Wait until no run is being followed."""
        await expect(self.page.get_by_role("button", name="Send", exact=True)).to_be_visible(timeout=15000)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def console(browser: Browser) -> AsyncIterator[Console]:
    api = demo_api()
    server = uvicorn.Server(uvicorn.Config(build(api), port=0, log_level="critical", timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    page = await browser.new_page(viewport={"width": 1200, "height": 820})
    page.set_default_timeout(10000)
    console = Console(page, api, f"http://127.0.0.1:{port}/", [], [])
    page.on("pageerror", lambda error: console.complaints.append(str(error)))
    page.on("console", lambda message: console.complaints.append(message.text) if "Content Security Policy" in message.text else None)
    page.on("request", lambda request: None if request.url.startswith(console.url) else console.outside.append(request.url))
    yield console
    await page.close()
    for thread in api.threads.values():
        for run in thread.runs:
            if run.task:
                run.task.cancel()
    server.should_exit = True
    await serving
    assert console.complaints == [], "the page broke its content policy or threw"
    assert console.outside == [], "the page asked another host for something"


async def test_a_person_signs_in_with_email_and_password(console: Console) -> None:
    page = console.page
    await page.goto(console.url)
    await page.get_by_label("Email").fill("manager@demo.shop")
    await page.get_by_label("Password").fill("wrong")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_have_text("That email and password do not match.")
    await page.get_by_label("Password").fill("demo")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Hello Mara")).to_be_visible()
    await expect(page.locator(".model summary")).to_have_text("offline model")
    await page.reload()
    await expect(page.get_by_role("heading", name="Hello Mara")).to_be_visible()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("Email")).to_be_visible()


async def test_a_refused_token_leads_back_to_the_sign_in(console: Console) -> None:
    await console.sign_in()
    await console.page.evaluate("sessionStorage.setItem('storehand.token', 'stale')")
    await console.page.get_by_role("textbox", name="Message").fill("hello")
    await console.page.keyboard.press("Enter")
    await expect(console.page.get_by_role("alert")).to_contain_text("session has ended")
    assert await console.page.evaluate("sessionStorage.getItem('storehand.token')") is None


async def test_a_turn_shows_the_agent_its_tool_calls_and_the_answer(console: Console) -> None:
    await console.sign_in()
    turn = await console.ask("Why is order 1042 on hold?")
    await expect(turn.locator(".agent")).to_have_text("Riskby classifier, 93\u202f%")
    await console.over()
    card = turn.locator(".tool[data-tool=get_order]")
    await expect(card).to_have_attribute("data-status", "ok")
    await expect(card.locator(".tool-body")).not_to_be_visible()
    await card.locator("summary").first.click()
    await expect(card.locator(".facts")).to_contain_text("1042")
    await expect(card.locator(".tool-result strong")).to_have_text("Order 1042")
    await card.get_by_text("Raw JSON").click()
    await expect(card.locator(".raw code")).to_contain_text('"hold": true')
    await expect(turn.locator(".answer table tbody tr")).to_have_count(3)
    await expect(turn.locator(".answer ol li")).to_have_count(3)
    await expect(turn.locator(".turn-foot")).to_contain_text("3 model calls")
    (body,) = console.api.bodies("/runs/stream")
    assert body["assistant_id"] == "ops"
    assert body["stream_mode"] == ["messages-tuple", "custom"]
    assert (body["stream_resumable"], body["on_disconnect"]) == (True, "continue")
    assert body["input"]["messages"][0]["content"] == "Why is order 1042 on hold?"
    await expect(console.page.locator(".thread[aria-current]")).to_contain_text("Why is order 1042 on hold?")


async def test_an_answer_appears_token_by_token_and_is_announced_when_done(console: Console) -> None:
    console.api.pace = 0.02
    await console.sign_in()
    turn = await console.ask("slow")
    answer = turn.locator(".answer")
    await expect(answer).to_contain_text("Every word")
    first = len(await answer.inner_text())
    assert first < len(LONG)
    assert await answer.get_attribute("aria-busy") == "true"
    await expect(answer).to_have_text(LONG)
    assert await answer.get_attribute("data-streaming") is not None
    console.api.gate("slow").set()
    await console.over()
    await expect(answer).to_have_text(LONG)
    assert await answer.get_attribute("aria-busy") == "false"
    assert await answer.get_attribute("data-streaming") is None


@pytest.mark.parametrize("extra", [0, 3])
async def test_a_cut_connection_loses_and_doubles_nothing(console: Console, extra: int) -> None:
    console.api.replay_extra = extra
    await console.sign_in()
    turn = await console.ask("cut")
    await expect(turn.locator(".answer")).to_have_text(LONG)
    assert await turn.locator(".answer").get_attribute("data-streaming") is not None, "the draft was read before its message"
    await expect(turn.locator(".tool")).to_have_count(1)
    assert len(console.api.joins) == 2
    assert all(after and "-" in after[1:] for after in console.api.joins)
    console.api.gate("cut").set()
    await console.over()
    await expect(turn.locator(".answer")).to_have_text(LONG)
    assert len(console.api.bodies("/runs/stream")) == 1


async def test_stop_cancels_the_run(console: Console) -> None:
    await console.sign_in()
    turn = await console.ask("slow")
    await expect(turn.locator(".answer")).to_contain_text("Every")
    await console.page.get_by_role("button", name="Stop").click()
    await expect(turn.locator(".note")).to_have_text("Stopped.")
    await console.over()


async def test_a_discarded_draft_disappears(console: Console) -> None:
    await console.sign_in()
    turn = await console.ask("rewrite")
    await console.over()
    await expect(turn.locator(".answer")).to_have_text("There is no such order.")
    await expect(turn.locator(".note")).to_contain_text("checked against the records")


async def test_a_denied_call_says_so(console: Console) -> None:
    await console.sign_in("Anna")
    turn = await console.ask("denied")
    await expect(turn.locator(".tool .tool-status")).to_have_text("denied")
    await console.over()
    assert console.api.bodies("/runs/stream")[0]["assistant_id"] == "support"


async def test_an_approved_call_runs_and_is_told(console: Console) -> None:
    await console.sign_in()
    turn = await console.ask("Refund the headset on order 1017")
    card = turn.locator(".approval")
    await expect(card.get_by_role("heading")).to_have_text("Refund €109.65 for order 1017")
    await expect(card.locator(".preview dt")).to_have_text(["Order", "Item", "Captured", "Restocking fee (15 %)", "Refund to card"])
    await expect(card.locator(".reason")).to_contain_text("approved by a manager")
    await expect(console.page.locator(".inbox-link .count")).to_contain_text("1")
    await console.over()
    await card.get_by_role("button", name="Approve").click()
    await expect(card.locator(".outcome")).to_have_text("Approved by Mara Lindqvist")
    await expect(turn.locator(".answer")).to_contain_text("on its way")
    await console.over()
    await expect(turn.locator(".tool[data-tool=issue_refund]")).to_have_count(1)
    await expect(turn.locator(".tool[data-tool=issue_refund]")).to_have_attribute("data-status", "ok")
    assert console.api.bodies("/runs/stream")[-1]["command"] == {"resume": {"decisions": [{"type": "approve"}]}}
    await expect(console.page.locator(".inbox-link .count")).to_be_hidden()


async def test_an_edit_is_a_form_with_checked_values(console: Console) -> None:
    await console.sign_in()
    turn = await console.ask("Refund the headset on order 1017")
    await console.over()
    card = turn.locator(".approval")
    await card.get_by_role("button", name="Edit").click()
    await expect(card.get_by_label("Order number")).to_be_focused()
    await card.get_by_label("Amount").fill("a lot")
    await card.get_by_role("button", name="Approve with changes").click()
    await expect(card.locator(".field-problem").nth(1)).to_have_text("Write an amount such as 12.50.")
    await expect(card.get_by_label("Amount")).to_be_focused()
    await card.get_by_label("Amount").fill("1,029.5")
    await card.get_by_label("Notify customer").uncheck()
    await card.get_by_role("button", name="Approve with changes").click()
    await expect(card.locator(".outcome")).to_have_text("Approved with changes by Mara Lindqvist")
    (decision,) = console.api.bodies("/runs/stream")[-1]["command"]["resume"]["decisions"]
    assert decision["edited_action"] == {
        "name": "issue_refund",
        "args": {
            "order_number": "1017",
            "amount": {"minor": 102950, "currency": "EUR"},
            "reason": "changed_mind",
            "notify_customer": False,
        },
    }
    await console.over()


async def test_a_rejection_carries_its_reason(console: Console) -> None:
    await console.sign_in()
    turn = await console.ask("Refund the headset on order 1017")
    await console.over()
    card = turn.locator(".approval")
    await card.get_by_role("button", name="Reject").click()
    await card.get_by_label("Reason").fill("Sold as final")
    await card.get_by_role("button", name="Reject").click()
    await expect(card.locator(".outcome")).to_have_text("Rejected by Mara Lindqvist")
    await console.over()
    await expect(turn.locator(".tool[data-tool=issue_refund] .tool-status")).to_have_text("not executed")
    assert console.api.bodies("/runs/stream")[-1]["command"]["resume"]["decisions"] == [{"type": "reject", "message": "Sold as final"}]


async def test_a_customer_confirms_but_does_not_approve(console: Console) -> None:
    await console.sign_in("Anna")
    await expect(console.page.get_by_role("link", name="Approvals")).to_have_count(0)
    turn = await console.ask("Cancel it")
    await expect(turn.get_by_role("button", name="No thanks")).to_be_visible()
    await console.over()
    await turn.get_by_role("button", name="Confirm").click()
    await expect(turn.locator(".outcome")).to_have_text("Confirmed by you")
    await console.over()
    turn = await console.ask("Please refund my headset")
    await expect(turn.locator(".waiting")).to_have_text("Waiting for the shop to approve")
    await expect(turn.locator(".approval").get_by_role("button")).to_have_count(0)


async def test_a_decision_made_in_the_inbox_reaches_the_customer_who_waits(console: Console, browser: Browser) -> None:
    await console.sign_in("Anna")
    await console.ask("Please refund my headset")
    await console.over()
    shop = await browser.new_page()
    await shop.goto(console.url)
    await shop.get_by_role("button", name="Mara").click()
    await shop.get_by_role("link", name="Approvals").click()
    card = shop.locator(".inbox .approval")
    await expect(card).to_contain_text("asked by Anna Keller")
    await card.get_by_role("button", name="Approve").click()
    await expect(card.locator(".outcome")).to_have_text("Approved by you")
    await expect(shop.locator(".inbox-link .count")).to_be_hidden()
    await shop.close()
    assert console.api.requests[-1][2] == {"decision": "approve"} or {"decision": "approve"} in [
        body for _, _, body in console.api.requests
    ]
    await expect(console.page.locator(".answer")).to_contain_text("on its way", timeout=12000)


async def test_typing_instead_of_deciding_closes_the_question(console: Console) -> None:
    await console.sign_in("Anna")
    first = await console.ask("Cancel it")
    await console.over()
    await console.ask("What is your return policy?")
    await expect(first.locator(".outcome")).to_have_text("Not executed")
    await expect(first.locator(".tool-status")).to_have_text("not executed")
    await console.over()


async def test_hostile_markdown_stays_inert(console: Console) -> None:
    await console.sign_in()
    turn = await console.ask("hostile")
    await console.over()
    for card in await turn.locator(".tool > summary").all():
        await card.click()
    assert await turn.locator("script, img, iframe, object, embed, form, [style], [onerror]").count() == 0
    assert await console.page.evaluate("window.hacked") is None
    links: list[dict[str, Any]] = await turn.locator(".answer a").evaluate_all(
        "all => all.map(a => ({href: a.href, rel: a.rel, target: a.target, shown: a.parentElement.textContent}))"
    )
    assert [link["href"] for link in links] == [
        "https://evil.example/login",
        "https://docs.example/page",
        "https://plain.example/a",
        "https://amazon.com@evil.example/x",
        "https://evil.example/",
    ]
    assert all(link["target"] == "_blank" and {"noopener", "nofollow"} <= set(link["rel"].split()) for link in links)
    assert "(evil.example)" in links[0]["shown"]
    assert "(evil.example)" in links[3]["shown"]
    answer = turn.locator(".answer")
    await expect(answer).to_contain_text("<script>window.hacked = 1</script>")
    await expect(answer).to_contain_text("image: pixel")
    await expect(answer).to_contain_text("snake_case_name")
    await expect(answer.locator("td").first).to_have_text("<b>x</b>")


async def test_markdown_is_rendered_the_same_whether_streamed_or_whole(console: Console) -> None:
    await console.page.goto(console.url)
    same = await console.page.evaluate(
        """async () => {
            const { showMarkdown } = await import("/web/markdown.js");
            const text = "# T\\n\\npara **b** *i* ~~d~~ `c`\\nline\\n\\n"
              + "1. one\\n   - a\\n   - b\\n2. two\\n\\n> q\\n\\n"
              + "| a | b |\\n|:--|--:|\\n| x | 1 |\\n\\n```py\\nx = 1\\n```\\nend [1]\\n\\nSources:\\n[1] Title";
            const whole = document.createElement("div"), streamed = document.createElement("div");
            showMarkdown(whole, text);
            for (let i = 1; i <= text.length; i += 1) showMarkdown(streamed, text.slice(0, i));
            return [whole.innerHTML === streamed.innerHTML, whole.innerHTML];
        }"""
    )
    assert same[0]
    assert "<ol><li>one<ul><li>a</li><li>b</li></ul></li><li>two</li></ol>" in same[1]
    assert '<td class="num">1</td>' in same[1]
    assert '<pre tabindex="0" data-language="py"><code>x = 1</code></pre>' in same[1]
    assert '<sup class="cite"' in same[1]


async def test_markdown_of_hostile_size_costs_little(console: Console) -> None:
    await console.page.goto(console.url)
    slowest = await console.page.evaluate(
        """async () => {
            const { showMarkdown } = await import("/web/markdown.js");
            const evil = ["*", "**a ", "[", "[a](", "_a", "`", "![", "> ", "- ", "  - a\\n", "|", "<http", "|a\\n|-\\n", "~~a",
              "\\\\", "[a[b]", "[1", "https://"];
            const times = evil.map((piece) => {
                const start = performance.now();
                showMarkdown(document.createElement("div"), piece.repeat(20000 / piece.length));
                return [Math.round(performance.now() - start), piece];
            });
            return times.sort((a, b) => b[0] - a[0])[0];
        }"""
    )
    assert slowest[0] < 1500, slowest


async def test_events_are_parsed_wherever_the_network_cuts_them(console: Console) -> None:
    await console.page.goto(console.url)
    agree = await console.page.evaluate(
        """async () => {
            const { EventParser } = await import("/web/sse.js");
            const wire = ": hi\\r\\n\\r\\nevent: custom\\r\\ndata: {\\"a\\":\\r\\ndata: 1}\\r\\nid: 3-0\\r\\n\\r\\n"
              + "event: end\\ndata: null\\n\\ndata:x\\r\\rid\\n\\n";
            const whole = JSON.stringify(new EventParser().push(wire));
            const parser = new EventParser();
            return [JSON.stringify([...wire].flatMap((piece) => parser.push(piece))) === whole, JSON.parse(whole)];
        }"""
    )
    assert agree[0]
    assert agree[1] == [
        {"event": "custom", "data": '{"a":\n1}', "id": "3-0"},
        {"event": "end", "data": "null", "id": None},
        {"event": "message", "data": "x", "id": None},
    ]


async def test_citations_are_superscripts_with_their_source(console: Console) -> None:
    await console.sign_in("Anna")
    turn = await console.ask("What is your return policy for electronics?")
    await console.over()
    await expect(turn.locator("sup.cite").first).to_have_attribute("title", "Returns and refunds · Electronics")
    await expect(turn.locator("sup.cite")).to_have_count(5)
    await expect(turn.locator(".sources li")).to_have_count(2)


async def test_a_reopened_conversation_shows_its_turns_and_its_question(console: Console) -> None:
    await console.sign_in()
    await console.ask("Why is order 1042 on hold?")
    await console.over()
    await console.ask("Refund the headset on order 1017")
    await console.over()
    await console.page.reload()
    turns = console.page.locator(".turn")
    await expect(turns).to_have_count(2)
    await expect(turns.nth(0).locator(".tool[data-status=ok]")).to_have_count(2)
    await expect(turns.nth(0).locator(".answer table")).to_be_visible()
    await expect(turns.nth(0).locator(".agent-name")).to_have_text("Risk")
    await expect(turns.nth(1).locator(".tool[data-status=pending]")).to_have_count(1)
    await turns.nth(1).get_by_role("button", name="Approve").click()
    await expect(turns.nth(1).locator(".answer")).to_contain_text("on its way")
    await console.over()
    await expect(turns.nth(1).locator(".tool")).to_have_count(3)


async def test_a_reload_during_a_run_joins_it_from_its_start(console: Console) -> None:
    await console.sign_in()
    turn = await console.ask("slow")
    await expect(turn.locator(".answer")).to_have_text(LONG)
    await console.page.reload()
    turn = console.page.locator(".turn")
    await expect(turn).to_have_count(1)
    await expect(turn.locator(".answer")).to_have_text(LONG)
    await expect(turn.locator(".agent")).to_have_count(1)
    await expect(console.page.get_by_role("button", name="Stop")).to_be_visible()
    assert console.api.joins == ["-1"]
    console.api.gate("slow").set()
    await console.over()
    await expect(turn.locator(".answer")).to_have_text(LONG)


async def test_another_conversation_does_not_get_this_ones_answer(console: Console) -> None:
    await console.sign_in()
    turn = await console.ask("slow")
    await expect(turn.locator(".answer")).to_contain_text("Every")
    await console.page.get_by_role("link", name="Weekly sales report").click()
    await expect(console.page.locator(".turn")).to_have_count(1)
    await expect(console.page.locator(".answer")).to_have_text("Two SKUs are below their reorder point.")
    console.api.gate("slow").set()
    await asyncio.sleep(0.3)
    await expect(console.page.locator(".answer")).to_have_count(1)
    await console.over()


async def test_failures_are_told_in_place_and_tried_again(console: Console) -> None:
    await console.sign_in()
    console.api.fail_next_run = True
    turn = await console.ask("hello there")
    await expect(turn.get_by_role("alert")).to_contain_text("The shop is busy. Try again.")
    await turn.get_by_role("button", name="Try again").click()
    await expect(turn.locator(".answer")).to_contain_text("I can look into orders")
    await console.over()
    first, second = console.api.bodies("/runs/stream")
    assert first == second
    failed = await console.ask("please fail")
    await expect(failed.get_by_role("alert")).to_contain_text("did not answer in time")
    await console.over()


async def test_the_keyboard_is_enough(console: Console) -> None:
    page = console.page
    await console.sign_in()
    box = page.get_by_role("textbox", name="Message")
    await expect(box).to_be_focused()
    await page.keyboard.type("one")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("two")
    assert await box.input_value() == "one\ntwo"
    await page.keyboard.press("Enter")
    await expect(page.locator(".said")).to_contain_text("one\ntwo")
    await console.over()
    await expect(box).to_be_focused()
    await page.keyboard.press("Shift+Tab")
    outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_keeps_its_contrast(console: Console, scheme: Any) -> None:
    page = console.page
    await page.emulate_media(color_scheme=scheme)
    await console.sign_in()
    await console.ask("hostile")
    await console.over()
    await console.ask("Refund the headset on order 1017")
    await console.over()
    await page.wait_for_timeout(300)
    low: list[Any] = await page.evaluate(CONTRAST)
    assert low == []


async def test_it_fits_360_pixels(console: Console) -> None:
    page = console.page
    await page.set_viewport_size({"width": 360, "height": 740})
    await console.sign_in()
    sidebar = page.get_by_role("complementary", name="Navigation")
    await expect(sidebar).not_to_be_in_viewport()
    await console.ask("Why is order 1042 on hold?")
    await console.over()
    await console.ask("hostile")
    await console.over()
    turn = await console.ask("Refund the headset on order 1017")
    await console.over()
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    wide: list[str] = await page.locator(".turns *").evaluate_all(
        """all => all.filter(e => !e.closest('.table-scroll, pre, .visually-hidden, svg') && e.getBoundingClientRect().right > 361)
            .map(e => e.className)"""
    )
    assert wide == []
    await expect(turn.get_by_role("button", name="Approve")).to_be_in_viewport()
    await page.get_by_role("button", name="Conversations").click()
    await expect(sidebar).to_be_in_viewport()
    await expect(page.get_by_role("button", name="Close")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(sidebar).not_to_be_in_viewport()
    await page.get_by_role("button", name="Conversations").click()
    await page.get_by_role("link", name="Weekly sales report").click()
    await expect(page.locator(".answer")).to_contain_text("Two SKUs")
    await expect(sidebar).not_to_be_in_viewport()


CONTRAST = """() => {
    const parse = (text) => { const m = text.match(/[\\d.]+/g).map(Number); return [m[0], m[1], m[2], m[3] ?? 1]; };
    const linear = (v) => v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4;
    const lum = (c) => 0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2]);
    const low = [];
    for (const element of document.querySelectorAll("#app *")) {
        const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (!own || element.closest(".visually-hidden, :disabled") || !element.checkVisibility()) continue;
        let back = element;
        while (back && parse(getComputedStyle(back).backgroundColor)[3] === 0) back = back.parentElement;
        const [a, b] = [lum(parse(getComputedStyle(element).color)), lum(parse(getComputedStyle(back ?? document.body).backgroundColor))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) low.push([element.className, element.textContent.slice(0, 30), ratio.toFixed(2)]);
    }
    return low;
}"""
