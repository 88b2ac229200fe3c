"""Files in the console, in a real browser against the whole product: asked for in words, saved by a click, with the session's token."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from core.identity import Principal
from server.wiring import Runtime
from server.worker.loop import working
from store.seed import SIGN_INS
from tests.e2e.test_page import CHROMIUM, FLAGS
from tests.support.simulation import served

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium on the path"),
    pytest.mark.browser,
]
MERCHANT, CUSTOMER = SIGN_INS[0], SIGN_INS[1]


@pytest.fixture
async def page(indexed: Runtime) -> AsyncIterator[Page]:
    async with served(indexed) as url, working(indexed), async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        page = await browser.new_page(viewport={"width": 1200, "height": 820}, accept_downloads=True)
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if "Content Security Policy" in message.text else None)
        await page.goto(url)
        yield page
        await browser.close()
        assert complaints == [], "the page broke its content policy or threw"


async def enter(page: Page, email: str, password: str) -> None:
    await page.get_by_label("Email").fill(email)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_role("textbox", name="Message")).to_be_visible()


async def ask(page: Page, words: str) -> None:
    await page.get_by_role("textbox", name="Message").fill(words)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Send", exact=True)).to_be_visible(timeout=20_000)


async def test_an_invoice_that_was_asked_for_is_saved_by_a_click(page: Page, merchant: Principal, tmp_path: Path) -> None:
    await enter(page, MERCHANT.email, MERCHANT.password)
    await ask(page, "show me the invoice of order 1017")
    button = page.locator(".answer .file").last
    await expect(button).to_contain_text("INV-")
    async with page.expect_download() as saving:
        await button.click()
    saved = await saving.value
    await saved.save_as(tmp_path / "file")
    assert saved.suggested_filename.startswith("inv-")
    assert (tmp_path / "file").read_bytes()[:5] == b"%PDF-"


async def test_a_file_that_is_not_there_says_so_and_nothing_is_fetched_elsewhere(page: Page, merchant: Principal) -> None:
    await enter(page, CUSTOMER.email, CUSTOMER.password)
    await page.evaluate(
        """async () => {
          const { showMarkdown } = await import("/web/markdown.js");
          const root = document.createElement("div");
          root.id = "shown";
          document.body.append(root);
          showMarkdown(root, "[gone](/v1/documents/01a205b3-0506-7539-9a01-c7aa7942ac69) [odd](/v1/documents/../me) [far](/v1/approvals)");
        }"""
    )
    await expect(page.locator("#shown .file")).to_have_count(1)
    await expect(page.locator("#shown a")).to_have_count(0)
    await page.locator("#shown .file").click()
    await expect(page.locator("#shown [role=status]")).to_contain_text("document")
