"""Hand-outs: what was shown in a session, as a page, as text and as a notebook that runs."""

import html
import json
import os
from html.parser import HTMLParser

import numpy as np
import pytest
from command_line import call

import backviz
from backviz import Value, tensor
from backviz.errors import InputError, UsageError
from backviz.stepping.handout import HANDOUTS

SRC = "L=(a*b+c)*tanh(a); a=2; b=-3; c=10"
LINES = "n; c; why a; a = 5; why b; pirnt x; p a+1"
ASKED = ["n", "c", "why a", "a = 5", "why b", "pirnt x", "p a+1"]


class Page(HTMLParser):
    """The texts of a page by their tag, and its tags."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.open = [], {}, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.open.append(tag)

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)


def exported(folder, name, src=SRC, lines=LINES, *more):
    path = folder / name
    done = call("step", src, "--commands", f"{lines}; export {path}", *more)
    assert path.exists(), done.text
    shown = done.text.split("step> export")[0]
    return path.read_text("utf-8"), shown


def test_a_page_holds_what_was_shown_and_needs_nothing_else(tmp_path):
    text, shown = exported(tmp_path, "session.html")
    page = Page(text)
    said = "".join(page.texts["pre"])
    for line in shown.splitlines():
        assert line.startswith("step> ") or line in said
    assert page.texts["h2"] == [f"step> {line}" for line in ASKED]
    assert page.tags.count("svg") == 3  # the beginning, the what-if, the end
    assert "script" not in page.tags and "http-equiv" not in text and "src=" not in text
    ids = [part.split('"')[0] for part in text.split(' id="')[1:]]
    assert len(ids) == len(set(ids))


def test_markdown_holds_it_in_blocks_that_no_text_breaks(tmp_path):
    text, shown = exported(tmp_path, "session.md")
    for line in shown.splitlines():
        assert line in text
    assert text.count("```") % 2 == 0 and "│ b = −3" in text and "│ a = 5" in text
    a = Value(2.0, "a ``` <b> | c")
    s = backviz.stepper(a * a)
    s.next()
    s.export(str(tmp_path / "ticks.md"))
    ticks = (tmp_path / "ticks.md").read_text("utf-8")
    assert "````text" in ticks and a.label in ticks


def test_names_are_text_on_a_page(tmp_path):
    a = Value(2.0, "<script>alert(1)</script>&")
    s = backviz.stepper(a * a)
    s.next()
    s.run("backward")
    s.export(str(tmp_path / "x.html"))
    text = (tmp_path / "x.html").read_text("utf-8")
    assert "<script" not in text and "&lt;script&gt;alert(1)" in text


def test_russian_and_commas_go_along(tmp_path):
    text, _ = exported(tmp_path, "s.html", SRC, "n; why a", "--lang", "ru", "--decimal", ",")
    assert 'lang="ru"' in text and "По шагам: L" in text
    book, _ = exported(tmp_path, "s.ipynb", SRC, "n", "--lang", "ru", "--digits", "6")
    first = next(c for c in json.loads(book)["cells"] if c["cell_type"] == "code")["source"]
    assert "lang='ru'" in first and "digits=6" in first


def test_a_notebook_is_valid_and_says_the_same_when_it_runs_again(tmp_path):
    text, _ = exported(tmp_path, "session.ipynb")
    cells = [c for c in json.loads(text)["cells"] if c["cell_type"] == "code"]
    made = {}
    for cell in cells:  # as a notebook runs it: the last expression is shown
        *body, last = cell["source"].splitlines()
        exec("\n".join(body), made)
        shown = repr(eval(last, made))
        if cell is not cells[0]:
            assert shown == cell["outputs"][0]["data"]["text/plain"]
    assert [c["source"] for c in cells[1:]] == [
        f"s.run({line!r})" for line in ASKED if line != "pirnt x"
    ]
    assert "pirnt x" in text  # as words: a mistake is not made again


@pytest.mark.peers
@pytest.mark.slow
def test_a_notebook_runs_in_a_kernel(tmp_path):
    if not os.environ.get("CI_PEERS"):
        pytest.importorskip("nbclient")
    import nbclient
    import nbformat

    text, _ = exported(tmp_path, "session.ipynb")
    book = nbformat.reads(text, as_version=4)
    nbformat.validate(book)
    before = [out.data for cell in book.cells if cell.cell_type == "code" for out in cell.outputs]
    nbclient.NotebookClient(book, timeout=120).execute()
    after = [out.data for cell in book.cells if cell.cell_type == "code" for out in cell.outputs]
    assert [d.get("text/plain") for d in after][1:] == [d.get("text/plain") for d in before][1:]


def test_the_python_object_exports_too(tmp_path):
    W, x = tensor(np.eye(2), "W"), tensor([1.0, 2.0], "x")
    s = backviz.stepper((W @ x).sum())
    with pytest.raises(InputError, match="nothing was shown yet"):
        s.export(str(tmp_path / "x.html"))
    s.next(2)
    s.set(x=[3.0, 4.0])
    for form in HANDOUTS:
        s.export(str(tmp_path / f"x.{form}"))
        assert "next 2" in (tmp_path / f"x.{form}").read_text("utf-8")
    first = (tmp_path / "x.html").read_bytes()
    s.export(str(tmp_path / "x.html"))
    assert (tmp_path / "x.html").read_bytes() == first
    with pytest.raises(UsageError, match="pdf"):
        s.export(str(tmp_path / "x.pdf"))
    with pytest.raises(UsageError, match=r"Word takes a page: export session\.html"):
        s.export(str(tmp_path / "x.docx"))
    assert not (tmp_path / "x.pdf").exists() and not (tmp_path / "x.docx").exists()


def test_large_computations_are_told_without_pictures(tmp_path):
    total = Value(0.0, "start")
    for k in range(200):
        total = total + Value(float(k))
    s = backviz.stepper(total)
    s.next(3)
    s.export(str(tmp_path / "x.html"))
    assert "<svg" not in (tmp_path / "x.html").read_text("utf-8")


def test_a_notebook_shows_the_session_with_buttons_at_the_present_place():
    s = backviz.stepper(backviz.load(SRC))
    pages = []
    for line in ("n 2", "c", "a = 5"):
        s.run(line)
        pages.append(html.unescape(s._repr_mimebundle_()[0]["text/html"]))
    told = [json.loads(p.split('type="application/json">')[1].split("</script>")[0]) for p in pages]
    assert [data["at"] for data in told] == [2, 9, 9]
    assert [len(data["levels"][0]["moments"]) for data in told] == [10, 10, 10]
    assert "10 = 4" in pages[0] and "−15" in pages[2] and "−15" not in pages[1]
    assert {*s._repr_mimebundle_({"text/html"}, None)[0]} == {"text/html"}
    assert "text/html" not in s._repr_mimebundle_(None, {"text/html"})[0]
    total = Value(0.0)
    for k in range(200):
        total = total + Value(float(k))
    assert "text/html" not in backviz.stepper(total)._repr_mimebundle_()[0]


@pytest.mark.peers
@pytest.mark.slow
def test_the_buttons_go_on_from_there(tmp_path):
    from browser import chromium
    from selenium.webdriver.common.by import By

    s = backviz.stepper(backviz.load(SRC))
    s.next(2)
    page = tmp_path / "cell.html"
    page.write_text(f'<!doctype html><meta charset="utf-8">{s._repr_mimebundle_()[0]["text/html"]}')
    with chromium(tmp_path / "profile") as driver:
        driver.get(page.as_uri())
        driver.switch_to.frame(0)
        counter = driver.find_element(By.CSS_SELECTOR, ".counter")
        assert counter.text == "3 / 10"
        driver.find_element(By.CSS_SELECTOR, '[data-do="on"]').click()
        assert counter.text == "4 / 10"
