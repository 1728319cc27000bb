"""Which optimizers a scene compares, read from text: "sgd,momentum,adam:lr=.1:semantics=keras".

Invariant: everything that is not said is the optimizer's own default, and `describe()` of what
is made prints every hyper-parameter, so that a legend made of it is complete.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from backviz.errors import InputError, UsageError
from backviz.language import N_, _
from backviz.optim import OPTIMIZERS, SCHEDULES, Optimizer, Schedule
from backviz.optim import schedules as rules
from backviz.optim.options import above_0, short
from backviz.optim.parameters import Parameters
from backviz.registry import unknown
from backviz.scenes.registry import Kind

MOMENTUM = 0.9
SHORT: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "momentum": ("sgd", {"momentum": MOMENTUM}),
    "nesterov": ("sgd", {"momentum": MOMENTUM, "nesterov": True}),
}
TITLES = {"momentum": "momentum", "nesterov": "Nesterov"}
MOST = 12  # series that can be told apart in a picture, by colour, dash and marker
RATES = tuple(float(f"{m}e{k}") for k in range(-4, 2) for m in (1, 1.5, 2, 3, 5, 7))

ScheduleName = Literal[
    "constant", "time_based", "step", "exponential", "linear", "polynomial", "cosine",
    "warm_restarts", "cyclic", "warmup", "one_cycle", "plateau",
]  # fmt: skip


def names_of_optimizers() -> list[str]:
    """What an optimizer may be called in a text."""
    return [*SHORT, *OPTIMIZERS]


@dataclass(frozen=True, slots=True)
class Choice:
    """An optimizer with the options that somebody gave it; `name` is what a picture calls it.

    `rate` is its own, which goes before the one that a scene has for all.
    """

    name: str
    make: type[Optimizer]
    options: Mapping[str, Any] = field(default_factory=dict)
    rate: float | None = None

    def made(self, params: Parameters, **more: Any) -> Optimizer:
        """The optimizer of these parameters, with more options."""
        return self.make(params, **self.options, **more)

    def rate_or(self, rate: float) -> float:
        """Its own rate, or the one that the others have.

        >>> [choice.rate_or(0.5) for choice in choices("sgd,adam:lr=.1")]
        [0.5, 0.1]
        """
        return rate if self.rate is None else self.rate

    @property
    def title(self) -> str:
        """The name without the options.

        >>> choices("adam:betas=.8/.99")[0].title
        'Adam'
        """
        return self.name.partition(" ")[0] if "=" in self.name else self.name

    @property
    def momentum(self) -> float:
        """μ of gradient descent, 0 without."""
        return float(self.options.get("momentum", 0.0))


def choices(text: str) -> tuple[Choice, ...]:
    """The optimizers that a text names, in its order; options follow after colons.

    A value is a number, two numbers as `.9/.99`, true, false, or the name of a convention.
    Raises `UsageError` for unknown names and more than 12 optimizers.

    >>> [c.name for c in choices("sgd, momentum, adam:betas=.8/.99")]
    ['SGD', 'momentum', 'Adam betas=.8/.99']
    >>> choices("adm")
    Traceback (most recent call last):
    ...
    backviz.errors.UsageError: unknown optimizer 'adm'; did you mean 'adam'?
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise UsageError(
            _(
                "no optimizer is named; name 1 to {most} with commas, such as sgd,momentum,adam",
                most=MOST,
            )
        )
    if len(words) > MOST:
        raise UsageError(
            _(
                "{n} optimizers cannot be told apart in one picture; name 1 to {most} with commas, "
                "such as sgd,momentum,adam",
                n=len(words),
                most=MOST,
            )
        )
    made = [_choice(word) for word in words]
    names = [choice.name for choice in made]
    if twice := next((n for n in names if names.count(n) > 1), None):
        raise UsageError(
            _("the optimizer {name} is there twice; give one of them other options", name=twice)
        )
    return tuple(made)


def one_choice(text: str) -> Choice:
    """The only optimizer that a text names.

    >>> one_choice("adam").name
    'Adam'
    """
    found = choices(text)
    if len(found) != 1:
        raise UsageError(
            _("this scene shows one optimizer; {text!r} names {n}", text=text, n=len(found))
        )
    return found[0]


def _choice(word: str) -> Choice:
    name, *given = (part.strip() for part in word.split(":"))
    lower = name.lower()
    if lower not in SHORT and name not in OPTIMIZERS and lower not in OPTIMIZERS:
        raise UsageError(unknown(N_("optimizer"), name, names_of_optimizers()))
    of, fixed = SHORT.get(lower, (name if name in OPTIMIZERS else lower, {}))
    make = OPTIMIZERS[of]
    known = [p for p in inspect.signature(make).parameters if p not in ("params", "maximize")]
    options: dict[str, Any] = dict(fixed)
    said: set[str] = set()
    for each in given:
        option, is_given, value = (part.strip() for part in each.partition("="))
        if option not in known:
            raise UsageError(unknown(_("option of {name}", name=name), option, known))
        if not is_given or not value:
            raise UsageError(
                _("{name}: the option {option} has no value; write {option}=.9", name=name,
                  option=option)
            )  # fmt: skip
        if option in said:
            raise UsageError(
                _("{name}: the option {option} is there twice; give it once", name=name,
                  option=option)
            )  # fmt: skip
        said.add(option)
        options[option] = _value(name, option, value)
    title = TITLES.get(lower, make.title)
    rate = options.pop("lr", None)
    if rate is not None:
        rate = above_0(title, "lr", rate)
        if rate == 0:  # an optimizer takes it, but on a surface it stands still
            raise InputError(_("{name}: lr is above 0, or nothing moves; not 0", name=title))
    return Choice(" ".join((title, *given)), make, options, rate)


def _value(optimizer: str, option: str, text: str) -> Any:
    if option == "semantics":
        return text
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        numbers = tuple(float(part) for part in text.split("/"))
    except ValueError:
        raise UsageError(
            _(
                "{name}: {option}={text} does not work; give a number, two as .9/.99, true or "
                "false",
                name=optimizer,
                option=option,
                text=text,
            )
        ) from None
    return numbers if len(numbers) > 1 else numbers[0]


Optimizers = Annotated[
    tuple[Choice, ...],
    Kind("optimizers", "NAME,NAME", lambda _other, text: choices(text), names_of_optimizers, True),
]
OneOptimizer = Annotated[
    Choice, Kind("optimizer", "NAME", lambda _other, text: one_choice(text), names_of_optimizers)
]


# Schedules ---------------------------------------------------------------------------

Options = Mapping[str, Any]


def _whole(steps: int, parts: int) -> int:
    return max(1, steps // parts)


# What a descent of n steps sets of each schedule; all else is the schedule's own default.
_SET: Mapping[str, Callable[[float, int], Options]] = {
    "constant": lambda lr, n: {},
    "time_based": lambda lr, n: {"decay": round(10 / n, 4)},
    "step": lambda lr, n: {"step_size": _whole(n, 3), "gamma": 0.3},
    "exponential": lambda lr, n: {"gamma": round(0.05 ** (1 / n), 4)},
    "linear": lambda lr, n: {"start_factor": 1.0, "end_factor": 0.0, "total_iters": n},
    "polynomial": lambda lr, n: {"total_iters": n, "power": 2.0},
    "cosine": lambda lr, n: {"t_max": n},
    "warm_restarts": lambda lr, n: {"t_0": -(-n // 7), "t_mult": 2},
    "cyclic": lambda lr, n: {"max_lr": lr, "step_size_up": _whole(n, 6), "mode": "triangular2"},
    "warmup": lambda lr, n: {
        "then": rules.cosine(lr, t_max=max(1, n - n // 5)), "steps": _whole(n, 5),
        "start_factor": 0.1,
    },
    "one_cycle": lambda lr, n: {"total_steps": max(4, n), "cycle_momentum": False},
    "plateau": lambda lr, n: {"factor": 0.3, "patience": _whole(n, 20)},
}  # fmt: skip
_FIRST: Mapping[str, Callable[[float], tuple[float, ...]]] = {  # others begin with the rate
    "cyclic": lambda lr: (0.1 * lr,),
    "warmup": lambda lr: (),
}


def scheduled(name: str, lr: float, steps: int) -> Schedule:
    """A schedule around the rate `lr` for a descent of so many steps, told by `schedule_text`.

    time_based ends near 1/11 of the rate, exponential near 1/20, step at .3³, linear, polynomial
    and cosine at 0; warm-up takes a fifth of the steps, patience a twentieth; with warm
    restarts it falls three times, each twice as long, the last to the end; there are three cycles,
    each half as high, from a tenth of the rate.

    >>> round(scheduled("exponential", 1.0, 60)(60), 2)
    0.05
    """
    if name not in _SET:
        raise UsageError(unknown(N_("schedule"), name, _SET))
    first = _FIRST[name](lr) if name in _FIRST else (lr,)
    return SCHEDULES[name](*first, **_SET[name](lr, max(1, steps)))


def schedule_text(name: str, steps: int) -> str:
    """The schedule's name with the options that are set for so many steps, without the rate.

    >>> schedule_text("step", 90), schedule_text("constant", 90)
    ('step, step_size 30, gamma .3', 'constant')
    """
    given = _SET[name](1.0, max(1, steps))
    words = [
        f"{key} {value if isinstance(value, str) else short(value)}"
        for key, value in given.items()
        if isinstance(value, int | float | str) and not isinstance(value, bool) and key != "max_lr"
    ]
    return ", ".join((name.replace("_", " "), *words))


def schedule_names(text: str) -> tuple[str, ...]:
    """The schedules that a text names with commas.

    >>> schedule_names("step, cosine")
    ('step', 'cosine')
    """
    names = tuple(word.strip() for word in text.split(",") if word.strip())
    if twice := next((n for n in names if names.count(n) > 1), None):
        raise UsageError(_("the schedule {name} is there twice; name each once", name=twice))
    for name in names:
        if name not in _SET:
            raise UsageError(unknown(N_("schedule"), name, _SET))
    if not names:
        raise UsageError(_("no schedule is named; there is {known}", known=", ".join(_SET)))
    return names


Schedules = Annotated[
    tuple[str, ...],
    Kind(
        "schedules", "NAME,NAME", lambda _other, text: schedule_names(text), lambda: [*_SET], True
    ),
]
