"""A browser for tests: Chromium, cut off from every network, and what pages say in it."""

import os
import shutil
import time
from contextlib import contextmanager

import pytest

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM = next(filter(None, map(shutil.which, _PROGRAMS)), None)
# Where all checks are run, none may be skipped.
EXPECTED = "AUTOGRAD_SCALAR_EXPECT_BROWSER" in os.environ

needs_browser = pytest.mark.skipif(
    CHROMIUM is None and not EXPECTED, reason="Chromium is not installed"
)

_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@contextmanager
def chromium():
    """The browser, started."""
    playwright = pytest.importorskip("playwright.sync_api") if not EXPECTED else None
    if playwright is None:
        from playwright import sync_api as playwright
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=_QUIET)
        yield browser
        browser.close()


def until(page, condition, seconds=10):
    """Wait until an expression is true; pages forbid what Playwright would do for it."""
    end = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < end, f"never true: {condition}"
        page.wait_for_timeout(20)


@contextmanager
def opened(browser, path, fragment="", **options):
    """A page from a file, that asks for nothing else and says nothing on the console.

    options  of Playwright's contexts: `viewport`, `color_scheme`, `reduced_motion`, …
    """
    options = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"} | options
    context = browser.new_context(offline=True, accept_downloads=True, **options)
    page = context.new_page()
    page.set_default_timeout(10_000)
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri() + fragment)
    until(page, "document.getElementById('page')?.handle !== undefined")
    yield page
    context.close()
    assert said == []
    assert {url.partition("#")[0] for url in asked if url[:5] != "blob:"} == {path.as_uri()}
