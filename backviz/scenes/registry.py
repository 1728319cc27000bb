"""The scenes by name: each one function, whose signature and docstring say its options.

Invariant: an option is checked before the scene runs, with the same sentence for Python
and the command line. Command line, docs and tests read the options from here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints, overload

import numpy as np

from backviz.errors import UsageError
from backviz.language import N_, _
from backviz.registry import Registry, unknown
from backviz.scenes.model import Film


@dataclass(frozen=True, slots=True)
class Within:
    """The range that a number must lie in: `Annotated[int, Within(1, 200)]`, ends included."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:.10g} to {self.high:.10g}"


@dataclass(frozen=True, slots=True)
class Kind:
    """What the text of an option stands for: `Annotated[T, Kind("surface", "NAME", read)]`.

    `read` makes a T of the option's name and its text, or raises `UsageError`; it is the only
    parser of the kind, and the scene gets the T. In Python a list or a tuple may stand for a
    text with commas. `hint` is how help shows the text; `names` lists the names that it may
    be made of, with commas between `several`.
    """

    name: str
    hint: str
    read: Callable[[str, str], Any]
    names: Callable[[], Sequence[str]] = tuple
    several: bool = False

    def text(self, given: Any) -> Any:
        """A list or a tuple as text with commas; everything else as it is."""
        if isinstance(given, list | tuple | np.ndarray):
            return ",".join(str(each) for each in given)
        return given


def said(text: str) -> Any:
    """The default of an option that has a `Kind`: the text that is read."""
    return text


@dataclass(frozen=True, slots=True)
class Option:
    """One parameter of a scene: its type, its default, what it may be and what it is for."""

    name: str
    type: type[Any]
    default: Any
    about: str
    choices: tuple[str, ...] = ()
    within: Within | None = None
    kind: Kind | None = None

    def check(self, value: Any) -> Any:
        """The value as the settings keep it, or one sentence that says what is wrong."""
        if self.kind:
            value = self.kind.text(value)
        if (
            isinstance(value, Integral)
            and not isinstance(value, bool)
            and self.type in (int, float)
        ):
            value = self.type(value)  # numpy's numbers too
        if not isinstance(value, self.type) or (self.type is int and isinstance(value, bool)):
            raise UsageError(_(self._wanted, name=self.name, value=value))
        if self.choices and value not in self.choices:
            raise UsageError(unknown(self.name, value, self.choices))
        if self.within and not self.within.low <= value <= self.within.high:
            raise UsageError(
                _("{name} {value:.10g} is out of range; use {low:.10g} to {high:.10g}",
                  name=self.name, value=value, low=self.within.low, high=self.within.high)
            )  # fmt: skip
        return value

    def read(self, value: Any) -> Any:
        """What the scene gets for a value that was checked."""
        return self.kind.read(self.name, value) if self.kind else value

    def row(self) -> dict[str, Any]:
        """The option as `list scenes --json` says it: type, default, what it takes and is for."""
        made: dict[str, Any] = {"name": self.name, "type": self.type.__name__}
        if self.kind:
            made |= {"type": self.kind.name, "written": self.kind.hint}
        made["default"] = self.default
        if self.within:
            made |= {"least": self.within.low, "most": self.within.high}
        if self.choices:
            made["type"] = "choice"
        if names := self.choices or (self.kind.names() if self.kind else ()):
            made["choices"] = list(names)
        return {**made, "about": self.about}

    @property
    def _wanted(self) -> str:
        return {
            int: N_("{name} must be a whole number; {value!r} is not"),
            float: N_("{name} must be a number; {value!r} is not"),
            bool: N_("{name} must be true or false; {value!r} is not"),
            str: N_("{name} must be text; {value!r} is not"),
        }[self.type]


Sides = Callable[[Mapping[str, Any]], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Claim:
    """What a film has to show, as one inequality over its data: the first side is the smaller.

    `text` is the claim as a sentence, `sides` gives both sides from `Film.data()`. A test
    computes it with the defaults for ten seeds: a default that shows the opposite teaches it.

    >>> claim = Claim("the slope reaches 4", lambda data: (3.9, data["derivative.now.y"].max()))
    >>> claim.sides({"derivative.now.y": np.array([-4.0, 4.0])})
    (3.9, np.float64(4.0))
    """

    text: str
    sides: Sides

    def holds(self, data: Mapping[str, Any]) -> bool:
        """Whether the data show it."""
        small, large = self.sides(data)
        return bool(small < large)


@dataclass(frozen=True)
class Scene:
    """A named function that makes a film, with what a person can choose about it.

    `about` is the first sentence of the docstring, `text` all of it up to the options;
    `claim` is what its default film has to show.
    """

    name: str
    about: str
    text: str
    options: tuple[Option, ...]
    make: Callable[..., Film]
    claim: Claim | None = None

    @property
    def paragraphs(self) -> list[str]:
        """The text as a person reads it, each paragraph on one line."""
        return [" ".join(part.split()) for part in self.text.replace("`", "").split("\n\n")]

    def __call__(self, **given: Any) -> Film:
        """The film with these options; the others have their defaults."""
        known = {option.name: option for option in self.options}
        for name in given:
            if name not in known:
                raise UsageError(unknown(_("option of {name}", name=self.name), name, known))
        settings = {n: o.check(given.get(n, o.default)) for n, o in known.items()}
        made = self.make(**{n: known[n].read(value) for n, value in settings.items()})
        return made.with_settings(self.name, settings)


# What every film can be told, so that no scene has an option of that name.
TAKEN = frozenset(
    ("output", "form", "format", "still", "strip", "theme", "scale", "fps", "hold", "once", "list",
     "open", "json", "quiet", "debug", "plugin", "help", "for", "title", "lang", "digits",
     "decimal", "transparent", "no_legend", "no_command", "font")
)  # fmt: skip
# Each is imported when a scene is asked for that those before it do not have.
MODULES = (
    "backviz.scenes.slopes",
    "backviz.scenes.fitted_line",
    "backviz.scenes.steps_of_training",
    "backviz.scenes.boundaries",
    "backviz.scenes.hidden_units",
    "backviz.scenes.widths",
    "backviz.scenes.vanishing",
    "backviz.scenes.gradient_on_graph",
    "backviz.scenes.factors",
    "backviz.scenes.long_gradients",
    "backviz.scenes.short_gradients",
    "backviz.scenes.units",
    "backviz.scenes.saturated_samples",
    "backviz.scenes.update_sizes",
    "backviz.scenes.gradient_sizes",
    "backviz.scenes.unit_slopes",
    "backviz.scenes.choices",
    "backviz.scenes.shared_axes",
    "backviz.scenes.learned_slope",
    "backviz.scenes.best_pieces",
    "backviz.scenes.pulling_losses",
    "backviz.scenes.class_bars",
    "backviz.scenes.outliers",
    "backviz.scenes.saturated_unit",
    "backviz.scenes.scaled_inputs",
    "backviz.scenes.needed_steps",
    "backviz.scenes.batch_sizes",
    "backviz.scenes.saddle_ways",
    "backviz.scenes.wide_minima",
    "backviz.scenes.flat_ground",
    "backviz.scenes.range_test",
    "backviz.scenes.early_stopping",
    "backviz.scenes.fitted_degrees",
    "backviz.scenes.dropped_units",
    "backviz.scenes.dropped_statistics",
    "backviz.scenes.penalty_shapes",
    "backviz.scenes.normed_axes",
    "backviz.scenes.running_numbers",
    "backviz.scenes.largest_rates",
    "backviz.scenes.layer_spreads",
    "backviz.scenes.dying_units",
    "backviz.scenes.variances",
    "backviz.scenes.unequal_widths",
    "backviz.scenes.measured_start",
    "backviz.scenes.gradients_in_time",
    "backviz.scenes.symmetry",
    "backviz.scenes.phases",
    "backviz.scenes.optimizer_paths",
    "backviz.scenes.basin_maps",
    "backviz.scenes.surface_view",
    "backviz.scenes.step_parts",
    "backviz.scenes.stability_ruler",
    "backviz.scenes.damping",
    "backviz.scenes.rate_schedules",
    "backviz.scenes.moving_averages",
    "backviz.scenes.comparisons",
    "backviz.scenes.library_conventions",
    "backviz.scenes.shuffled_samples",
    "backviz.scenes.resumed_runs",
    "backviz.scenes.network_view",
    "backviz.scenes.skip_surfaces",
)


def _place(made: Scene) -> int:
    """Scenes stand in the order of their modules, whichever was imported first; others follow."""
    name = made.make.__module__
    return MODULES.index(name) if name in MODULES else len(MODULES)


SCENES: Registry[Scene] = Registry("scene", home=MODULES, order=_place)


@overload
def scene(make: Callable[..., Film]) -> Scene: ...
@overload
def scene(make: Claim) -> Callable[[Callable[..., Film]], Scene]: ...
def scene(make: Callable[..., Film] | Claim) -> Scene | Callable[[Callable[..., Film]], Scene]:
    """Enter a function into `SCENES` under its own name: `@scene`, or `@scene(Claim(…))`.

    Every parameter has a type (`int`, `float`, `bool`, `str` or `Literal[…]` of text; a number
    may be `Annotated[…, Within(low, high)]`, anything that is read from text `Annotated[…, Kind]`
    with the default `said(text)`), a default, and a line `name: what it is for` under the heading
    `Options:` that ends the docstring.
    """
    if isinstance(make, Claim):
        return lambda function: _entered(function, make)
    return _entered(make, None)


def _entered(make: Callable[..., Film], claim: Claim | None) -> Scene:
    text, options = _docstring(make)
    hints = get_type_hints(make, include_extras=True)
    parameters = inspect.signature(make).parameters
    listed = tuple(_option(p, hints[p.name], options) for p in parameters.values())
    if taken := TAKEN & set(parameters):
        raise TypeError(
            _("{name}: every scene has the options {taken} already", name=make.__name__,
              taken=", ".join(sorted(taken)))
        )  # fmt: skip
    if left := set(options) - set(parameters):
        raise TypeError(
            _("{name}: the docstring has options it does not take: {left}", name=make.__name__,
              left=", ".join(sorted(left)))
        )  # fmt: skip
    about = text.partition("\n\n")[0].replace("\n", " ")
    made = Scene(make.__name__, about, text, listed, make, claim)
    return SCENES.add(made.name, made)


def _docstring(make: Callable[..., Film]) -> tuple[str, dict[str, str]]:
    """The text above `Options:` and the line of each option; an indented line continues."""
    text, _other, rest = (inspect.getdoc(make) or "").partition("Options:\n")
    options: dict[str, str] = {}
    name = ""
    for line in inspect.cleandoc("\n" + rest).splitlines():
        if line.startswith(" "):
            options[name] += " " + line.strip()
        elif line:
            name, _other, about = line.partition(":")
            options[name] = about.strip()
    if not text.strip():
        raise TypeError(_("the scene {name} has no docstring", name=make.__name__))
    return text.strip(), options


def _option(parameter: inspect.Parameter, hint: Any, about: dict[str, str]) -> Option:
    name, limit, choices = parameter.name, None, ()
    if name not in about:
        raise TypeError(
            _("the option {name} has no line under 'Options:' in the docstring", name=name)
        )
    if parameter.default is inspect.Parameter.empty:
        raise TypeError(_("the option {name} has no default", name=name))
    if get_origin(hint) is Annotated:
        hint, limit = get_args(hint)
    if isinstance(limit, Kind):
        hint = str
    if get_origin(hint) is Literal:
        choices = get_args(hint)
        hint = str
    if hint not in (int, float, bool, str):
        raise TypeError(
            _("the option {name} is a {hint}; use int, float, bool, str or Literal", name=name,
              hint=hint)
        )  # fmt: skip
    option = Option(name, hint, parameter.default, about[name], choices)
    if isinstance(limit, Kind):
        option = replace(option, kind=limit)
    elif limit is not None:
        option = replace(option, within=limit)
    option.check(option.default)
    return option
