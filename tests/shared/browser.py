"""A Chromium that tests drive; without one they are skipped, with CI_PEERS they fail."""

import json
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


@pytest.fixture(scope="module")
def chrome(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver


class Page:
    """A player in the browser: opened from a file, read and handled as a person does."""

    def __init__(self, driver, folder):
        self.driver, self.folder = driver, folder

    def open(self, made, at=""):
        from backviz.renderers.player import html

        self.write(html(made), at)

    def write(self, page, at=""):
        path = self.folder / "player.html"
        path.write_bytes(page)
        self.driver.get("about:blank")
        self.driver.get(path.as_uri() + at)

    def size(self, width, height):
        view = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", view)

    def media(self, **features):
        listed = [{"name": k.replace("_", "-"), "value": v} for k, v in features.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": listed})

    def run(self, script, *args):
        return self.driver.execute_script(f"return {script}", *args)

    def find(self, selector):
        return self.driver.find_element("css selector", selector)

    def part(self, name):
        return self.find(f".level:not([hidden]) [data-part={name}]:not(.label)")

    @property
    def hand(self):
        """What moves the pointer, turns the wheel and presses keys."""
        from selenium.webdriver import ActionChains

        return ActionChains(self.driver, duration=20)

    def keys(self, *pressed):
        self.hand.send_keys(*pressed).perform()

    def hover(self, name):
        self.hand.move_to_element(self.part(name)).perform()

    def text(self, selector):
        return self.find(selector).text

    @property
    def step(self):
        return self.text(".counter")

    def shown(self, name):
        """The texts of a box that can be seen, in order."""
        visible = "filter(t => getComputedStyle(t).display !== 'none')"
        script = f"[...arguments[0].querySelectorAll('text')].{visible}.map(t => t.textContent)"
        return self.run(script, self.part(name))

    def names(self):
        """The ids of the boxes by their titles."""
        return {self.shown(name)[0]: name for name in self.run(
            "[...document.querySelectorAll('.level:not([hidden]) .box')].map(g => g.dataset.part)"
        )}  # fmt: skip


@pytest.fixture
def page(chrome, tmp_path):
    made = Page(chrome, tmp_path)
    made.size(1280, 720)
    made.media(prefers_color_scheme="light")
    for log in ("browser", "performance"):
        chrome.get_log(log)
    yield made
    asked = [json.loads(entry["message"])["message"] for entry in chrome.get_log("performance")]
    urls = [m["params"]["request"]["url"] for m in asked
            if m["method"] == "Network.requestWillBeSent"]  # fmt: skip
    assert urls, "the log is empty, so it proves nothing"
    assert [u for u in urls if not u.startswith(("file:", "data:", "about:"))] == []
    assert chrome.get_log("browser") == []


def key(name):
    from selenium.webdriver.common.keys import Keys

    return getattr(Keys, name)
