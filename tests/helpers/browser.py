"""Headless Chromium for tests of pages: skipped, by name, where there is no Chromium or no Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser of Playwright's synchronous interface. It never has a network to reach: pages are local files."""
    library = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pip install .[browser]")
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with library.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        try:
            yield browser
        finally:
            browser.close()
