"""Every SVG keeps to the portable profile, and the validator sees each kind of breach."""

from __future__ import annotations

import re
from functools import cache

import pytest
from portable_svg import path_extent, problems
from quick import one_in

from backviz import nn, tensor
from backviz.autodiff.backward import backward, seed_for
from backviz.autodiff.recording import scoped
from backviz.autodiff.value import Value
from backviz.diagrams.figure import Figure
from backviz.diagrams.layout import ENGINES
from backviz.diagrams.style import FOLDS, Style
from backviz.diagrams.theme import PRESETS, THEMES
from backviz.nn import losses
from backviz.renderers import RENDERERS
from backviz.renderers.svg import svg_document
from backviz.sources import EXAMPLES, load


@cache
def example(name: str) -> Value:
    value = load(f"@{name}")
    backward(value, seed_for(value))
    return value


@cache
def network() -> Value:
    """A network with layers, repeated blocks and a hostile name."""
    x = tensor([[1.0, -2.0, 0.5, 3.0]], "a<b & 'c'", requires_grad=False)
    blocks = [nn.Residual(nn.Linear(4, 4, seed=i)) for i in range(4)]
    with scoped():
        value = losses.mse_loss(nn.Sequential(*blocks, nn.Linear(4, 1, seed=9))(x), [[1.0]])
    backward(value, seed_for(value))
    return value


@cache
def good(text: str = "outline", **style: object) -> str:
    figure = Figure(example("diamond"), Style(text=text, title="A caption", **style))
    return RENDERERS["svg"](figure).decode()


@pytest.mark.parametrize(
    "theme", [t if t == "light" else pytest.param(t, marks=pytest.mark.slow) for t in THEMES]
)
@pytest.mark.parametrize("name", one_in(9, EXAMPLES))
def test_every_example_is_portable_at_every_size(name, theme):
    for size in PRESETS:
        drawing = Figure(example(name), Style(theme=theme, size=size)).drawing
        assert problems(svg_document(drawing)) == [], size
        assert problems(svg_document(drawing, keep_text=True), text_allowed=True) == [], size


@pytest.mark.slow
@pytest.mark.parametrize(
    "style",
    [
        *({"fold": fold} for fold in FOLDS),
        *({"engine": e.name} for e in ENGINES.values() if e.missing() is None),
        *({"direction": direction} for direction in ("LR", "TB")),
        {"weights": "show", "fold": "layers"},
        {"weights": "hide"},
        {"heat": True},
        {"transparent": True},
        {"products": True},
        {"legend": False},
        {"salt": "a-b_1"},
        {"title": "a<b & 'c' \"d\" ]]>"},
        {"lang": "ru", "decimal": ","},
    ],
    ids=str,
)
def test_every_option_is_portable(style):
    parts = style.get("fold") in ("layers", "blocks")
    for value in (network(),) if parts else (example("mazur"), example("micrograd")):
        for size in ("notebook", "slide"):
            figure = Figure(value, Style(size=size, **style))
            assert problems(RENDERERS["svg"](figure)) == []


def test_values_before_any_gradient_are_portable():
    assert problems(RENDERERS["svg"](Figure(load("@mazur")))) == []


def test_a_single_value_is_portable():
    assert problems(RENDERERS["svg"](Figure(Value(2.0, label="a")))) == []


def test_nan_and_infinity_are_portable():
    x = Value(0.0, label="x")
    for value in (1 / x, x.log(), (x - 1).log()):
        assert problems(RENDERERS["svg"](Figure(value))) == []


def test_two_figures_with_salts_share_no_id():
    ids = [set(re.findall(r' id="([^"]+)"', good(salt=salt))) for salt in ("a", "b")]
    assert ids[0] and not ids[0] & ids[1]


def test_kept_text_is_a_breach_unless_it_is_allowed():
    kept = good("keep")
    assert "<text" in kept
    assert "element text is not allowed" in problems(kept)
    assert problems(kept, text_allowed=True) == []


def test_bytes_and_text_are_read_alike():
    assert problems(good().encode()) == problems(good()) == []


MARK = "</svg>"
FAULTS = {
    "a width in pixels": (r'width="[\d.]+pt"', 'width="300px"', "root width '300px'"),
    "a width without a unit": (r'(width="[\d.]+)pt"', r'\1"', "is not a length in pt"),
    "no height": (r' height="[\d.]+pt"', "", "root height ''"),
    "a view box that differs": (r'viewBox="0 0 \d+', 'viewBox="0 0 1', "is not equal to width"),
    "no view box": (r' viewBox="[^"]+"', "", "root viewBox None"),
    "no role": (' role="img"', "", "root role"),
    "no label": (r' aria-labelledby="[^"]+"', "", "aria-labelledby names nothing"),
    "a label that is no id": (' id="desc"', ' id="other"', "names 'desc', which is no id"),
    "no title": ("<title id.*?</title>", "", "child 1 of the root is not title"),
    "an empty title": (r"(<title id.*?>).*?<", r"\1<", "the root's title is empty"),
    "no description": ("<desc.*?</desc>", "", "child 2 of the root is not desc"),
    "a style element": (MARK, "<style>g{}</style></svg>", "element style is not allowed"),
    "a script": (MARK, "<script>alert(1)</script></svg>", "element script is not allowed"),
    "a foreign object": (MARK, "<foreignObject/></svg>", "element foreignObject"),
    "an image": (MARK, '<image href="x.png"/></svg>', "element image is not allowed"),
    "a use": (MARK, '<use href="#n0"/></svg>', "element use is not allowed"),
    "a link": (MARK, "<a><g/></a></svg>", "element a is not allowed"),
    "a marker": (MARK, "<defs/></svg>", "element defs is not allowed"),
    "a foreign element": (MARK, '<p xmlns="urn:x"/></svg>', "element urn:x p is not allowed"),
    "another namespace": ("http://www.w3.org/2000/svg", "urn:x", "the root is urn:x svg"),
    "text": (MARK, "<text>a</text></svg>", "element text is not allowed"),
    "a style attribute": ("<g ", '<g style="fill:red" ', "g has a style attribute"),
    "a class": ("<g ", '<g class="a" ', "g has a class attribute"),
    "an event": ("<g ", '<g onclick="a()" ', "event attribute onclick"),
    "a reference": ("<g ", '<g href="#n0" ', "g has a reference"),
    "an old reference": (
        "<g ",
        '<g xmlns:x="http://www.w3.org/1999/xlink" x:href="#n0" ',
        "g has a reference",
    ),
    "an unknown attribute": ("<g ", '<g filter="none" ', "g has the attribute filter"),
    "a CSS transform": ("<g ", '<g transform="translate(1px, 2px)" ', "transform"),
    "a rotation": ("<g ", '<g transform="rotate(3)" ', "is not translate() and scale()"),
    "a matrix": ("<g ", '<g transform="matrix(1 0 0 1 0 0)" ', "is not translate()"),
    "half a transform": ("<g ", '<g transform="translate(1 1) x" ', "is not translate()"),
    "a named colour": ("<g ", '<g fill="red" ', "is not a colour like #rrggbb"),
    "rgba": ("<g ", '<g fill="rgba(0,0,0,.5)" ', "is not a colour like #rrggbb"),
    "hsl": ("<g ", '<g stroke="hsl(0 1% 2%)" ', "is not a colour like #rrggbb"),
    "transparent": ("<g ", '<g fill="transparent" ', "is not a colour like #rrggbb"),
    "currentColor": ("<g ", '<g stroke="currentColor" ', "is not a colour like #rrggbb"),
    "a short colour": ("<g ", '<g fill="#fff" ', "is not a colour like #rrggbb"),
    "a colour with alpha": ("<g ", '<g fill="#ffffff80" ', "is not a colour like #rrggbb"),
    "a gradient": ("<g ", '<g fill="url(#a)" ', "refers to something outside"),
    "a font as data": (' id="n1"', ' id="data:font/woff"', "refers to something outside"),
    "an opacity of two": ("<g ", '<g fill-opacity="2" ', "is not between 0 and 1"),
    "an id twice": (' id="n1"', ' id="n0"', "id 'n0' is given twice"),
    "an id with a blank": (' id="n1"', ' id="n 1"', "is empty or has a blank"),
    "NaN": (' stroke-width="[^"]+"', ' stroke-width="nan"', "is not a finite number"),
    "infinity": (' rx="[^"]+"', ' rx="inf"', "is not a finite number"),
    "a huge number": (' rx="[^"]+"', ' rx="1e999"', "is not a finite number"),
    "a dash of NaN": (r'dasharray="[\d.]+', 'dasharray="nan', "is not a list of finite numbers"),
    "NaN in a polygon": (r'points="[\d.]+', 'points="nan', "is not a list of finite numbers"),
    "an odd number in a polygon": (r'points="[\d.]+ ', 'points="', "no pairs of numbers"),
    "NaN in a path": (r' d="M[\d.]+', ' d="M?', "in path data"),
    "NaN as a command": (r' d="M[\d.]+', ' d="Mnan', "path: "),
    "a number too few": (r' d="M[\d.]+ ', ' d="M', "too many or too few"),
    "a path from nowhere": (' d="M', ' d="L', "does not start with M"),
    "an empty path": (' d="M[^"]+"', ' d=""', "the path is empty"),
    "a negative size": (MARK, '<rect width="-1" height="1"/></svg>', "a negative size"),
    "a rectangle off the page": (
        MARK,
        '<rect x="-9" y="1" width="5" height="5" fill="none"/></svg>',
        "outside of the viewBox",
    ),
    "a line over the edge": (
        MARK,
        '<rect width="9" height="9" stroke="#000000" stroke-width="2" fill="none"/></svg>',
        "rect lies 1.00 outside",
    ),
    "an inherited line over the edge": (
        MARK,
        '<g stroke="#000000" stroke-width="4"><rect width="9" height="9"/></g></svg>',
        "rect lies 2.00 outside",
    ),
    "a moved mark off the page": (
        MARK,
        '<g transform="translate(-20)"><circle cx="9" cy="9" r="1"/></g></svg>',
        "circle lies 12.00 outside",
    ),
    "a scaled mark off the page": (
        MARK,
        '<path transform="translate(5 5) scale(.5 -.5)" d="M0 0v20h1z"/></svg>',
        "lies 5.00 outside",
    ),
    "a curve off the page": (
        MARK,
        '<path d="M1 1C1 -40 9 -40 9 1" fill="none"/></svg>',
        "outside of the viewBox",
    ),
    "a polygon off the page": (MARK, '<polygon points="1 1 -8 1 1 9"/></svg>', "polygon lies 8.00"),
    "a line off the page": (MARK, '<line x2="5" y1="-3" y2="5"/></svg>', "line lies 3.00"),
    "an ellipse off the page": (
        MARK,
        '<ellipse cx="3" cy="9" rx="5" ry="1"/></svg>',
        "ellipse lies 2.00",
    ),
    "stray text": (MARK, "hello</svg>", "stray text in svg"),
    "text in a group": (r"(<g [^>]*>)", r"\1hello", "stray text in g"),
    "markup in a title": (r"(<title id.*?>)", r"\1<g/>", "title holds other elements"),
    "a mark in a mark": (r"(<rect [^>]*)/>", r"\1><g/></rect>", "rect holds other elements"),
    "an element left open": (MARK, "<g></svg>", "not well-formed"),
    "a bare ampersand": (r"(<title id.*?>)", r"\1&", "not well-formed"),
    "a control character": (r"(<title id.*?>)", "\\1\x01", "not well-formed"),
    "a DTD": ("^", "<!DOCTYPE svg>", "a DTD is not allowed"),
    "an entity": ("^", '<!DOCTYPE svg [<!ENTITY a "b">]>', "is not allowed"),
    "a stylesheet": ("^", '<?xml-stylesheet href="a.css"?>', "a processing instruction"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_reported(fault):
    pattern, planted, said = FAULTS[fault]
    broken, times = re.subn(pattern, planted, good(), count=1, flags=re.MULTILINE)
    assert times == 1
    found = problems(broken)
    assert any(said in each for each in found), found


def test_no_fault_is_no_svg():
    assert problems("") != []
    assert problems(b"\xff\xfe") != []
    assert problems("plain words") != []


def test_kept_text_off_the_page_is_reported():
    planted = '<text x="-9" y="9" font-size="9">a</text></svg>'
    found = problems(good("keep").replace(MARK, planted), text_allowed=True)
    assert found == ["text lies 9.00 outside of the viewBox"]


def test_the_extent_of_a_path_follows_its_curves():
    assert path_extent("M0 0q2 4 4 0z") == (0, 0, 4, 2)
    assert path_extent("M0 0C0 4 4 4 4 0") == (0, 0, 4, 3)
    assert path_extent("m1 1 2 2H9V-1l-1,-1z m5 5h1") == (1, -2, 9, 6)
    with pytest.raises(ValueError, match="too many or too few"):
        path_extent("M0 0L")
