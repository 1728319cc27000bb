"""Everything about a figure that a person can choose, in one frozen record."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from typing import Any, Literal, TypedDict, Unpack

import numpy as np

from backviz.diagrams.layout import ENGINES
from backviz.diagrams.theme import PRESETS, THEMES
from backviz.errors import UsageError
from backviz.language import N_, _
from backviz.registry import unknown
from backviz.text import NumberStyle
from backviz.words import LANGUAGES

Says = Callable[[Any], str | None] | Mapping[str, str]  # of a node: `backviz.graphs.said.Node`
WEIGHTS = ("auto", "show", "hide")
LOCALS = ("auto", "show", "numbers", "hide")
POWERS = ("e", "10")
LETTERINGS = ("math", "plain")
ARRAYS = ("auto", "values", "ranges", "shapes")
SHOWS = ("values", "formulas", "both", "shapes")
HIDES = ("values", "gradients", "locals", "forward")
ENTRIES = 6, 8  # the side of a matrix and the length of a vector that are written out
MOST_ENTRIES = 100
MOST_PAGES = 12
FOLDS = ("auto", "none", "constants", "names", "layers", "blocks")
# What the command line and other libraries call an option, and what it is called here.
OTHER_WORDS = {
    "contributions": N_("the numbers on arrows are products=True"),
    "no_legend": N_("leave the legend out with legend=False"),
    "forward_only": N_("values alone are drawn with hide='gradients,locals'"),
    "gradients": N_("a picture without them has hide='gradients'"),
    "dpi": N_("the pixels per point of a PNG are scale=2.0"),
    "figsize": N_("the page is size='slide', 'half', 'beamer', 'paper' or 'notebook'"),
    "preset": N_("the page is size='slide', 'half', 'beamer', 'paper' or 'notebook'"),
    "place": N_("the page is size='slide', 'half', 'beamer', 'paper' or 'notebook'"),
    "rankdir": N_("the direction is direction='LR' or 'TB'"),
    "no_command": N_("a film has no command line in its corner with command=False"),
    "language": N_("the language is lang='en' or 'ru'"),
    "dark": N_("the colours are theme='dark'"),
    "open": N_("a box that stands open among folded ones is unfold='NAME'"),
    "expand": N_("record the ops as their parts: with backviz.expanded('softmax'): …"),
    "order": N_("record the derivative: backward(create_graph=True), then draw x.grad"),
    "wrt": N_("draw x.grad after backward(create_graph=True)"),
    "by": N_("a step for each node or contribution is backviz.steps(L, pace='contribution')"),
    "passes": N_("one half of the steps is backviz.steps(L, passes='forward')"),
    "pace": N_("a step for each contribution is backviz.steps(L, pace='contribution')"),
    "first": N_("some of the steps are backviz.steps(L, first=3, last=8)"),
    "last": N_("some of the steps are backviz.steps(L, first=3, last=8)"),
    "range": N_("some of the steps are backviz.steps(L, first=3, last=8)"),
    "span": N_("some of the steps are backviz.steps(L, first=3, last=8)"),
    "format": N_("the format is backviz.render(L, 'svg'), or the extension in save(L, 'x.svg')"),
    "form": N_("the format is backviz.render(L, 'svg'), or the extension in save(L, 'x.svg')"),
    "filename": N_("the file is backviz.save(L, 'x.svg')"),
    "output": N_("the file is backviz.save(L, 'x.svg')"),
}


class Options(TypedDict, total=False):
    """The fields of `Style` as keywords, so that an editor completes and checks them."""

    theme: str
    size: str
    fold: str
    unfold: str
    weights: Literal["auto", "show", "hide"]
    direction: Literal["auto", "LR", "TB"]
    engine: str
    text: Literal["outline", "keep"]
    transparent: bool
    products: bool
    heat: bool
    entries: int
    arrays: Literal["auto", "values", "ranges", "shapes"]
    local: Literal["auto", "show", "numbers", "hide"]
    hide: str
    show: Literal["values", "formulas", "both", "shapes"]
    blank: str
    lines: bool
    start: str
    end: str
    around: str
    hops: int
    only: str
    highlight: str
    note: Says | None
    colour: Says | None
    pages: int
    legend: bool
    lettering: Literal["math", "plain"]
    title: str
    digits: int
    decimal: str
    powers: Literal["e", "10"]
    lang: str
    scale: float
    salt: str
    command: bool


@dataclass(frozen=True, slots=True)
class Style:
    """The options of a figure; each is checked when the style is made.

    `size` is the preset (`--for` on the command line), `scale` the pixels per
    point of a PNG, `fold` the level of detail: "none" draws every node,
    "constants" writes constants into the op that uses them, "names" draws one box
    per named value, "layers" one per layer of a network, "blocks" one per block and one for
    all blocks that repeat, "auto" picks and says what it picked. `unfold` lists boxes that stand
    open in a frame while the others stay folded: parts of a network by their path ("encoder.0"),
    groups, names, layers and neurons of a network of single numbers ("layer 1", "neuron 1.2"),
    "samples". `weights` "hide" writes a
    leaf into the only box that uses it, "show" keeps it as a box; "auto" hides it in the
    boxes of layers and blocks only. `digits` 0 means as many
    as the size can show. `heat` draws a small map of every array that is too large to be
    written out. `entries` is the longest side of an array that is written out, 0 for matrices
    up to 6×6 and vectors up to 8; of a larger one `arrays` shows mean and span ("values"), the
    span ("ranges") or nothing beside the shape ("shapes"). `local` "hide" leaves out what is
    written on arrows, "numbers" the rules among it. Where "auto" or 0 leaves it open, numbers
    give way before the text becomes too small. `hide` lists with commas what is not drawn:
    "values", "gradients" with their arrows, "locals", and the "forward" arrows. `show` is
    what boxes hold: "values" and gradients as numbers, as "formulas" (`∂L/∂w = ∂L/∂z·x`), "both",
    or the "shapes" of arrays and nothing else. `blank` lists what is a `?` of the same size: names
    of nodes, "values", "gradients", "locals". `lines` adds the line of the program that
    computed a value, where it was noted (`with backviz.source_lines():`). `start`, `end`,
    `around` with `hops`, and `only` (a layer) choose a part of the graph; `highlight` is a name,
    a path as "a->L" or "largest", which stands out. `note` and `colour` are functions of a node
    (`name`, `value`, `grad`, `op` …) that give a text, or a colour, or `None`; a dict by name
    will do. `pages` is how many a picture takes, 0 for as many as its text needs. `lettering`
    "math" writes `w_1` as w with a lowered 1, `theta` as θ and `x_hat` as x̂; "plain" leaves
    names as they were typed. `powers` "10" writes 4.4·10⁻⁴ in place of 4.4e−4. `salt` makes the
    ids of an SVG unique on a page with several figures. `command` writes the
    command line into the corner of a film.

    >>> Style(theme="drak")
    Traceback (most recent call last):
    ...
    backviz.errors.UsageError: unknown theme 'drak'; did you mean 'dark'?
    """

    theme: str = "light"
    size: str = "notebook"
    fold: str = "auto"
    unfold: str = ""
    weights: Literal["auto", "show", "hide"] = "auto"
    direction: Literal["auto", "LR", "TB"] = "auto"
    engine: str = "auto"
    text: Literal["outline", "keep"] = "outline"
    transparent: bool = False
    products: bool = False
    heat: bool = False
    entries: int = 0
    arrays: Literal["auto", "values", "ranges", "shapes"] = "auto"
    local: Literal["auto", "show", "numbers", "hide"] = "auto"
    hide: str = ""
    show: Literal["values", "formulas", "both", "shapes"] = "values"
    blank: str = ""
    lines: bool = False
    start: str = ""
    end: str = ""
    around: str = ""
    hops: int = 2
    only: str = ""
    highlight: str = ""
    note: Says | None = field(default=None, hash=False)
    colour: Says | None = field(default=None, hash=False)
    pages: int = 0
    legend: bool = True
    lettering: Literal["math", "plain"] = "math"
    title: str = ""
    digits: int = 0
    decimal: str = "."
    powers: Literal["e", "10"] = "e"
    lang: str = "en"
    scale: float = 2.0
    salt: str = ""
    command: bool = True

    def __post_init__(self) -> None:
        for each in fields(self):
            if each.default is None:
                _says(each.name, getattr(self, each.name))
            else:
                _of_kind(each.name, getattr(self, each.name), type(each.default))
        for registry, name in ((THEMES, self.theme), (PRESETS, self.size), (LANGUAGES, self.lang)):
            registry[name]  # an unknown name raises its own sentence
        if self.engine != "auto":
            ENGINES[self.engine]
        _one_of("fold", self.fold, FOLDS)
        _one_of("weights", self.weights, WEIGHTS)
        _one_of("arrays", self.arrays, ARRAYS)
        _one_of("local", self.local, LOCALS)
        _one_of("show", self.show, SHOWS)
        for word in listed(self.hide):
            _one_of(N_("thing to hide"), word, HIDES)
        _one_of("lettering", self.lettering, LETTERINGS)
        _between("hops", self.hops, 0, 1000)
        _between("pages", self.pages, 0, MOST_PAGES)
        _between("entries", self.entries, 0, MOST_ENTRIES)
        _one_of("direction", self.direction, ("auto", "LR", "TB"))
        _one_of("text", self.text, ("outline", "keep"))
        _one_of(N_("decimal sign"), self.decimal, (".", ","))
        _one_of("powers", self.powers, POWERS)
        _between("digits", self.digits, 0, 17)
        _between("scale", self.scale, 0.05, 20)
        if self.salt and not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", self.salt):
            raise UsageError(
                _("salt {salt!r}: use a letter, then letters, digits, - and _", salt=self.salt)
            )

    @classmethod
    def of(cls, **options: Unpack[Options]) -> Style:
        """The style that keywords ask for; a wrong keyword is one sentence with the right one.

        >>> Style.of(thme="dark")
        Traceback (most recent call last):
        ...
        backviz.errors.UsageError: unknown option 'thme'; did you mean 'theme'?
        """
        for given in options:
            if given not in Options.__annotations__:
                raise UsageError(wrong_option(given, Options.__annotations__))
        return cls(**options)

    @property
    def hidden(self) -> frozenset[str]:
        """What is not drawn."""
        hidden = {*listed(self.hide), *(["locals"] if self.local == "hide" else [])}
        return frozenset(hidden.union(HIDES[:3]) if self.show == "shapes" else hidden)

    @property
    def formulas(self) -> bool:
        """Whether boxes hold formulas."""
        return self.show in ("formulas", "both")

    @property
    def numbers(self) -> NumberStyle:
        """How numbers are written."""
        digits = self.digits or PRESETS[self.size].digits
        entries = (self.entries, self.entries) if self.entries else ENTRIES
        if self.heat and not self.entries:  # a map says more of a middling array than its entries
            entries = (3, 3)
        if self.arrays in ("ranges", "shapes"):  # a short row takes no more room than its range
            entries = (1, 3) if self.arrays == "ranges" else (0, 0)
        arrays = "values" if self.arrays == "auto" else self.arrays
        return NumberStyle(digits, self.decimal, entries=entries, arrays=arrays,
                           powers=self.powers)  # fmt: skip


def listed(words: str) -> list[str]:
    """The words of a list with commas, each once.

    >>> listed("values, w,values")
    ['values', 'w']
    """
    return list(dict.fromkeys(filter(None, map(str.strip, words.split(",")))))


def wrong_option(given: str, known: Iterable[str]) -> str:
    """Say that an option does not exist, and what it is called here.

    >>> wrong_option("dpi", ["scale"])
    "unknown option 'dpi'; the pixels per point of a PNG are scale=2.0"
    """
    told = OTHER_WORDS.get(given, "")
    return unknown(N_("option"), given, () if told else known, _(told))


KINDS = {
    bool: N_("{option} takes True or False, not {given}"),
    int: N_("{option} takes a whole number, not {given}"),
    float: N_("{option} takes a number, not {given}"),
    str: N_("{option} takes a text, not {given}"),
}


def _of_kind(option: str, given: object, kind: type) -> None:
    """Refuse a value of another kind; a whole number is a number, True is none."""
    fits = {bool: bool | np.bool_, int: Integral, float: Real}.get(kind, kind)
    if not isinstance(given, fits) or (isinstance(given, bool) and kind is not bool):
        raise UsageError(_(KINDS[kind], option=option, given=reprlib.repr(given)))


def _says(option: str, given: object) -> None:
    """Refuse what is neither a function of a node nor a mapping of names."""
    if not (given is None or callable(given) or isinstance(given, Mapping)):
        raise UsageError(
            _(
                "{option} takes a function of a node, or a dict of names, not {given}",
                option=option,
                given=reprlib.repr(given),
            )
        )


def _one_of(what: str, given: str, allowed: tuple[str, ...]) -> None:
    if given not in allowed:
        raise UsageError(unknown(what, given, allowed))


def _between(what: str, given: float, least: float, most: float) -> None:
    if not least <= given <= most:
        raise UsageError(
            _(
                "{what} {given:g} is out of range; use {least:g} to {most:g}",
                what=what,
                given=given,
                least=least,
                most=most,
            )
        )
