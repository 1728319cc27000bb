"""TikZ as TeX sets it: by itself and inside of other documents, whatever names hold.

`pytest -m tex` needs pdflatex and lualatex: Debian's texlive-latex-base, -latex-recommended,
-pictures, -lang-cyrillic, -luatex and cm-super-minimal; `pytest -m xetex` needs xelatex.
"""

import re
import subprocess
from pathlib import Path

import pytest
from quick import one_in

from backviz import Figure, Style, Value, load
from backviz.diagrams.comparison import Comparison
from backviz.diagrams.drawing import Text
from backviz.diagrams.steps import Steps
from backviz.renderers.pdf import pdf_pages
from backviz.renderers.tikz import FRAME, beamer_snippet, tikz, tikz_steps
from backviz.telling.variants import with_leaves
from backviz.tex_signs import tex

HOSTILE = r"%}\end{frame}$^_&#~\input{x}"
UGLY = [
    "50% of_x", "a\\b\\\\c", "#1 ~ ^ $y$ {z}", "вес_ы ёЁ", "θ_1 μ̂ ŵ", "日本", "a" * 60,
    "\"q\" `t` 's' <&>", "№ «x» — – …", "xₜ wᵢ aⁿ h⁽²⁾", r"\input{x}", "",
]  # fmt: skip
GRAPHS = sorted((Path(__file__).parents[2] / "examples" / "graphs").glob("*.py"))
ENGINES = ["pdflatex", "lualatex", pytest.param("xelatex", marks=pytest.mark.xetex)]
UNKNOWN = tex("日").partition(r"\else")[2]  # where pdflatex sets a framed question mark


def figure(source, **style):
    output = load(source)
    output.backward()
    return Figure(output, Style(**style))


def ugly(**style):
    """A graph with every name, and NaN in it."""
    result = Value(float("nan"), "nan%")
    for i, name in enumerate(UGLY):
        result = result * Value(i + 1.0, name)
    result.label = "L_%"
    result.backward()
    given = {"title": f"Заголовок {HOSTILE}", "lang": "ru", "note": {"50% of_x": HOSTILE}}
    return Figure(result, Style(**given | style))


def compiled(folder, source, engine="pdflatex"):
    """The text of the PDF, its pages and its size."""
    (folder / "a.tex").write_bytes(source)
    run = [engine, "-interaction=nonstopmode", "-halt-on-error", "a.tex"]
    done = subprocess.run(run, cwd=folder, capture_output=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout.decode("latin-1")[-2000:]
    said = done.stdout.decode("latin-1")
    if b"{beamer}" not in source:  # which wants more sizes than cm-super-minimal has
        assert not re.search(r"\.\d+pk>", said)  # letters of pixels
    assert not re.search(r"^(Overfull|Missing character).*", said, re.MULTILINE), said[-2000:]
    text = subprocess.run(
        ["pdftotext", "-raw", "a.pdf", "-"], cwd=folder, capture_output=True, check=True
    )
    about = subprocess.run(
        ["pdfinfo", "a.pdf"], cwd=folder, capture_output=True, text=True, check=True
    )
    pages = int(re.search(r"Pages: +(\d+)", about.stdout)[1])
    size = re.search(r"Page size: +([\d.]+) x ([\d.]+)", about.stdout)
    return text.stdout.decode(), pages, tuple(map(float, size.groups()))


def inside(picture, document):
    """Another document with the picture of a source copied into it."""
    head, begin, rest = picture.decode().partition(r"\begin{tikzpicture}")
    copied = begin + rest.partition(r"\end{document}")[0]
    fonts = r"\usepackage[T2A]{fontenc}" if "T2A" in head else ""
    return (document % (fonts, copied)).encode()


def test_every_sign_of_ours_is_set_without_a_package():
    """What stands in a picture whatever a person calls a value."""
    signs = ("⚠", "△", "∅", "□", "≠", "⏎", "→", "←", "∂", "ₜ", "ⁿ", "⁽²⁾", "·", "−", "∞", "ᵀ", "⊗")
    assert [sign for sign in signs if UNKNOWN in tex(sign)] == []


@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize("path", one_in(12, GRAPHS), ids=lambda path: path.stem)
def test_every_sign_of_the_course_is_set_without_a_package(path, lang):
    marks = figure(f"{path}:loss", lang=lang).drawing.marks()
    assert [m.text for m in marks if isinstance(m, Text) and UNKNOWN in tex(m.text)] == []


@pytest.mark.tex
@pytest.mark.parametrize("engine", ENGINES)
def test_tex_sets_the_figure(tmp_path, engine):
    a, b = Value(2.0, "веса"), Value(3.0, HOSTILE[:17])
    y = a * b
    y.backward()
    picture = Figure(y, Style(title="Заголовок " + HOSTILE, lang="ru"))
    text, pages, size = compiled(tmp_path, tikz(picture), engine)
    assert "веса" in text
    assert "градиент" in text
    assert pages == 1
    assert size == pytest.approx((picture.drawing.width, picture.drawing.height), abs=0.6)
    if engine != "pdflatex":  # whose encoding of signs pdftotext reads as accents
        assert "".join(HOSTILE[:17].split()) in "".join(text.split())


@pytest.mark.tex
@pytest.mark.parametrize("path", GRAPHS, ids=lambda path: path.stem)
def test_tex_sets_the_graphs_of_the_course(tmp_path, path):
    number = GRAPHS.index(path)
    look = {"size": ("notebook", "slide", "paper")[number % 3], "lang": ("en", "ru")[number % 2]}
    for page in figure(f"{path}:loss", theme=("light", "dark")[number // 2 % 2], **look).pages:
        text, pages, size = compiled(tmp_path, tikz(page))
        assert pages == 1
        assert size == pytest.approx((page.drawing.width, page.drawing.height), abs=0.6)
        drawn = [m.text for m in page.drawing.marks() if isinstance(m, Text) and m.bold]
        named = {name for name in drawn if re.fullmatch("[a-z]{3,}", name)}
        assert named <= {*re.findall("[a-z]+", text)}


@pytest.mark.tex
@pytest.mark.parametrize("theme", ["light", "dark", "print", "contrast"])
def test_tex_sets_any_name(tmp_path, theme):
    text, pages, _size = compiled(tmp_path, tikz(ugly(theme=theme)))
    assert pages == 1
    assert {"50%", "№", "nan%"} <= {*text.split()}
    assert text.count("?") == len("日本")


@pytest.mark.tex
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_tex_sets_two_graphs_beside_each_other(tmp_path, theme):
    value = ugly().output
    style = Style(theme=theme, lang="ru", title="100 %", note={"50% of_x": HOSTILE})
    both = Comparison(
        Figure(value, style), Figure(with_leaves(value, {"50% of_x": 7.0}), style), ("до_", "50%")
    )
    text, pages, size = compiled(tmp_path, tikz(both))
    assert pages == 1
    assert size == pytest.approx((both.drawing.width, both.drawing.height), abs=0.6)
    assert text.split().count("50%") == 3
    for document in (ARTICLE, SLIDES):
        assert compiled(tmp_path, inside(tikz(both), document))[1] == 1


ARTICLE = r"""\documentclass{article}
\usepackage{tikz}
%s
\begin{document}
Before.

\noindent\resizebox{\linewidth}{!}{%%
%s}

After.
\end{document}"""
SLIDES = r"""\documentclass{beamer}
\usepackage{tikz}
%s
\begin{document}
\begin{frame}
\resizebox{!}{.8\textheight}{%%
%s}
\end{frame}
\end{document}"""


@pytest.mark.tex
@pytest.mark.parametrize("document", [ARTICLE, SLIDES], ids=["article", "beamer"])
def test_a_picture_can_be_copied_into_another_document(tmp_path, document):
    source = inside(tikz(ugly()), document)
    text, pages, _size = compiled(tmp_path, source)
    assert pages == 1
    assert {"50%", "nan%"} <= {*text.split()}


@pytest.mark.tex
def test_tex_sets_a_page_for_each_step(tmp_path):
    steps = Steps(figure("@diamond", size="beamer"))
    text, pages, size = compiled(tmp_path, tikz_steps(steps))
    assert pages == len(steps.moments)
    assert size == pytest.approx(FRAME, abs=0.6)
    pdf = text.split("\f")
    assert "Given: a = 2, b = 3, c = 4" in pdf[0]
    assert "(−2)·3 = −6 (2 of 2: 10 + (−6) = 4)" in pdf[-2]


@pytest.mark.tex
@pytest.mark.parametrize("engine", ENGINES)
def test_tex_sets_sixty_steps(tmp_path, engine):
    steps = Steps(perceptron(), pace="contribution")
    assert len(steps.moments) > 55
    _, pages, _ = compiled(tmp_path, tikz_steps(steps), engine)
    assert pages == len(steps.moments)


def perceptron():
    x = [Value((i + 1) / 3, f"x{i}") for i in range(2)]
    hidden = [
        sum((Value((i * j % 5 - 2) / 3, f"w{i}{j}") * x[j] for j in range(2)), Value(0.1)).tanh()
        for i in range(3)
    ]
    out = sum((h * h for h in hidden), Value(0.0))
    out.backward()
    return Figure(out, Style(size="beamer", fold="none"))


@pytest.mark.tex
def test_tex_sets_the_snippet(tmp_path):
    steps = Steps(figure("@diamond", size="beamer"))
    (tmp_path / "my steps.pdf").write_bytes(pdf_pages(steps))
    head = "\\documentclass[aspectratio=169]{beamer}\\usepackage{pgffor}\\begin{document}\n"
    snippet = beamer_snippet("my steps.pdf", len(steps.moments))
    _, pages, size = compiled(tmp_path, f"{head}{snippet}\n\\end{{document}}".encode())
    assert pages == len(steps.moments)
    assert size == pytest.approx(FRAME, abs=0.6)
