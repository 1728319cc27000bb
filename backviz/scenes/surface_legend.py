"""The legend of a comparison: a sample of each line with what was set of its optimizer.

Invariant: an option that a person or the scene set is never left out, and letters are
explained; what has its default stands on the optimizer's page. Where a descent leaves the picture
a line says when and why; those lines are kept free from the first frame on, so that nothing moves.
"""

from __future__ import annotations

from collections.abc import Sequence

from backviz.language import N_, _
from backviz.optim.options import described, short
from backviz.scenes.artists import Key, News
from backviz.scenes.model import Panel
from backviz.scenes.stable_rates import has_ended, left_at, why_left
from backviz.scenes.surfaces import Landscape
from backviz.scenes.trajectories import Run
from backviz.signs import with_powers
from backviz.words import Words

Place = tuple[int, int, int, int]
# The page: the map and the curves beside it, the legend below. The legend begins in a column
# of no width, so that it need not begin where the axes of the map do.
MAP: Place = (0, 1, 1, 1)
CURVES: Place = (0, 2, 1, 1)
MORE: Place = (0, 3, 1, 1)
BELOW: Place = (1, 0, 1, 3)
COLUMNS = (0.0, 1.0, 1.0)
MOST_NEWS = 3  # lines kept for news in a column; more would leave too little to the picture


LETTERS = {  # of options, as far as a legend has them
    "lr": N_("rate"), "μ": N_("momentum"), "τ": N_("dampening"), "wd": N_("weight decay"),
    "β₁": N_("memory of the mean"), "β₂": N_("memory of the squares"),
    "α": N_("memory of the squares"), "ρ": N_("memory of the squares"),
    "ε": N_("keeps from dividing by 0"), "d": N_("decay of lr"), "s₀": N_("first sum"),
    "ψ": N_("momentum decay"),
}  # fmt: skip


def legend_text(run: Run) -> str:
    """Name, rate and the options that somebody set; the rest has the optimizer's own defaults.

    >>> from backviz.scenes.optimizer_choice import choices
    >>> from backviz.scenes.surfaces import SURFACES
    >>> from backviz.scenes.trajectories import travel
    >>> legend_text(travel(SURFACES["bowl"], choices("momentum")[0], [(1, 1)], 1, 0.1))
    'momentum lr=.1 μ=.9'
    """
    choice = run.choice
    name = choice.name if "=" not in choice.name else choice.title
    lr = run.rates[0] if run.schedule is None and len(run.rates) else None
    lr = run.schedule.base if run.schedule is not None else lr
    words = [name, *([f"lr={short(float(lr))}"] if lr is not None else [])]
    given = {k: v for k, v in choice.options.items() if k not in ("nesterov", "semantics")}
    words.append(described(given))
    words.append(str(choice.options.get("semantics", "")) if name != choice.name else "")
    return with_powers(" ".join(word for word in words if word))


def letters_note(texts: Sequence[str]) -> list[str]:
    """What the letters in legends stand for, as a line under them, or no line.

    >>> letters_note(["SGD lr=.1", "momentum lr=.1 μ=.9"]), letters_note(["SGD"])
    (['lr: rate, μ: momentum'], [])
    """
    used = {word.partition("=")[0] for text in texts for word in text.split() if "=" in word}
    said = [
        Words.joined([letter, about], ": ") for letter, about in LETTERS.items() if letter in used
    ]
    return [Words.joined(said)] if said else []


def key_of(
    land: Landscape, runs: Sequence[Run], notes: Sequence[str] = (), *, columns: int = 2
) -> Key:
    """The legend of descents, with a free line for each that leaves the picture at some step.

    Where too many leave there are no free lines, and captions say at which step they left.
    """
    leaves = [not land.inside(run.points[:, 0]).all() for run in runs]
    free = leaves if sum(leaves) <= MOST_NEWS * columns else [False] * len(runs)
    texts = [legend_text(run) for run in runs]
    return Key("legend", texts, [*letters_note(texts), *notes], free, columns=columns)


def key_panel(key: Key, place: Place = BELOW, *, fits: bool = True) -> Panel:
    """The panel of a legend, as high as it needs.

    >>> key_panel(Key("legend", ("one", "two"))).fits
    True
    """
    return Panel("key", place=place, static=(key,), axes=False, fits=fits)


def exits_told(land: Landscape, runs: Sequence[Run], k: int, key: Key) -> list[News]:
    """What the legend says at step k of those that are outside: since when, and why."""
    texts = []
    for run, free in zip(runs, key.free, strict=True):
        step = left_at(land, run, k) if free else None
        texts.append(_exit(land, run, step) if step else "")
    return [News("news", key, texts)] if any(key.free) else []


def _exit(land: Landscape, run: Run, step: int) -> str:
    why = why_left(land, run, step)
    if has_ended(land, run, step):
        return _("✗ ended at step {step}, {why}", step=step, why=why)
    if why:
        return _("✗ left at step {step}, {why}", step=step, why=why)
    return _("✗ left at step {step}", step=step)
