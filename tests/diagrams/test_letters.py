"""Letters that DejaVu Sans lacks: drawn with another font, kept as text, or said to be missing."""

import re
import warnings

import pytest
from command_line import call
from made_fonts import forget, make_font, no_other_fonts  # noqa: F401  (a fixture)

import backviz
from backviz import Value
from backviz.diagrams import font, system_fonts
from backviz.diagrams.figure import Figure
from backviz.diagrams.right_to_left import in_order
from backviz.errors import LetterWarning, UsageError
from backviz.renderers import RENDERERS
from backviz.renderers.player import html


def product(*names):
    first, *more = (Value(2.0 + k, label=name) for k, name in enumerate(names))
    for value in more:
        first = first * value
    first.backward()
    return first


@pytest.mark.parametrize("form", ["png", "pdf"])
def test_letters_that_no_font_has_are_said(form):
    with pytest.warns(LetterWarning, match=r"no font here can draw 习 学: .*--font FILE"):
        backviz.render(product("学习", "w"), form)


def test_a_build_says_it_too(tmp_path):
    with pytest.warns(LetterWarning, match="习 学"):
        backviz.steps(product("学习", "w")).save(tmp_path / "b.pdf")


def test_the_command_line_says_it_and_what_to_do(tmp_path, fonts):
    made = make_font(tmp_path / "own.ttf", "学习")
    there = ["graph", "L=学习*w; 学习=2; w=3", "-o", str(tmp_path / "a.png")]
    assert "no font here can draw 习 学" in call(*there).err
    assert "font" not in call(*there, "--font", str(made)).err


@pytest.mark.parametrize("form", ["svg", "png", "pdf"])
def test_nothing_is_said_where_all_letters_are_shown(form, fonts):
    if form != "svg":
        make_font(fonts / "squares.ttf", "学习")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        backviz.render(product("学习", "loss", "потери"), form)


def test_an_svg_keeps_such_letters_as_text_in_the_middle_of_their_room(fonts):
    value = product("学习", "w")
    drawn = backviz.render(value, "svg").decode()
    texts = re.findall(r'<text x="([\d.]+)" [^>]*text-anchor="middle"[^>]*>([^<]+)</text>', drawn)
    assert {text for _x, text in texts} == {"学习"}
    make_font(fonts / "squares.ttf", "学习")
    forget()
    assert backviz.render(value, "svg").decode() == drawn  # on every machine


@pytest.mark.parametrize("postscript", [False, True])
@pytest.mark.parametrize("advance", [1000, 3000])
def test_boxes_have_the_same_places_whatever_the_system_has(postscript, advance, fonts):
    value = product("学习", "w")
    bare = Figure(value).drawing
    make_font(fonts / "squares.otf", "学习", postscript, advance)
    forget()
    drawing = Figure(value).drawing
    assert drawing == bare
    shape = font.glyph("学")
    xs = [x for contour in shape.contours for _l, points in contour for x, _y in points]
    assert 0 <= min(xs) < max(xs) <= shape.advance == font.UNITS
    assert RENDERERS["png"](Figure(value)) == RENDERERS["png"](Figure(value))


def test_a_letter_in_a_font_with_postscript_outlines_keeps_its_curves(fonts):
    make_font(fonts / "squares.otf", "学", postscript=True)
    (contour,) = font.glyph("学").contours
    assert "C" in [letter for letter, _points in contour]
    for form in ("png", "pdf"):
        backviz.render(product("学", "w"), form)


def test_fonts_without_outlines_and_damaged_ones_are_passed_over(fonts):
    make_font(fonts / "b.ttf", "学")
    (fonts / "a.ttf").write_bytes(b"no font")
    assert not font.missing("学")
    assert font.missing("学🚀") == {"🚀"}


@pytest.mark.parametrize("bad", ["gone.ttf", "text.ttf"])
def test_a_wrong_font_file_is_one_sentence(bad, tmp_path):
    (tmp_path / "text.ttf").write_text("no font")
    with pytest.raises(UsageError, match=f"cannot use .*{bad} as a font"):
        backviz.use_font(tmp_path / bad)


def test_no_font_is_looked_for_before_a_letter_is_missing(monkeypatch):
    def searched():
        raise AssertionError

    monkeypatch.setattr(system_fonts, "_folders", searched)
    for form in ("svg", "png", "pdf"):
        backviz.render(product("потери", "θ_1", "x̂", "שלום"), form)


# The forms are those of the code charts of Unicode: Arabic Presentation Forms-B.
@pytest.mark.parametrize(
    ("typed", "drawn"),
    [
        ("سلام", "\ufee1\ufefc\ufeb3"),  # meem alone, lam with alef at the end, seen at the start
        ("وزن", "\ufee5\ufeaf\ufeed"),  # waw and zain are not joined to what follows
        ("ببب", "\ufe90\ufe92\ufe91"),
        ("שלום", "םולש"),
        ("אב גד", "דג בא"),
        ("قِيمة", "\ufe94\ufee4\ufef4\ufed7\u0650"),  # a mark stays behind its letter
    ],
)
def test_words_from_right_to_left_are_turned_and_joined(typed, drawn):
    assert in_order(typed) == drawn


def test_a_formula_keeps_its_operands_from_left_to_right():
    pieces = font.runs("אב·גד", 10)
    assert [run.text for run in pieces] == ["בא", "·", "דג"]
    assert [run.x for run in pieces] == sorted(run.x for run in pieces)


def test_a_browser_turns_words_round_itself():
    page = html(backviz.steps(product("سلام", "w"))).decode()
    assert ">سلام</text>" in page
    assert "\ufee1" not in page
    assert "\u2068سلام\u2069 = 2" in page  # 2 stays behind its name
    kept = backviz.render(product("سلام", "w"), "svg", text="keep").decode()
    assert ">سلام</text>" in kept


def test_letters_that_ought_to_be_joined_and_are_not_are_said(fonts):
    make_font(fonts / "squares.ttf", "दर")
    with pytest.warns(LetterWarning, match="द र are drawn one by one"):
        backviz.render(product("दर", "w"), "png")


def test_tikz_says_what_pdflatex_cannot_set():
    with pytest.warns(LetterWarning, match="pdflatex cannot set 学"):
        backviz.render(product("学", "w"), "tikz")
