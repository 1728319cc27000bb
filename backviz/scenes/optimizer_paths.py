"""Optimizers on a loss surface: several from one start, with a fair choice of rates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np

from backviz.language import N_, _, ngettext
from backviz.scenes.artists import Line, Points
from backviz.scenes.layers import key_frames
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.optimizer_choice import (
    RATES,
    Choice,
    Optimizers,
    ScheduleName,
    schedule_text,
    scheduled,
)
from backviz.scenes.registry import Claim, Within, said, scene
from backviz.scenes.surface_legend import BELOW, COLUMNS, MORE, key_of, key_panel
from backviz.scenes.surface_panels import (
    LossAxis,
    decades,
    listed,
    loss_line,
    loss_panel,
    map_panel,
    moment,
    moments_of,
    name_of,
    noise_note,
    title_of,
    told,
    write,
    zoomed,
)  # fmt: skip
from backviz.scenes.surface_text import Domain, Start, SurfaceName, start_of
from backviz.scenes.trajectories import Sweep, noise_of, sweep, travel
from backviz.signs import with_powers
from backviz.words import Words

Mode = Literal["best", "equal"]
FAIR = N_(
    "Of {n} rates lr from {low} to {high} each optimizer has the one with the lowest late losses, "
    "never above the first, from here and near by."
)
EDGE = N_("A mark on the lower edge stands for a loss below it, or of 0.")


@scene(
    Claim(
        "each at its best rate, momentum ends 10 times as low as plain gradient descent",
        lambda d: (10 * d["loss.momentum.y"][-1, -1], d["loss.SGD.y"][-1, -1]),
    )
)
def optimizers(
    surface: SurfaceName = said("ravine"),
    optimizers: Optimizers = said("sgd,momentum,nesterov,adam"),
    rates: Mode = "best",
    rate: Annotated[float, Within(1e-8, 1e4)] = 0.1,
    start: Start = said("auto"),
    steps: Annotated[int, Within(0, 5000)] = 80,
    schedule: ScheduleName = "constant",
    noise: Annotated[float, Within(0, 1e3)] = 0.0,
    domain: Domain = said("auto"),
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Several optimizers descend from one start: who zig-zags, who overshoots, who arrives.

    Left the surface with the ways, then the losses on a locked axis. With `rates` "equal" all
    have the same rate; with "best" each has the rate, of 36 that are tried, whose worst loss over
    the last quarter of the steps is lowest, from the start and from four others near by, without
    leaving the picture or rising above the first loss: luck does not count. The trial is shown
    on the right. Start, steps and noise are the same for all, and no gradient is clipped. An
    optimizer that leaves the picture is named, with the reason: αλ above the limit of stability,
    where it has one.

    Options:
    surface: a name such as ravine, rosenbrock, himmelblau, network, or an expression in x and y
    optimizers: names with commas; options follow with colons, as in adam:betas=.8/.99
    rates: the best rate for each, or an equal one for all
    rate: the equal one
    start: the point x,y; auto is the surface's own
    steps: of each optimizer
    schedule: how the rate changes from step to step
    noise: standard deviation of what is added to each gradient, centred
    domain: ends of the picture, x from,x to,y from,y to; auto is the surface's own
    seed: of the noise
    """
    land = surface.on(domain)
    at = start_of(land, start)
    shaken = noise_of(steps, 1, noise, seed)
    chosen = optimizers
    trials: dict[str, Sweep] = {}
    if rates == "best":
        trials = {
            c.name: sweep(land, c, at, steps, RATES, schedule, shaken)
            for c in chosen
            if c.rate is None
        }
    runs = []
    for choice in chosen:
        swept = trials.get(choice.name)
        lr = swept.best if swept else choice.rate_or(rate)
        given = lr if schedule == "constant" else scheduled(schedule, lr, steps)
        runs.append(travel(land, choice, [at], steps, given, shaken))
    axis = LossAxis(land, [run.losses for run in runs])
    notes = _notes(schedule, noise, seed, steps)
    wide = len(trials) > 0
    trial = [_trial_panel(axis, trials, [c.name for c in chosen], steps)] if wide else []
    if any(isinstance(a, Points) and a.y[0] <= edge_of(p.y) for p in trial for a in p.static):
        notes.append(EDGE)
    key = key_of(land, runs, notes)
    panels = [
        map_panel(zoomed(land, runs, domain), title=title_of(land)),
        loss_panel(steps, axis),
        key_panel(key, (1, 0, 1, 4) if wide else BELOW),
        *trial,
    ]
    moments = moments_of(steps)

    def frames() -> Iterator[Frame]:
        for k in moments:
            yield Frame(
                fair_said(trials) if wide and not k else told(land, runs, k, key),
                {
                    **moment(land, runs, k, key),
                    "loss": tuple(loss_line(run, axis, k, i) for i, run in enumerate(runs)),
                },
                pause=0.0 if k else 3.0,
            )

    names = ", ".join(c.name for c in chosen)
    title = N_("{land}: {who} from ({x}, {y})")
    if len(trials) == len(chosen):
        title = (
            N_("{land}: {who} from ({x}, {y}), best of {n} rates each")
            if len(chosen) > 1
            else N_("{land}: {who} from ({x}, {y}), best of {n} rates")
        )
    elif not trials and not any(c.rate for c in chosen):
        title = (
            N_("{land}: {who} from ({x}, {y}), lr = {rate} for all")
            if len(chosen) > 1
            else N_("{land}: {who} from ({x}, {y}), lr = {rate}")
        )
    place = Words("Contour lines of {land} with the ways of {names}; beside them their losses "
                  "against the step.", land=name_of(land), names=names)  # fmt: skip
    if wide:
        place = Words("Contour lines of {land} with the ways of {names}; beside them their losses "
                      "against the step, and the last loss against the rate.",
                      land=name_of(land), names=names)  # fmt: skip
    return Film(
        Words(
            title,
            land=name_of(land),
            who=_who(chosen),
            x=write(at[0]),
            y=write(at[1]),
            n=len(RATES),
            rate=write(rate),
        ),
        tuple(panels),
        frames,
        len(moments),
        key_frames(len(moments)),
        alt=place,
        columns=(0.0, 1.0, 0.72, 0.72) if wide else COLUMNS,
    )


def fair_said(trials: dict[str, Sweep]) -> str:
    """How the rates were chosen, and for whom the trial says less than that.

    Some leave the picture with every rate, and the best rate may lie beyond the last one.
    """
    gone = [name for name, trial in trials.items() if not trial.stayed.any()]
    if len(gone) == len(trials):
        return _("With each of {n} rates every optimizer leaves; shown is the lowest end.",
                 n=len(RATES))  # fmt: skip
    text = _(FAIR, n=len(RATES), low=write(RATES[0]), high=write(RATES[-1]))
    last = [name for name, trial in trials.items() if trial.place == len(trial.rates) - 1]
    if gone:
        text += " " + ngettext("{names} leaves the picture with all.",
                               "{names} leave the picture with all.", len(gone),
                               names=listed(gone))  # fmt: skip
    elif last:
        text += " " + _("For {names} it is the last one.", names=listed(last))
    return text


def edge_of(axis: Axis) -> float:
    """Where on an axis a mark stands for what is lower: just above the end, below all numbers."""
    return axis.low * (axis.high / axis.low) ** 0.04 if axis.log else axis.low


def _trial_panel(axis: LossAxis, trials: dict[str, Sweep], names: list[str], steps: int) -> Panel:
    """The worst late loss against the rate, with a mark at the best ones that stayed."""
    made: list[Line | Points] = []
    ends = [axis.values(trial.losses)[trial.stayed] for trial in trials.values()]
    y = decades(np.concatenate(ends)) if axis.axis.log else span(*ends)
    high = Axis("", *y, log=axis.axis.log)
    tried = next(iter(trials.values())).rates
    for name, trial in trials.items():
        i = names.index(name)
        stayed = np.where(trial.stayed, axis.values(trial.losses), np.nan)
        made.append(Line(name, trial.rates, stayed, color=i))
        if trial.stayed[trial.place]:
            spot = trial.rates[[trial.place]], np.fmax(stayed[[trial.place]], edge_of(high))
            made.append(Points(f"best of {name}", *spot, color=i, size=14.0))
    return Panel(
        "trial",
        Axis(N_("rate lr"), *span(tried, log=True), log=True),
        high,
        title=N_("worst late loss"),
        place=MORE,
        static=tuple(made),
    )


def _notes(schedule: str, noise: float, seed: int, steps: int) -> list[str]:
    """What else makes the comparison what it is, as lines under the legend."""
    if schedule == "constant":
        return noise_note(noise, seed)
    text = with_powers(schedule_text(schedule, steps))
    follows = Words("Each lr follows the schedule {schedule}.", schedule=text)
    return [follows, *noise_note(noise, seed)]


def _who(chosen: tuple[Choice, ...]) -> str:
    if len(chosen) == 1:
        return chosen[0].name
    return Words.counted("{n} optimizer", "{n} optimizers", len(chosen))
