"""Write the generated pages: ops, numpy's functions, optimizers, lessons, gallery, pictures.

    python docs/generate.py                     all of it: some minutes
    python docs/generate.py ops lists           these pages
    python docs/generate.py tangent             the still of a scene
    python docs/generate.py pictures sheets     the pictures of the gallery; stills: of the scenes

The tests check that the pages are up to date and that no example is missing.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import backviz
from backviz.autodiff.op import Op
from backviz.autodiff.orders import recorded_gradients
from backviz.autodiff.protocol import _ASKING
from backviz.autodiff.remedies import remedy
from backviz.autodiff.table import FUNCTIONS
from backviz.cli.listing import LISTS
from backviz.course import COURSE
from backviz.diagrams.figure import Figure
from backviz.diagrams.style import Style
from backviz.diagrams.theme import THEMES
from backviz.lessons import BREAKS, LESSONS, explanation
from backviz.lessons.model import by_subject
from backviz.lessons.op_page import call_text, record, rules
from backviz.lessons.screen import lines as screen_of
from backviz.movies import FORMATS, still
from backviz.ops import FAMILIES, OPS
from backviz.optim import OPTIMIZERS, SCHEDULES, Optimizer
from backviz.optim.options import OPTIONS, short
from backviz.renderers import RENDERERS
from backviz.scenes import SCENES, Scene
from backviz.scenes.registry import Option
from backviz.sources import EXAMPLES
from backviz.stepping.look import Look
from backviz.tables import escape_markdown

HERE = Path(__file__).parent
SHEET = ("notebook", "slide", "half", "beamer", "paper")  # sizes of the contact sheets
CELL = 380, 230  # pixels of one picture on a sheet
DARK = {"diamond": "half", "mazur": "slide", "mazur-scalar": "slide"}


HEAD_OF_OPS = [
    "| op | other names | formula | options | rules | domain | note | gradient |",
    "|---|---|---|---|---|---|---|---|",
]


def ops_page() -> str:
    """Every public op, read from the table, by family."""
    lines = [
        "# The ops",
        "",
        "Generated from the table of ops, with a small call of each. `out` is the op's result.",
        "The rules are printed by running them on symbols. For an op that works entry by entry the",
        "rule is the local derivative, `∂out/∂x = 1 − out²`. For an op on whole arrays it is what",
        "the operand gets, where `g` is the gradient of the result: `a.grad += g @ bᵀ`. A test",
        "computes every one of them as it is read; [the words](formulas.md) are listed. An op",
        "without a rule passes no gradient.",
        "",
        "Every op is a function in `backviz.ops` and, but for a few, a method of values. Options",
        "have numpy's names; `dim` and `keepdim`, torch's names, are taken as well.",
    ]
    shown: set[str] = set()
    for family in FAMILIES.split():
        module = import_module(f"backviz.ops.{family}")
        ops = [v for v in vars(module).values() if isinstance(v, Op) and v.name not in shown]
        shown |= {op.name for op in ops}
        rows = [_row(op) for op in sorted(ops, key=lambda op: op.name) if op.public]
        if rows:
            about = (module.__doc__ or family).partition("\n")[0].partition(". ")[0].rstrip(".")
            lines += ["", f"## {about}", ""]
            lines += [*HEAD_OF_OPS, *rows]
    if own := [_row(op) for op in OPS.values() if op.public and op.name not in shown]:
        lines += ["", "## Ops of plugins", "", *HEAD_OF_OPS, *own]
    return "\n".join(lines) + "\n"


def _row(op: Op) -> str:
    made = record(op, op.sample)
    cells = [
        f"`{op.name}`",
        _code(op.aliases),
        escape_markdown(call_text(op, made)),
        _code(op.params),
        "<br>".join(escape_markdown(said.en) for said in rules(op, made) if op.differentiable),
        escape_markdown(op.domain),
        escape_markdown(op.note),
        escape_markdown(op.gradient) or "carries none",
    ]
    return "| " + " | ".join(cells) + " |"


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


LISTS_HEAD = """# What there is

Generated from the tables: all that can be chosen by name, as `backviz list` prints it. What a
plugin adds stands there too ([How to extend](extend.md)).
"""


def lists_page() -> str:
    """Every table that `backviz list` knows, but for those that have a page of their own."""
    lines = [LISTS_HEAD.rstrip()]
    for what, rows in LISTS.items():
        lines += ["", f"## {what}", ""]
        if page := PAGES.get(what):
            lines.append(f"They have [a page of their own]({page}).")
            continue
        made = rows()
        keys = [key for key, cell in made[0].items() if not isinstance(cell, list)]
        lines += [f"| {' | '.join(keys)} |", "|---" * len(keys) + "|"]
        for row in made:
            cells = [f"`{row['name']}`", *(escape_markdown(str(row[k])) for k in keys[1:])]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


PAGES = {
    "ops": "ops.md",
    "scenes": "scenes.md",
    "topics": "lessons.md",
    "optimizers": "optimizers.md",
    "examples": "gallery.md",
    "schedules": "optimizers.md",
    "options": "stability.md#the-command-line",
    "course": "course.md",
}


def numpy_page() -> str:
    """Every function of numpy that records, and the ops that it records as."""
    lines = [
        "# numpy's functions",
        "",
        "Generated from the table. These functions of numpy take recorded values and record. All",
        "others refuse in one sentence, and [most of these](#what-to-write-instead) say what to",
        "write; none makes a plain array of a value silently. What the ops do, and which options",
        "they take, stands in [The ops](ops.md).",
        "",
        "These only answer, and record nothing:",
        f"{', '.join(sorted(f'`{_called(function)}`' for function in _ASKING))}.",
        "",
        "| function | other names | records as |",
        "|---|---|---|",
    ]
    for function, op in sorted(FUNCTIONS.items(), key=lambda pair: _called(pair[0])):
        others = [n for n in _names(function) if n != _called(function)]
        ops = [op.name] if isinstance(op, Op) else _recorded_by(op)
        recorded = _code(ops) or "the value itself"
        lines.append(f"| `{_called(function)}` | {_code(others)} | {recorded} |")
    lines += ["", "## What to write instead", "", *_instead()]
    return "\n".join(lines) + "\n"


def _instead() -> list[str]:
    """The functions of numpy that do not record, with what their refusal says."""
    lines = [
        "x and y are the operands in their order; `x.data` are the plain numbers.",
        "",
        "| function | what to write |",
        "|---|---|",
    ]
    for home, module in (("", np), ("linalg", np.linalg)):
        for name, function in sorted(vars(module).items()):
            said = remedy(name, home) if callable(function) and name[0] != "_" else ""
            if said and function not in FUNCTIONS and not isinstance(function, type):
                called = ".".join(filter(None, ("np", home, name)))
                lines.append(f"| `{called}` | {escape_markdown(said)} |")
    return lines


def _names(function: Callable[..., Any]) -> list[str]:
    """What a function is called in numpy, sorted."""
    modules = (("np.", np), ("np.linalg.", np.linalg))
    found = [f"{m}{n}" for m, module in modules for n, v in vars(module).items() if v is function]
    return sorted(found)


def _called(function: Callable[..., Any]) -> str:
    """The name that the function itself gives, if numpy has it under that."""
    names = _names(function)
    own = [n for n in names if n.rpartition(".")[2] == function.__name__]
    return (own or names)[0]


def _recorded_by(function: Callable[..., Any]) -> list[str]:
    """The ops that a function records which is not one itself: found by calling it."""
    x = backviz.tensor(np.eye(2) + 1)
    for args in (([x, x],), (x,), (x, 2), (x, float), (x, np.eye(2, dtype=int))):
        with suppress(TypeError, ValueError, IndexError, AttributeError):
            made = function(*args)
            values = backviz.tape(*(made if isinstance(made, list | tuple) else [made]))
            return sorted({v.op.name for v in values if v.op is not None})
    raise TypeError(f"{function.__name__} takes none of the arguments that were tried")


OPTIMIZERS_HEAD = """# Optimizers

Generated from the table of optimizers. An optimizer moves recorded leaves against their
gradients, or plain arrays of any shape against gradients that it is given; both take the same
steps, bit for bit. The words are torch's: `lr`, `betas`, `eps`, `momentum`, `weight_decay`.

```python
>>> import numpy as np
>>> from backviz import Value
>>> from backviz.optim import Adam, clip_by_norm, schedules
>>> w = Value(3.0)
>>> opt = Adam(w, lr=schedules.cosine(0.2, 60))
>>> for _ in range(60):
...     opt.zero_grad()
...     ((w - 1) ** 2).backward()
...     norm = clip_by_norm(w, 10.0)
...     opt.step()
>>> abs(w.data - 1) < 0.1
True
>>> starts = np.random.default_rng(0).normal(size=(64, 2))  # 64 starts at once
>>> opt = Adam(starts, lr=0.1, semantics="keras")
>>> opt.step(2 * starts)
>>> opt.describe()
'Adam lr=.1 β₁=.9 β₂=.999 ε=1e-07 wd=0 (keras)'

```

One name means several formulas. The default is torch's; `semantics="keras"`, `"optax"` or
`"paper"` chooses another, with its own defaults. Where a convention has no default rate, `lr`
has to be given. An option that a convention does not have is refused.

In the formulas θ is a parameter, g its gradient, t the step, counted from 1. `←` changes what is
kept from step to step and begins at 0 (the product Π at 1, Adagrad's s at s₀), `=` names something
on the way.
A weight decay that is *coupled* goes into the gradient, `g ← g + wd·θ`, ahead of everything; a
*decoupled* one shrinks the parameter, `θ ← θ − lr·wd·θ`. keras decouples it always; torch only in
AdamW, or on request with `decoupled_weight_decay=True`. `maximize=True` turns the gradient around.

*Memory* is the count of numbers kept for each parameter, besides itself; a step makes no further
arrays. `opt.anatomy(i)` takes the next step of a parameter apart, `opt.formula()` prints the lines
below for the options at hand, and `opt.state_dict()` can be saved with `np.savez`.
"""


def optimizers_page() -> str:
    """Every optimizer with its formulas, its defaults by convention, and the schedules."""
    whose = list(dict.fromkeys(w for made in OPTIMIZERS.values() for w in made.conventions))
    lines = [OPTIMIZERS_HEAD, f"| name | memory | rate: {' | rate: '.join(whose)} |"]
    lines.append("|---" * (2 + len(whose)) + "|")
    for name, made in OPTIMIZERS.items():
        rates = [_default(made, w, "lr") for w in whose]
        cells = [f"`{name}`", str(_example(made).memory), *rates]
        lines.append(f"| {' | '.join(cells)} |")
    for made in OPTIMIZERS.values():
        lines += ["", *_optimizer(made)]
    lines += ["", "## Schedules", "", "| name | what it does |", "|---|---|"]
    for name, schedule in SCHEDULES.items():
        about = (schedule.__doc__ or "").partition("\n")[0]
        lines.append(f"| `{name}` | {escape_markdown(about)} |")
    return "\n".join(lines) + "\n"


def _example(made: type[Optimizer], semantics: str | None = None, **options: Any) -> Optimizer:
    given: dict[str, Any] = {"lr": 0.1, "semantics": semantics} | options
    return made(np.zeros(1), **given)


def _default(made: type[Optimizer], semantics: str, option: str) -> str:
    """A default as the tables show it: "–" if there is no such option."""
    if semantics not in made.conventions:
        return "–"
    defaults = made.conventions[semantics].defaults
    value = defaults.get(option, "–")
    if value is None:
        return "to be given"
    if isinstance(value, bool | str):
        return str(value)
    return ", ".join(map(short, value if isinstance(value, tuple) else (value,)))


def _optimizer(made: type[Optimizer]) -> list[str]:
    """The section of one optimizer."""
    about = (made.__doc__ or "").partition("\n")[0]
    whose = list(made.conventions)
    lines = [f"## {made.title}", "", f"{about} {made.source}.", "", "```"]
    for options in made.shown:
        if len(made.shown) > 1:
            lines.append(f"# {', '.join(f'{k}={v}' for k, v in options.items()) or 'plain'}")
        lines += _example(made, **options).formula()
    lines += ["```", "", f"| option | in formulas | {' | '.join(whose)} |"]
    lines.append("|---" * (2 + len(whose)) + "|")
    for option in dict.fromkeys(o for c in made.conventions.values() for o in c.defaults):
        if option != "maximize":
            symbol = ", ".join(OPTIONS[option].letters) if option in OPTIONS else ""
            cells = [f"`{option}`", symbol, *(_default(made, w, option) for w in whose)]
            lines.append(f"| {' | '.join(cells)} |")
    plain = _example(made).formula()
    for semantics, convention in made.conventions.items():
        if convention.differs:
            lines += ["", f"**{semantics}.** {convention.differs}"]
            formula = _example(made, semantics).formula()
            options = made.shown[1] if formula == plain and len(made.shown) > 1 else {}
            formula, other = (_example(made, w, **options).formula() for w in (semantics, whose[0]))
            if formula != other:
                told = [f"# {k}={v}" for k, v in options.items()]
                lines += ["", "```", *told, *formula, "```"]
    return lines


LESSONS_HEAD = """# Explanations

Generated from the lessons. `backviz explain` lists the topics; `backviz explain accumulate` prints
one, `backviz explain tanh` an op, `--lang ru` in Russian, `--json` for programs. Every number is
computed when the lesson runs. Where a wrong engine is the lesson, it runs beside the right one, and
finite differences, which need no engine, are the judge.

A broken engine runs on a computation of your own as well:

```console
$ backviz explain --break accumulate --src 'L=a*a; a=3'
```

| `--break` | mistake |
|---|---|
"""


def _also(name: str) -> list[str]:
    """The other words of a topic, as a line."""
    also = LESSONS[name].also if name in LESSONS else None
    return ["", f"Also found as: {escape_markdown(also.en)}"] if also else []


def lessons_page() -> str:
    """Every topic as the console shows it, and one op."""
    rows = [f"| `{b.name}` | {escape_markdown(b.about.en)} |" for b in BREAKS.values()]
    lines = [LESSONS_HEAD + "\n".join(rows)]
    for subject, lessons in [*by_subject().items(), ("An op", [])]:
        lines += ["", f"## {subject}"]
        for name in [lesson.name for lesson in lessons] or ["tanh"]:
            made = explanation(name)
            question = made.head.en if name in LESSONS else name
            lines += ["", f"### {question}", "", f"`{name}`", *_also(name), ""]
            lines += ["```text", *screen_of(made, Look())[1:], "```"]
    return "\n".join(lines) + "\n"


def gallery_page() -> str:
    """Every example with its picture and its source; all of them in every theme and size."""
    lines = ["# Gallery", "", "Generated by `python docs/generate.py`.", ""]
    lines += ["[All examples in every theme and size](#every-theme-and-size) stand at the end.", ""]
    for example in EXAMPLES.values():
        lines += [f"## @{example.name}", "", f"{example.about[0].upper()}{example.about[1:]}.", ""]
        lines += [f"![{example.about}](images/{example.name}.svg)", ""]
        if example.name in DARK:
            lines += [f"![the same, dark](images/{example.name}-dark.svg)", ""]
        source = "\n".join(line.strip() for line in example.expression.strip().splitlines())
        lines += ["```", source, "```", ""]
    lines += ["## Every theme and size", ""]
    lines += [f"A row for each example; the columns are {', '.join(SHEET)}.", ""]
    for theme in THEMES:
        lines += [f"### {theme}", "", f"![every example in the theme {theme}]"
                  f"(images/all-{theme}.png)", ""]  # fmt: skip
    return "\n".join(lines)


SCENES_HEAD = """# Scenes

Generated from the table of scenes. A scene is a computation that is shown while it runs: a
training, a descent, a gradient on its way through layers. `backviz animate` draws it to a file.

```
backviz animate tangent -o tangent.mp4
backviz animate tangent --curve sine --theme dark -o tangent.gif
backviz animate tangent --still -1 -o last.png
backviz animate tangent --strip 6 -o strip.png
```

The name says the format:

| name | kind | what it is for |
|---|---|---|
FORMATS

- A picture shows the last of the scene's key stills. `--still K` takes frame K, from 0 or, if it is
  negative, from the end; `--strip 6` puts six frames on one sheet; a pdf has a page for each key
  still; `-o 'out/%03d.png'` is a picture for each frame.
- `--for` says where the film goes: `slide` (1280 × 720 pixels, unless it is said), `under-title`
  (the space below a slide's own title), `half`, `beamer`, `paper` or `notebook`. All text but the
  corner has 18 points on a slide and more; what a smaller place has no room for at that size gets
  smaller, and a message says how small. `--scale 2` has twice as many pixels.
- `--theme` is any theme of pictures, also one of your own: a theme that names no colours for films
  gets them from the colours it has. `--transparent` leaves the background out (png, svg, pdf).
- `--title TEXT` replaces the title and `--title none` leaves it out, `--no-legend` the legends,
  `--no-command` the command in the corner; the picture gets the room. `--decimal ,` and
  `--digits 4` change the numbers. The words of scenes are English.
- `--fps` is frames a second, `--hold` how many seconds the last frame stays, `--once` ends a gif,
  webp or html film there. In html, ← → Home End and space turn the frames.
- The corner of each page, unless it is left out, and the metadata of each file hold the command
  with all settings and the seed. The same settings give the same frames, and but for mp4 the same bytes.
- A file appears whole or not at all, even if Ctrl-C is pressed or the disk is full.

Scenes that learn from points take your own with `--data`: a CSV with a column for each input and the
target last (one line of heads may stand above; with semicolons a comma is a decimal sign), an NPZ with
`x` and `y`, or `file.py:name`, where the name is a pair `x, y` or a function that returns one. Classes
may be numbers or words. A network sees inputs of any size as numbers from −1 to 1.

```
backviz animate line_fit --data points.csv -o line.mp4
backviz animate hidden_lines --data measured.npz --steps 300 -o classes.mp4
```

In Python a scene is a function that returns a film:

```python
>>> from backviz import scenes
>>> film = scenes.tangent(curve="sine", frames=5)
>>> film.data()["derivative.now.y"].shape
(5, 1)

```

`film.save("a.mp4")` writes it; in a notebook the film shows a still, and `film.play()` plays it.
These and `film.still()` take the looks of pictures: `theme="print"`, `size="beamer"`,
`title="none"`, `decimal=","`, `digits=4`, `legend=False`, `transparent=True`, and for films
`command=False`.
How to add a scene stands in [How to extend](extend.md).

"""


def course_graphs_page() -> str:
    """The graphs that a course draws first, and how large the text of each is where."""
    lines = [
        "# Twelve graphs of a course",
        "",
        "Files of a few lines, in numpy or micrograd. `backviz graph FILE:loss --for slide -o x.png`",
        "draws each; numbers give way before the text becomes too small, and what no page holds is",
        "spread over several. The table has the smallest text in points (a slide wants 18, Beamer 8),",
        "the pages, and the width of the default picture in points.",
        "",
        "| file | what it is | slide | beamer | pages | default |",
        "|---|---|---|---|---|---|",
    ]
    shown = []
    for path, loss in course_graphs():
        said = path.read_text("utf-8").split('"""')[1].splitlines()[0]
        sizes = [Figure(loss, Style(size=size)) for size in ("slide", "beamer")]
        texts = [min(p.drawing.least_text for p in figure.pages) for figure in sizes]
        pages = "/".join(str(len(figure.pages)) for figure in sizes)
        width = Figure(loss, Style()).drawing.width
        lines.append(
            f"| `examples/graphs/{path.name}` | {said} | {texts[0]:.0f} | {texts[1]:.0f} | {pages} "
            f"| {width:.0f} |"
        )
        for k in range(1, len(sizes[0].pages) + 1):
            shown += [f"![{said} Page {k}.](images/graph-{path.stem}-{k}.png)", ""]
    return "\n".join([*lines, "", "On a slide:", "", *shown])


def course_graphs() -> Iterator[tuple[Path, backviz.Value]]:
    """The graphs in `examples/graphs`, with gradients."""
    for path in sorted((HERE.parent / "examples" / "graphs").glob("*.py")):
        loss = backviz.load(f"{path}:loss")
        loss.backward()
        yield path, loss


def pictures_of_course_graphs() -> None:
    """Their pages on a slide, in few colours."""
    for path, loss in course_graphs():
        for k, page in enumerate(Figure(loss, Style(size="slide", scale=1.0)).pages, 1):
            image = Image.open(io.BytesIO(RENDERERS["png"](page))).convert("RGB")
            image.quantize(64).save(HERE / "images" / f"graph-{path.stem}-{k}.png", optimize=True)


def course_page() -> str:
    """The topics of a course, part by part, each with the commands that show it."""
    lines = [
        "# A course, topic by topic",
        "",
        f"Generated from the table of the course: {len(COURSE)} topics, and what shows each. Every",
        "command is run by a test. `backviz list course` prints the same, `--lang ru` in Russian;",
        "`-o` may name another format, and `--for half` another place. Those that name a file of",
        "`examples/` run where that folder is.",
    ]
    part = ""
    for topic in COURSE.values():
        if topic.part != part:
            part = topic.part
            lines += ["", f"## {part}", "", "| topic | what is seen | command |", "|---|---|---|"]
        commands = "<br>".join(f"`{c.replace('|', chr(92) + '|')}`" for c in topic.commands)
        cells = escape_markdown(topic.about), escape_markdown(topic.shows), commands
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def scenes_page() -> str:
    """Every scene with a still, its options and the command that draws it."""
    rows = [f"| `.{f.name}` | {f.kind} | {escape_markdown(f.about)} |" for f in FORMATS.values()]
    lines = [SCENES_HEAD.replace("FORMATS", "\n".join(rows)).rstrip(), ""]
    lines += ["| scene | |", "|---|---|"]
    lines += [f"| [{s.name}](#{s.name}) | {escape_markdown(s.about)} |" for s in SCENES.values()]
    for made in SCENES.values():
        lines += ["", *_scene(made)]
    return "\n".join(lines) + "\n"


def _scene(made: Scene) -> list[str]:
    """The section of one scene."""
    picture = f"![{made.about.rstrip('.')}](images/{scene_picture(made.name)})"
    lines = [f"## {made.name}", "", made.text, "", picture, ""]
    lines += ["```", f"backviz animate {made.name} --scale 0.5 -o {made.name}.png", "```", ""]
    lines += ["| option | default | takes | what it is |", "|---|---|---|---|"]
    for option in made.options:
        flag = option.name.replace("_", "-")
        cells = [
            f"`--{flag}`",
            f"`{option.default}`" if option.default != "" else "",
            escape_markdown(_taken(option)),
            escape_markdown(option.about),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _taken(option: Option) -> str:
    """What an option of a scene may be."""
    if option.choices:
        return ", ".join(option.choices)
    if option.within:
        return str(option.within)
    if option.kind:
        return f"{option.kind.name}, {option.kind.hint}"
    kinds = {bool: f"or `--no-{option.name.replace('_', '-')}`", str: "text"}
    return kinds.get(option.type, "a number")


def scene_picture(name: str) -> str:
    """The file of a scene's still."""
    return f"scene-{name}.png"


def stills_of_scenes() -> None:
    """The stills of all scenes."""
    for made in SCENES.values():
        still_of_scene(made)


def still_of_scene(made: Scene) -> None:
    """The last key still of a scene, small."""
    film = made()
    picture = Image.open(io.BytesIO(still(film, film.stills[-1], scale=0.5)))
    place = HERE / "images" / scene_picture(made.name)
    small = picture.convert("RGB").quantize(128, dither=Image.Dither.NONE)
    small.save(place, optimize=True, pnginfo=_noted(picture.text))


def _noted(words: Mapping[str, str]) -> PngInfo:
    """What a PNG tells of itself: the tests read there whether it is still what would be drawn."""
    info = PngInfo()
    for key, said in words.items():
        info.add_itxt(key, said)
    return info


def sheet(theme: str) -> Image.Image:
    """All examples in all sizes on one sheet, small: to be looked through by eye."""
    page = Image.new("RGB", (len(SHEET) * CELL[0], len(EXAMPLES) * CELL[1]), "#808080")
    for row, example in enumerate(EXAMPLES):
        value = backviz.load(f"@{example}")
        value.backward(np.ones(value.shape) if value.shape else None)
        for column, size in enumerate(SHEET):
            made = backviz.render(value, "png", theme=theme, size=size, scale=1.0)
            picture = Image.open(io.BytesIO(made)).convert("RGB")
            picture.thumbnail((CELL[0] - 6, CELL[1] - 6), Image.Resampling.LANCZOS)
            page.paste(picture, (column * CELL[0] + 3, row * CELL[1] + 3))
    return page.quantize(48)


def pictures() -> None:
    """The pictures of the gallery."""
    for example in EXAMPLES.values():
        value = backviz.load(f"@{example.name}")
        value.backward()
        backviz.save(value, HERE / "images" / f"{example.name}.svg")
        if example.name in DARK:
            style = Style(theme="dark", size=DARK[example.name])
            path = HERE / "images" / f"{example.name}-dark.svg"
            backviz.save(value, path, theme=style.theme, size=style.size)
    _pictures_of_the_engine()


def sheets() -> None:
    """Write the sheets of all examples."""
    for theme in THEMES:
        place = HERE / "images" / f"all-{theme}.png"
        sheet(theme).save(place, optimize=True, pnginfo=_noted({"examples": " ".join(EXAMPLES)}))


def _pictures_of_the_engine() -> None:
    """The backward pass as a graph, and an op opened into its parts."""
    value = backviz.load("@karpathy-neuron")
    figure = Figure(value, Style(), recorded_gradients(value))
    (HERE / "images" / "neuron-order2.svg").write_bytes(RENDERERS["svg"](figure))
    scores = backviz.tensor([1.0, 2.0, 3.0], "scores")
    with backviz.expanded():
        shares = backviz.name(shares=scores.softmax())
    shares.backward(np.ones(3))
    backviz.save(shares, HERE / "images" / "softmax-parts.svg")


WRITTEN = {
    "ops": ops_page, "lists": lists_page, "numpy": numpy_page, "optimizers": optimizers_page,
    "lessons": lessons_page, "gallery": gallery_page, "scenes": scenes_page,
    "course": course_page, "course-graphs": course_graphs_page,
}  # fmt: skip
DRAWN = {
    "pictures": pictures, "sheets": sheets, "stills": stills_of_scenes,
    "slides": pictures_of_course_graphs,
}  # fmt: skip


def write(*names: str) -> None:
    """Write these pages, pictures or stills of scenes; without names all of them."""
    for name in names or (*WRITTEN, *DRAWN):
        if name in WRITTEN:
            (HERE / f"{name}.md").write_text(WRITTEN[name](), encoding="utf-8")
        elif name in DRAWN:
            DRAWN[name]()
        else:
            still_of_scene(SCENES[name])


if __name__ == "__main__":
    write(*sys.argv[1:])
