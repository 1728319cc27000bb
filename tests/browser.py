"""A Chromium that tests drive; without one they are skipped, with CI_PEERS they fail."""

import os
import shutil
from contextlib import contextmanager

import pytest

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = ["headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run",
         "disable-background-networking", "disable-component-update", "disable-sync"]  # fmt: skip


@contextmanager
def chromium(folder):
    """The driver of a browser whose profile lies in `folder`."""
    if os.environ.get("CI_PEERS"):
        import selenium
    else:
        selenium = pytest.importorskip("selenium")
        if not (CHROMIUM and DRIVER):
            pytest.skip("there is no chromium with chromedriver")
    assert selenium.__version__
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"user-data-dir={folder}"):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=Service(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()
