"""Builds: what every moment shows and says, nothing moves, every format holds every step."""

import io
import json
import re
import shutil
import subprocess
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from picture_lint import objections
from portable_svg import problems
from quick import one_in

import backviz
from backviz import Figure, Style, Value, load, tensor
from backviz.cli import _run
from backviz.diagrams.drawing import Text, runs
from backviz.diagrams.steps import PACES, PASSES, Steps
from backviz.diagrams.theme import PRESETS
from backviz.errors import InputError, UsageError
from backviz.renderers.builds import BUILDERS
from backviz.sources import EXAMPLES

pytestmark = pytest.mark.blas

SVG = "{http://www.w3.org/2000/svg}"


def steps_of(source, passes="both", pace="node", first=1, last=None, **style):
    value = load(source) if isinstance(source, str) else source
    value.backward(np.ones(value.shape) if value.shape else None)
    return Steps(Figure(value, Style(**style)), passes, pace, first, last)


def shown(steps, moment):
    return [m.text for m in steps.drawing(moment).marks() if isinstance(m, Text)]


def test_every_line_of_the_diamond_by_hand():
    said = [m.lines for m in steps_of("@diamond", pace="contribution").moments]
    assert said == [
        ("Given: a = 2,  b = 3,  c = 4",),
        ("e = a·b = 2·3 = 6",),
        ("d = e + c = 6 + 4 = 10",),
        ("f = a − c = 2 − 4 = −2",),
        ("L = d·f = 10·(−2) = −20",),
        ("Backward starts: ∂L/∂L = 1",),
        ("∂L/∂d += ∂L/∂L·f = 1·(−2) = −2   (1 of 1)",),
        ("∂L/∂f += ∂L/∂L·d = 1·10 = 10   (1 of 1)",),
        ("∂L/∂a += ∂L/∂f·1 = 10·1 = 10   (1 of 2)",),
        ("∂L/∂c += ∂L/∂f·(−1) = 10·(−1) = −10   (1 of 2)",),
        ("∂L/∂e += ∂L/∂d·1 = (−2)·1 = −2   (1 of 1)",),
        ("∂L/∂c += ∂L/∂d·1 = (−2)·1 = −2   (2 of 2)", "∂L/∂c = (−10) + (−2) = −12"),
        ("∂L/∂a += ∂L/∂e·b = (−2)·3 = −6   (2 of 2)", "∂L/∂a = 10 + (−6) = 4"),
        ("∂L/∂b += ∂L/∂e·a = (−2)·2 = −4   (1 of 1)",),
    ]


def test_by_node_a_shared_leaf_s_last_line_ends_in_the_sum():
    said = [m.lines for m in steps_of("@diamond").moments if m.phase == "backward"]
    assert said[1:] == [
        (
            "∂L/∂d += ∂L/∂L·f = 1·(−2) = −2   (1 of 1)",
            "∂L/∂f += ∂L/∂L·d = 1·10 = 10   (1 of 1)",
        ),
        (
            "∂L/∂a += ∂L/∂f·1 = 10·1 = 10   (1 of 2)",
            "∂L/∂c += ∂L/∂f·(−1) = 10·(−1) = −10   (1 of 2)",
        ),
        (
            "∂L/∂e += ∂L/∂d·1 = (−2)·1 = −2   (1 of 1)",
            "∂L/∂c += ∂L/∂d·1 = (−2)·1 = −2   (2 of 2: (−10) + (−2) = −12)",
        ),
        (
            "∂L/∂a += ∂L/∂e·b = (−2)·3 = −6   (2 of 2: 10 + (−6) = 4)",
            "∂L/∂b += ∂L/∂e·a = (−2)·2 = −4   (1 of 1)",
        ),
    ]


def test_of_many_lines_those_that_complete_a_gradient_are_shown():
    a, b, c = (Value(x, n) for x, n in ((2.0, "a"), (3.0, "b"), (5.0, "c")))
    inner = a + b + c
    inner.label = "s"
    L = inner * c
    L.label = "L"
    last = steps_of(L, fold="names").moments[-1].lines
    # ∂L/∂c = s + ∂s/∂c·c = 10 + 5
    assert last[0].startswith("∂L/∂a += ")
    assert last[1].endswith("(2 of 2: 10 + 5 = 15)   …+1")


@pytest.mark.parametrize("size", PRESETS)
@pytest.mark.parametrize("name", one_in(8, EXAMPLES))
def test_every_word_of_every_moment_is_on_the_page(name, size):
    steps = steps_of(f"@{name}", size=size)
    for moment in steps.moments:
        words = steps.sheet.words(moment.lines, "#000000").marks
        said = steps.diagram.letters.draw(" ".join(moment.lines))
        assert " ".join(m.text for m in words).split() == said.split()


def test_numbers_appear_when_they_are_known_and_not_before():
    steps = steps_of("@diamond")
    first, *_, last = steps.moments
    assert {"2", "3", "4"} <= set(shown(steps, first))
    assert "−20" not in shown(steps, first)
    assert "−20" in shown(steps, last)
    forward_end = next(m for m in steps.moments if m.lines[0].startswith("Backward"))
    assert "−12" not in shown(steps, forward_end)
    assert "−12" in shown(steps, last)
    partial = [t for m in steps.moments for t in shown(steps, m) if t.endswith(" + …")]
    assert {"10 + …", "−10 + …"} == set(partial)


def test_the_last_moment_shows_what_the_figure_shows():
    for name in ("diamond", "karpathy-neuron", "mazur", "softmax-row"):
        if name not in EXAMPLES:
            continue
        steps = steps_of(f"@{name}")
        final = {m.text for m in Figure(steps.figure.output).drawing.marks() if isinstance(m, Text)}
        boxes = {line for b in steps.figure.diagram.boxes for line in (*b.value, *b.gradient)}
        assert boxes & final <= set(shown(steps, steps.moments[-1])), name


@pytest.mark.parametrize("name", one_in(3, EXAMPLES))
def test_nothing_moves_overlaps_or_is_clipped(name):
    steps = steps_of(f"@{name}", size="slide")
    places = []
    for moment in steps.moments:
        drawing = steps.drawing(moment)
        assert list(objections(drawing)) == [], moment.lines
        frames = {p.id: p.marks[0] for p in drawing.parts if re.fullmatch(r"n\d+", p.id)}
        places.append({k: (m.x, m.y, m.width, m.height) for k, m in frames.items()})
    assert all(place == places[0] for place in places)


def test_a_gradient_is_the_sum_of_its_contributions_at_every_moment():
    a = Value(3.0, "a")
    L = a * a * a
    L.label = "L"
    lines = [m.lines for m in steps_of(L, pace="contribution").moments]
    assert [line[0] for line in lines if line[0].startswith("∂L/∂a")] == [
        "∂L/∂a += ∂L/∂L·n1 = 1·9 = 9   (1 of 3)",
        "∂L/∂a += ∂L/∂n1·a = 3·3 = 9   (2 of 3)",
        "∂L/∂a += ∂L/∂n1·a = 3·3 = 9   (3 of 3)",
    ]
    assert lines[-1][1] == "∂L/∂a = 9 + 9 + 9 = 27"


def test_matrices_say_the_rule_and_the_shape():
    x = tensor([[1.0, 2.0, 3.0, 4.0]], "x")
    w = tensor(np.ones((4, 5)), "w")
    y = x @ w
    y.label = "y"
    said = " ".join(line for m in steps_of(y).moments for line in m.lines)
    assert "∂y/∂w += xᵀ @ ∂y/∂y" in said
    assert "(4×5)" in said


def test_rules_are_simplified_where_the_exponent_is_a_plain_number():
    said = " ".join(line for m in steps_of("L=e**2; e=3").moments for line in m.lines)
    assert "∂L/∂e += ∂L/∂L·2·e = 1·6 = 6" in said


@pytest.mark.slow
def test_a_middle_that_hides_its_gradient_is_passed_over():
    x = Value(0.5, "x")
    y = x
    for i in range(60):
        y = (y * 1.01).tanh() + x if i % 3 else y.sin()
    y.backward()
    figure = Figure(y, Style(size="slide"))
    for pace in PACES:
        assert len(Steps(figure, pace=pace).moments) > 3


def test_broken_bookkeeping_would_be_seen():
    """The check above can fail: with contributions overwritten the total would be wrong."""
    steps = steps_of("@diamond", pace="contribution")
    last = steps.moments[-1]
    (box,) = [b for b in steps.diagram.boxes if b.title == "a"]
    assert last.boxes[box.id].gradient == ("4",)
    assert last.boxes[box.id].gradient != ("−6",)


@pytest.mark.parametrize("passes", PASSES)
@pytest.mark.parametrize("pace", PACES)
def test_passes_and_paces(passes, pace):
    steps = steps_of("@diamond", passes, pace)
    phases = {m.phase for m in steps.moments}
    assert phases == ({"forward", "backward"} if passes == "both" else {passes})
    assert len(steps_of("@diamond", passes, pace, 2, 3).moments) == 2


def test_wrong_choices_are_sentences():
    with pytest.raises(UsageError, match="unknown pass 'sideways'; there is both"):
        steps_of("@diamond", "sideways")
    with pytest.raises(InputError, match="steps 9 to 40 were asked for, but there are 10 steps"):
        _ = steps_of("@diamond", first=9, last=40).moments


def test_russian_words():
    steps = steps_of("@diamond", lang="ru", decimal=",")
    assert steps.moments[0].lines[0].startswith("Дано: a = 2")
    assert "(1 из 1)" in steps.moments[-1].lines[1]


def test_one_lonely_value_and_a_value_without_gradient():
    assert [m.lines for m in steps_of(Value(2.0, "a")).moments] == [
        ("Given: a = 2",),
        ("Backward starts: ∂a/∂a = 1",),
    ]
    c = Value(2.0, "c", requires_grad=False) * 3
    said = [m.lines for m in Steps(Figure(c)).moments]
    assert said[-1] == ("n2 = c·3 = 2·3 = 6",)


def test_pages_of_svg_are_portable_and_say_what_happens():
    steps = steps_of("@diamond", size="slide")
    for moment, page in zip(steps.moments, BUILDERS["svg"](steps), strict=True):
        assert problems(page) == []
        assert ET.fromstring(page).find(f"{SVG}desc").text == moment.alt


def test_fragments_show_the_last_step_without_reveal_and_each_step_with_it():
    steps = steps_of("@diamond")
    (data,) = BUILDERS["fragments"](steps)
    root = ET.fromstring(data)
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    for index, moment in enumerate(steps.moments):
        seen = {name.rpartition("-")[0] for name in visible(root, index)} - {""}
        assert seen == {part.id for part in steps.parts(moment)}, index
    assert not re.search(rb"<style|script", data)


@pytest.mark.parametrize(("source", "size"), [("@diamond", "notebook"), ("@mazur", "notebook"),
                                              ("@mazur", "slide"), ("@deep", "half")])  # fmt: skip
def test_fragments_fit_a_slide(source, size):
    """reveal's own slide has 960 × 700 pixels; 120 of them are left for a heading."""
    if source == "@deep":
        source = "L=" + "tanh(" * 12 + "x" + ")" * 12 + "; x=1"
    steps = steps_of(source, size=size, direction="TB" if size == "half" else "auto")
    root = ET.fromstring(BUILDERS["fragments"](steps)[0])
    wide, high = map(float, root.get("viewBox").split()[2:])
    assert root.get("width") == "100%"  # no more than the slide
    shown = float(root.get("height"))  # pixels: it has no unit
    assert shown <= 580.01
    assert shown == pytest.approx(min(580, 960 * high / wide), abs=0.01)  # no empty bands


@pytest.mark.parametrize(("more", "small"), [((), True), (("--for", "slide"), False)])
def test_fragments_say_how_they_go_into_a_slide(more, small, tmp_path, capsys):
    assert _run(["steps", "@mazur", *more, "-o", str(tmp_path / "b.svg")]) == 0
    said = capsys.readouterr().err
    assert "put the file's text into a <section>" in said
    assert ("on a slide of 960 × 700, less than 18 pt" in said) == small


def visible(element, index):
    """The ids that reveal.js shows at a fragment's index; -1 in its words is our first step."""
    classes, at = (element.get("class") or "").split(), element.get("data-fragment-index")
    if "fragment" in classes:
        reached = index >= int(at)
        if reached == ("fade-out" in classes):
            return
    if element.get("id"):
        yield element.get("id")
    for child in element:
        yield from visible(child, index)


def test_pdf_has_a_page_of_the_same_size_for_each_step(tmp_path):
    steps = steps_of("@diamond", size="beamer")
    path = tmp_path / "build.pdf"
    (data,) = BUILDERS["pdf"](steps)
    path.write_bytes(data)
    assert data.count(b"/MediaBox [ 0 0 453.54") == len(steps.moments)
    assert b"/Type3" not in data and b"/Subtype /Type3" not in data


def perceptron():
    """Twenty-five boxes, sixty steps."""
    x = [Value((i + 1) / 3, f"x{i}") for i in range(2)]
    hidden = [sum((Value((i - j) / 3, f"w{i}{j}") * x[j] for j in range(2)), Value(0.1)).tanh()
              for i in range(3)]  # fmt: skip
    return hidden[0] * hidden[1] + hidden[2]


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_every_page_of_a_pdf_says_what_it_shows(lang):
    """A tagged PDF: one figure for each page, in order, with the step in words."""
    steps = steps_of("@diamond", lang=lang)
    (made,) = BUILDERS["pdf"](steps)
    figure = rb"/S /Figure /P \d+ 0 R /Pg (\d+) 0 R /K 0 /Alt \((.*?)\) >>\nendobj"
    told = re.findall(figure, made, re.DOTALL)
    pages = re.search(rb"/Type /Pages /Kids \[ (.*?) \]", made)[1]
    assert [page for page, _ in told] == re.findall(rb"(\d+) 0 R", pages)
    assert [words(alt) for _, alt in told] == [moment.alt for moment in steps.moments]
    assert b"/MarkInfo << /Marked true >>" in made and b"/Lang (%s)" % lang.encode() in made
    parents = re.search(rb"/ParentTree << /Nums \[ (.*?) \] >>", made)[1]
    assert parents.count(b"[") == len(steps.moments)


def words(string):
    plain = {b"n": b"\n", b"r": b"\r"}
    raw = re.sub(rb"\\(.)", lambda m: plain.get(m[1], m[1]), string, flags=re.DOTALL)
    return raw[2:].decode("utf-16-be") if raw[:2] == b"\xfe\xff" else raw.decode()


def test_pages_of_a_pdf_share_what_they_have_in_common():
    steps = steps_of(perceptron(), pace="contribution", size="beamer", fold="none")
    assert (len(steps.diagram.boxes), len(steps.moments)) >= (25, 50)
    (data,) = BUILDERS["pdf"](steps)
    assert len(data) < 10_000 * len(steps.moments)  # 140,000 when every page had all outlines
    parts = {part for moment in steps.moments for part in steps.parts(moment)}
    glyphs = {
        (char, mark.bold) for moment in steps.moments for mark in steps.drawing(moment).marks()
        if isinstance(mark, Text) for run in runs(mark) for char in run.text if char.strip()
    }  # fmt: skip
    assert data.count(b"/Subtype /Form") == len(parts) + len(glyphs)
    pages = re.findall(rb"/Type /Page .*?/XObject << (.*?) >>", data)
    for moment, named in zip(steps.moments, pages, strict=True):  # no page drags others along
        assert named.count(b" 0 R") == len(list(steps.parts(moment)))


@pytest.mark.slow
@pytest.mark.parametrize("style", [{}, {"theme": "dark"}, {"text": "keep"}, {"heat": True}])
def test_a_page_of_a_pdf_looks_as_its_png(tmp_path, style):
    from PIL import Image

    if shutil.which("pdftoppm") is None:
        pytest.skip("there is no pdftoppm")
    x = tensor(np.linspace(-1, 1, 24).reshape(4, 6), "x")
    steps = steps_of((x * x).sum() * Value(2.0, "a"), size="beamer", title="é ☃ Ω", **style)
    (data,) = BUILDERS["pdf"](steps)
    (tmp_path / "a.pdf").write_bytes(data)
    run = ["pdftoppm", "-r", "144", "-png", tmp_path / "a.pdf", tmp_path / "p"]
    subprocess.run(run, check=True)
    one, two = (
        [np.asarray(Image.open(f).convert("RGB").resize((76, 43), Image.Resampling.BOX), float)
         for f in files]
        for files in (sorted(tmp_path.glob("p-*.png")), map(io.BytesIO, BUILDERS["png"](steps)))
    )  # fmt: skip
    away = [[np.abs(a - b).max() for b in two] for a in one]
    assert max(np.diag(away)) < 50  # of 255: edges are smoothed differently
    assert min(away[i][i + 1] for i in range(len(one) - 1)) > 70  # another step is another page


def test_thin_letters_stay_in_a_small_view_of_a_pdf(tmp_path):
    """A viewer moves the sides of a lone rectangle onto pixels: l and − could get no width."""
    from PIL import Image

    if shutil.which("pdftoppm") is None:
        pytest.skip("there is no pdftoppm")
    steps = steps_of(Value(2.0, "a"), size="beamer", title="l l l l l l l l l")
    (data,), (page, *_) = BUILDERS["pdf"](steps), BUILDERS["png"](steps)
    (tmp_path / "a.pdf").write_bytes(data)
    run = ["pdftoppm", "-r", "50", "-l", "1", "-png", tmp_path / "a.pdf", tmp_path / "p"]
    subprocess.run(run, check=True)
    pictures = (Image.open(f).convert("L") for f in (*tmp_path.glob("p-*.png"), io.BytesIO(page)))
    drawn, wanted = (
        255 - np.asarray(p.crop((0, 0, p.width, p.height // 5)), float).mean() for p in pictures
    )
    assert wanted > 1
    assert drawn == pytest.approx(wanted, rel=0.2)


@pytest.mark.parametrize("form", [n for n in BUILDERS if n != "mp4"])  # which has a clock in it
def test_same_steps_same_bytes(form):
    one, two = (BUILDERS[form](steps_of("@diamond", last=4)) for _ in range(2))
    assert one == two and all(one)


HOSTILE = ["</script><b>x", "a|{}<>\\n", "%$#_&~^", "=1+1", "веса", "x" * 60, "\"'`"]


@pytest.mark.parametrize("label", HOSTILE)
@pytest.mark.parametrize("form", [n for n in BUILDERS if n not in ("mp4", "gif", "webp", "png")])
def test_hostile_labels_stay_text(form, label):
    a, b = Value(2.0, label), Value(3.0, "b")
    for data in BUILDERS[form](steps_of(a * b)):
        if form in ("svg", "fragments"):
            ET.fromstring(data)
        assert form in ("pdf", "tikz") or b"</script><b>x" not in data


# The command -------------------------------------------------------------------------


def run(capfd, *args):
    code = _run(["steps", *map(str, args)])
    out, err = capfd.readouterr()
    return code, out, err


def test_numbered_files_appear_in_a_new_folder(tmp_path, capfd):
    code, _, err = run(capfd, "@diamond", "-o", tmp_path / "out" / "%02d.png", "--scale", "0.5")
    assert code == 0, err
    names = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert names == [f"{k:02d}.png" for k in range(1, 11)]


def test_the_beamer_lines_are_printed(tmp_path, capfd):
    code, _, err = run(capfd, "@diamond", "-o", tmp_path / "b.pdf", "--for", "beamer")
    assert code == 0
    assert "includegraphics" in err and "10" in err


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["-o", "x.png"], "put a number into the name"),
        (["-o", "x.xyz"], "unknown format 'xyz'"),
        (["-o", "%d.pdf"], "makes one file"),
        (["-o", "x.pdf", "-F", "html"], "drop one of the two"),
        (["-o", "x.pdf", "--range", "a-b"], "is no range of steps"),
        (["-o", "x.pdf", "--range", "8-3"], "use a range from 1 to 10"),
        ([], "name a file with -o"),
        (["-o", "x.pdf", "--by", "hour"], "unknown pace 'hour'"),
    ],
)
def test_wrong_use_is_one_sentence(args, sentence, capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capfd, "@diamond", *args)
    assert code in (2, 5) and not out
    assert sentence in err and err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_the_manifest_names_every_file(tmp_path, capfd):
    code, out, _ = run(capfd, "@diamond", "-o", tmp_path / "%d.svg", "--json", "-q")
    made = json.loads(out)
    assert code == 0 and made["steps"] == len(made["files"]) == len(made["alt"]) == 10


def test_nan_is_refused_unless_asked_for(tmp_path, capfd):
    code, _, err = run(capfd, "L=log(x); x=-1", "-o", tmp_path / "n.pdf")
    assert code == 6 and "log gives NaN" in err
    code, _, _ = run(capfd, "L=log(x); x=-1", "-o", tmp_path / "n.svg", "--allow-nan")
    assert code == 6 and (tmp_path / "n.svg").exists()


def test_pdftotext_reads_kept_text(tmp_path, capfd):
    if shutil.which("pdftotext") is None:
        pytest.skip("there is no pdftotext")
    path = tmp_path / "k.pdf"
    run(capfd, "@diamond", "-o", path, "--text", "keep", "-q")
    text = subprocess.run(["pdftotext", "-f", "7", "-l", "7", str(path), "-"], check=True,
                          capture_output=True, text=True).stdout  # fmt: skip
    assert "∂L/∂d += ∂L/∂L·f" in text
    assert backviz.__version__


def test_the_backward_pass_can_be_drawn_step_by_step(tmp_path, capsys):
    path = tmp_path / "second.html"
    given = ["steps", "y=w**3*x; w=2; x=5", "--order", "2", "--wrt", "w", "-o", str(path)]
    assert _run(given) == 0
    assert "∂(dy/dw)/∂w" in path.read_text("utf-8")
    assert _run([*given[:4], "-o", str(path)]) == 2
    assert "--wrt NAME" in capsys.readouterr().err
