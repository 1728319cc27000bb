"""The HTML player under real keys and clicks, in a notebook and on a slide."""

import base64
import os
import re
import shutil
import subprocess
import time

import pytest
from browser import key
from played import HOSTILE, NUMBER, hostile, perceptron, steps

from backviz import Figure, Style, load
from backviz.diagrams.steps import Steps
from backviz.diagrams.theme import THEMES
from backviz.renderers.builds import BUILDERS
from backviz.renderers.player import html

# In a browser ----------------------------------------------------------------------------


def test_keys_go_from_step_to_step_and_numbers_appear(page):
    page.open(steps())
    assert page.step == "1 / 12"  # nothing is told before its time
    assert page.text(".words").startswith("Given: x1 = 2")
    assert page.find(".slider").get_attribute("value") == "1"
    assert not page.find("[data-do=back]").is_enabled()
    assert page.shown("n0") == ["x1", "2"]
    assert page.shown("n9") == ["o", "tanh"]
    page.keys(*[key("ARROW_RIGHT")] * 5)
    assert page.shown("n9") == ["o", "tanh", f"{NUMBER:.4f}"]
    page.keys(key("PAGE_DOWN"))
    assert page.shown("n9") == ["o", "tanh", f"{NUMBER:.4f}", "1"]
    assert page.find(".words").get_attribute("data-phase") == "backward"
    page.keys(key("END"), key("HOME"))
    assert page.step == "1 / 12"
    page.keys(*[key("ARROW_RIGHT")] * 6)
    page.keys(key("ARROW_LEFT"), key("PAGE_UP"), key("ARROW_LEFT"))
    assert page.step == "4 / 12"
    assert page.text(".words").startswith("n7 = n5 + n6 = −6 + 0 = −6")
    page.keys(key("END"))
    assert page.shown("n1") == ["w1", "−3", "1"]
    assert not page.find("[data-do=on]").is_enabled()
    page.find("[data-do=back]").click()
    assert page.step == "11 / 12"


def test_names_are_written_as_by_hand(page):
    page.open(steps(lettering="math"))
    assert page.text(".words").startswith("Given: x₁ = 2, w₁ = −3")
    assert page.shown("n0") == ["x", "1", "2"]  # the 1 is lowered


def test_space_plays_from_the_start_and_pauses(page):
    page.open(steps())
    page.keys(" ")
    assert page.step == "1 / 12"
    assert page.find(".play").get_attribute("aria-label") == "Pause"
    for _ in range(40):
        if page.step == "2 / 12":
            break
        time.sleep(0.1)
    page.keys(" ")
    assert page.step == "2 / 12"
    assert page.find(".play").get_attribute("aria-label") == "Play"


def test_the_slider_is_dragged_and_pressed(page):
    page.open(steps())
    slider = page.find(".slider")
    half = slider.size["width"] / 2 - 12
    for place, step in ((-half, 1), (0, 6), (half, 12)):
        page.hand.move_to_element_with_offset(slider, place, 0).click().perform()
        assert abs(int(page.step.split(" /")[0]) - step) <= (1 if place == 0 else 0)
    page.keys(key("ARROW_LEFT"))  # the slider has the focus: one step, not two
    assert page.step == "11 / 12"
    assert slider.get_attribute("aria-valuetext") == "Step 11 of 12"


def test_a_press_on_a_box_tells_its_rule_and_its_numbers(page):
    page.open(steps(), "#12")
    page.part("n9").click()
    told = page.text(".panel").splitlines()
    assert told[:2] == ["o", "tanh"] or told[0].split() == ["o", "tanh"]
    assert repr(NUMBER) in told
    assert "o = tanh(n) = tanh(0.8814) = 0.7071" in told
    (local,) = [line for line in told if line.startswith("∂o/∂n = ")]
    assert float(local.removeprefix("∂o/∂n = ")) == pytest.approx(1 - NUMBER**2, rel=1e-15)
    page.keys(key("HOME"))
    assert repr(NUMBER) not in page.text(".panel")
    assert "not reached yet" in page.text(".panel")
    page.keys(key("ESCAPE"))
    assert not page.find(".panel").is_displayed()


def test_the_panel_has_a_gradient_as_the_sum_of_what_arrived(page):
    # L = (ab + c)(a − c) at 2, 3, 4: ∂L/∂a = (a − c)·b + (ab + c) = −6 + 10
    page.open(steps("@diamond", pace="contribution"), "#14")
    a = page.names()["a"]
    page.part(a).click()
    assert "10 + (−6) =\n4\n" in page.text(".panel")
    page.keys(key("ARROW_LEFT"), key("ARROW_LEFT"))
    sums = []
    for _ in range(8):
        sums += [line for line in page.text(".panel").splitlines() if line.endswith("…")]
        page.keys(key("ARROW_LEFT"))
    assert set(sums) == {"10 + …"}


def test_enter_on_a_focused_arrow_opens_its_numbers(page):
    page.open(steps("@diamond"), "#10")
    arrow = next(name for name in (f"e{i}" for i in range(8))
                 if page.part(name).get_attribute("aria-label").startswith("e → d"))  # fmt: skip
    page.run("arguments[0].focus()", page.part(arrow))
    page.keys(key("ENTER"))
    told = page.text(".panel")
    assert told.startswith("e → d")
    assert "∂L/∂e += ∂L/∂d·1 = (−2)·1 = −2" in told
    assert "contribution\n−2" in told


def test_hover_lights_exactly_the_way_of_the_gradient(page):
    page.open(steps("@diamond"))
    names = page.names()
    page.hover(names["b"])
    lit = page.run("[...document.querySelectorAll('.lit:not(.label)')].map(g => g.dataset.part)")
    edges = {name: page.part(name).get_attribute("aria-label").split(":")[0]
             for name in lit if name[0] == "e"}  # fmt: skip
    assert set(edges.values()) == {"b → e", "e → d", "d → L"}
    assert {n for n in lit if n[0] == "n"} == {names[t] for t in "bedL"}
    time.sleep(0.3)
    style = "Number(getComputedStyle(arguments[0]).opacity)"
    assert page.run(style, page.part(names["f"])) < 0.5
    assert page.run(style, page.part(names["e"])) == 1


def test_folding_keeps_the_moment_and_comes_back_to_it(page):
    page.open(steps(), "#4")
    assert page.text(".words").startswith("n7 = n5 + n6")
    page.find("[data-fold='1']").click()
    assert page.names().keys() == {"x1", "x2", "w1", "w2", "b", "n", "o"}
    assert page.text(".words").startswith("n = x1·w1 + x2·w2 + b")  # the box that n7 is in
    assert page.step == "2 / 6"
    page.find("[data-fold='0']").click()
    assert page.step == "4 / 12"
    page.keys(*[key("ARROW_RIGHT")] * 5)
    assert "∂o/∂n7" in page.text(".words")
    page.find("[data-fold='1']").click()
    assert page.text(".words").startswith("∂o/∂x1")
    assert page.shown(page.names()["x1"]) == ["x1", "2", "−1.5"]


def test_nothing_moves_between_steps(page):
    page.open(steps("@diamond", pace="contribution"))
    places = "[...document.querySelectorAll('.level:not([hidden]) .box, .stage, .words, .steps')]"
    frame = "(g.querySelector(':scope > rect') || g).getBoundingClientRect().toJSON()"
    script = f"{places}.map(g => {frame})"
    page.keys(key("HOME"))
    first = page.run(script)
    for _ in range(int(page.step.split("/ ")[1]) - 1):
        page.keys(key("ARROW_RIGHT"))
        assert page.run(script) == first
    page.keys("+")
    assert page.run(script) != first


def test_light_and_dark(page):
    def background():
        colour = page.run("getComputedStyle(document.querySelector('.backviz-player')).background")
        return tuple(map(int, re.findall(r"\d+", colour)[:3]))

    def of(theme):
        colour = THEMES[theme].background
        return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))

    page.open(steps())
    assert background() == of("light")
    page.find("[data-do=theme]").click()
    assert background() == of("dark")
    page.find("[data-do=theme]").click()
    assert background() == of("light")
    page.media(prefers_color_scheme="dark")
    page.open(steps())
    assert background() == of("dark")
    page.find("[data-do=theme]").click()
    assert background() == of("light")
    page.open(steps(theme="contrast"))
    assert background() == of("contrast")


def test_zoom_and_pan(page):
    from selenium.webdriver.common.actions.wheel_input import ScrollOrigin

    def place():
        moved = page.run("document.querySelector('.view').getAttribute('transform')")
        return tuple(map(float, re.findall(r"-?\d[-\d.e]*", moved or "0 0 1")))

    page.open(steps())
    page.keys("+")
    assert place()[2] == pytest.approx(1.4)
    page.keys("-")
    assert place() == pytest.approx((0, 0, 1), abs=1e-9)
    box = page.part("n9")
    before = box.rect
    origin = ScrollOrigin.from_element(box)
    page.hand.scroll_from_origin(origin, 0, -400).perform()
    assert place()[2] > 1.5
    middle = [r["x"] + r["width"] / 2 for r in (before, box.rect)]
    assert middle[0] == pytest.approx(middle[1], abs=2)  # what is under the pointer stays there
    was = place()
    page.hand.drag_and_drop_by_offset(box, -40, -30).perform()
    assert place()[0] < was[0]
    assert place()[1] < was[1]
    assert not page.find(".panel").is_displayed()  # the end of a drag is no press
    page.keys(key("HOME"), key("ARROW_RIGHT"))  # what is at work comes into view
    stage, at = page.find(".stage").rect, page.part("n5").rect
    for low, size in (("x", "width"), ("y", "height")):
        assert stage[low] <= at[low]
        assert at[low] + at[size] <= stage[low] + stage[size]
    page.keys("0")
    assert place() == (0, 0, 1)
    page.keys("+", "+")
    page.hand.move_to_element_with_offset(page.find(".stage"), 0, 200).double_click().perform()
    assert place() == (0, 0, 1)


def test_the_address_opens_a_step(page):
    page.open(steps(), "#3")
    assert page.step == "3 / 12"
    page.run("location.hash = '#9'")
    for _ in range(20):
        if page.step == "9 / 12":
            break
        time.sleep(0.05)
    assert page.step == "9 / 12"
    page.keys(key("ARROW_RIGHT"))
    assert page.driver.current_url.endswith("#10")
    page.open(steps(), "#900")
    assert page.step == "12 / 12"
    for other in ("", "#0", "#introduction", "#<img src=x onerror=alert(1)>"):
        page.open(steps(), other)
        assert page.step == "1 / 12"


def test_paper_has_a_page_for_every_step(page, tmp_path):
    reader = shutil.which("pdftotext")
    if reader is None and not os.environ.get("CI_PEERS"):
        pytest.skip("there is no pdftotext")
    page.media(prefers_color_scheme="dark")
    page.open(steps(), "#2")
    made = page.driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    path = tmp_path / "steps.pdf"
    path.write_bytes(base64.b64decode(made["data"]))
    text = subprocess.run([reader, "-layout", path, "-"], check=True, capture_output=True).stdout
    pages = text.decode().rstrip("\f\n").split("\f")
    assert len(pages) == 12
    for i, printed in enumerate(pages, 1):
        assert f"{i} / 12" in printed
    assert "Given: x1 = 2" in pages[0]
    assert "0.7071" not in pages[4]
    assert "0.7071" in pages[5]
    assert "∂o/∂w1 += ∂o/∂n5·x1 = 0.5·2 = 1" in pages[11]
    assert "0.7071" in pages[11]  # in the graph: the words do not say it
    assert page.step == "2 / 12"  # and the screen is as it was
    assert page.run("document.querySelectorAll('.sheets').length") == 0
    assert page.shown("n9") == ["o", "tanh"]


def test_hostile_labels_do_nothing_and_read_literally(page):
    page.open(steps(hostile(), title="<script>alert(2)</script>"))
    assert page.text("h1") == "<script>alert(2)</script>"
    assert page.driver.title == "<script>alert(2)</script>"
    assert page.shown("n0")[:2] == [HOSTILE[0][:17] + "…", "NaN"]
    assert page.shown("n1")[0] == HOSTILE[1]
    for name in ("n3", "n4", "n0", "n1", "n2"):
        page.part(name).click()
        page.keys(key("ARROW_LEFT"))
    assert page.text(".panel h2").startswith(HOSTILE[2])
    page.keys(key("HOME"), key("END"))
    assert HOSTILE[1] in page.text(".words")
    assert page.run("document.querySelectorAll('img, b').length") == 0


@pytest.mark.parametrize("size", [(1280, 720), (390, 800)])
@pytest.mark.parametrize("source", ["@mazur", "Л=(вес*вход+сдвиг)**2; вес=2; вход=-3; сдвиг=0.1"])
def test_nothing_overlaps_on_a_projector_and_on_a_phone(page, size, source):
    page.size(*size)
    page.open(steps(source, lang="en" if source[0] == "@" else "ru"))
    page.part(page.run("document.querySelector('.box').dataset.part")).click()
    rects = page.run(
        "['.head', '.stage', '.panel', '.words', '.steps'].map(s => "
        "document.querySelector(s).getBoundingClientRect().toJSON())"
    )
    for i, one in enumerate(rects):
        assert one["left"] >= 0
        assert one["top"] >= 0
        assert one["right"] <= size[0] + 0.5
        assert one["bottom"] <= size[1] + 0.5
        assert one["width"] > 200
        assert one["height"] > 30
        for other in rects[i + 1 :]:
            apart = (one["right"] <= other["left"] + 1 or other["right"] <= one["left"] + 1
                     or one["bottom"] <= other["top"] + 1
                     or other["bottom"] <= one["top"] + 1)  # fmt: skip
            assert apart
    inner = page.run(
        "[...document.querySelectorAll('.tools, .tools button, .legend, .steps > *')]"
        ".filter(e => e.offsetParent).map(e => e.getBoundingClientRect().right)"
    )
    assert max(inner) <= size[0]


def test_another_font_does_not_leave_its_box(page):
    page.open(steps("@mazur"))
    page.run("document.querySelectorAll('svg').forEach(s => s.style.fontFamily = 'monospace')")
    outside = page.run(
        "[...document.querySelectorAll('.level:not([hidden]) .box')].filter(g => {"
        "const frame = g.querySelector('rect').getBBox();"
        "return [...g.querySelectorAll('text')].some(t => { const b = t.getBBox();"
        "return b.width && (b.x < frame.x || b.x + b.width > frame.x + frame.width); }) }).length"
    )
    assert outside == 0


def test_two_players_stand_on_one_page(page):
    left, right = (html(steps(source, salt=salt)).decode()
                   for source, salt in (("@karpathy-neuron", "a"), ("@diamond", "b")))  # fmt: skip
    inside = re.search(r"<body.*?>(.*)</body>", right, re.DOTALL).group(1)
    style = re.search(r"<style>.*?</style>", right, re.DOTALL).group(0)
    both = re.sub(r"<meta http-equiv.*?>", style.replace("\\", "\\\\"), left)
    page.write(both.replace("</body>", inside + "</body>").encode())
    counters = "[...document.querySelectorAll('.counter')].map(c => c.textContent)"
    assert page.run(counters)[0] == "1 / 12"
    before = page.run(counters)
    page.keys(key("END"))  # neither has the focus: neither moves
    assert page.run(counters) == before
    page.run("document.querySelector('#b-player').scrollIntoView()")
    page.find("#b-player [data-do=first]").click()
    page.keys(key("ARROW_RIGHT"))
    assert page.run(counters) == ["1 / 12", "2" + before[1][before[1].index(" ") :]]
    ids = page.run("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))


def test_without_scripts_the_last_step_is_there(page):
    page.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page.open(steps())
        assert page.shown("n0") == ["x1", "2", "−1.5"]
        assert page.text(".words").startswith("∂o/∂x1 += ∂o/∂n5·w1 = 0.5·(−3) = −1.5")
        assert not page.find(".steps").is_displayed()
        assert page.part("n9").rect["width"] > 100
    finally:
        page.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_a_screen_reader_hears_the_moment_and_no_number_before_its_time(page):
    page.open(steps(), "#5")
    assert page.find(".words").get_attribute("aria-live") == "polite"
    assert page.part("n8").get_attribute("aria-label") == "n, +, 0.8814"
    assert page.part("n9").get_attribute("aria-label") == "o, tanh"
    heard = "document.querySelector('.level:not([hidden]) desc').textContent"
    assert page.run(heard) == "n = n7 + b = −6 + 6.881 ≈ 0.8814"
    page.keys(key("END"))
    assert page.part("n8").get_attribute("aria-label") == "n, +, 0.8814, ∂o/∂n = 0.5"
    unnamed = "button, input, [role=button], [role=group], [role=region]"
    named = f"[...document.querySelectorAll('{unnamed}')].filter(e => "
    assert page.run(named + "!e.ariaLabel && !e.textContent.trim()).length") == 0


def test_motion_is_left_out_where_a_person_asks_for_that(page):
    style = "getComputedStyle(document.querySelector('.box')).transitionDuration"
    page.open(steps())
    assert page.run(style) != "0s"
    page.media(prefers_reduced_motion="reduce")
    assert page.run(style) == "0s"


def test_sixty_boxes_answer_a_key_at_once(page):
    page.open(steps(perceptron(), fold="constants"))
    page.keys(key("HOME"))
    took = page.run(
        "(() => { const start = performance.now();"
        "for (let i = 0; i < 50; i++) document.body.dispatchEvent("
        "new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true}));"
        "return (performance.now() - start) / 50; })()"
    )
    assert page.step.startswith("51 /")
    assert took < 50  # milliseconds


# In a notebook and on a slide --------------------------------------------------------------


def test_a_build_in_a_notebook_s_cell_is_a_player_and_a_picture_without_frames(page):
    made, _ = steps()._repr_mimebundle_(include=["text/html"])
    page.write(f"<!DOCTYPE html><meta charset=utf-8>{made['text/html']}".encode())
    frame, picture = page.find("iframe"), page.find("img")
    assert frame.rect == picture.rect  # the player covers the picture
    assert frame.rect["width"] <= 960
    page.driver.switch_to.frame(frame)
    page.find(".backviz-player").click()
    page.keys(key("ARROW_RIGHT"), key("ARROW_RIGHT"))
    assert page.step == "3 / 12"
    page.driver.switch_to.default_content()
    bare = re.sub(r"<iframe.*?</iframe>", "", made["text/html"], flags=re.DOTALL)
    page.write(f"<!DOCTYPE html><meta charset=utf-8>{bare}".encode())
    assert page.run("document.querySelector('img').naturalWidth") > 300
    assert page.find("img").is_displayed()


@pytest.mark.parametrize("size", ["notebook", "slide"])
def test_fragments_fit_a_slide_of_reveal_under_a_heading(page, size):
    (made,) = BUILDERS["fragments"](Steps(Figure(load("@mazur"), Style(size=size))))
    heading = '<h2 style="font-size:67px;line-height:1.2;margin:0 0 20px">Backpropagation</h2>'
    slide = f'<section style="width:960px;font-size:42px">{heading}{made.decode()}</section>'
    page.write(f"<!DOCTYPE html><meta charset=utf-8>{slide}".encode())
    svg, whole = page.find("section > svg").rect, page.find("section").rect
    assert svg["width"] == 960
    assert whole["height"] <= 700
    # what is drawn lies within the root: nothing is cut
    whole_page = "document.querySelector('section > svg > rect').getBoundingClientRect()"
    box = page.run(f"(r => [r.left, r.right, r.top, r.bottom])({whole_page})")
    assert svg["x"] - 1 <= box[0] < box[1] <= svg["x"] + 961
    assert svg["y"] - 1 <= box[2] < box[3] <= svg["y"] + svg["height"] + 1


def test_zoom_ends_at_sixteen_times_and_at_the_whole_and_takes_a_true_minus(page):
    page.open(steps())
    scale = r"Number(document.querySelector('.level:not([hidden]) .view').getAttribute('transform').match(/scale\((.*)\)/)[1])"  # noqa: E501
    page.keys(*["+"] * 12)
    assert page.run(scale) == 16
    page.keys("−")
    assert page.run(scale) == pytest.approx(16 / 1.4)
    page.keys(*["-"] * 12)
    assert page.run(scale) == 1


@pytest.mark.parametrize("held", ["CONTROL", "ALT", "META"])
def test_keys_with_a_modifier_belong_to_the_browser(page, held):
    page.open(steps(), "#4")
    page.run("document.addEventListener('keydown', (e) => e.ctrlKey && e.preventDefault(), true)")
    page.hand.key_down(key(held)).send_keys(key("HOME")).key_up(key(held)).perform()
    assert page.step == "4 / 12"
