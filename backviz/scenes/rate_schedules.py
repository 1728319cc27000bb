"""Rates: how one changes from step to step, and what too small and too large ones do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

import numpy as np

from backviz.errors import UsageError
from backviz.language import N_, _, ngettext
from backviz.optim.options import short
from backviz.scenes.artists import Key, Line
from backviz.scenes.layers import key_frames, step_axis
from backviz.scenes.model import Axis, Film, Frame, Panel
from backviz.scenes.optimizer_choice import (
    MOST,
    OneOptimizer,
    Schedules,
    schedule_text,
    scheduled,
)
from backviz.scenes.registry import Claim, Kind, Within, said, scene
from backviz.scenes.surface_legend import COLUMNS, key_of, key_panel, legend_text
from backviz.scenes.surface_panels import (
    LossAxis,
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
from backviz.scenes.surface_text import Domain, Start, SurfaceName, numbers_in, start_of
from backviz.scenes.trajectories import Run, noise_of, travel
from backviz.signs import with_powers
from backviz.words import Words


def _rates(name: str, text: str) -> tuple[float, ...]:
    """Different rates above 0, from the smallest."""
    many = text.count(",")
    if many >= MOST:
        raise UsageError(
            _(
                "{n} rates cannot be told apart in one picture; write 1 to {most} with commas",
                n=many + 1,
                most=MOST,
            )
        )
    found = numbers_in(text, name, ",".join(write(0.1 * k) for k in range(1, many + 2)))
    if min(found) <= 0 or len(set(found)) < len(found):
        raise UsageError(
            _("rates {text!r} do not work; write different numbers above 0", text=text)
        )
    return tuple(sorted(found))


Rates = Annotated[tuple[float, ...], Kind("rates", "X,X", _rates, several=True)]


@scene(
    Claim(
        "with noise a rate that falls ends lower than a constant one",
        lambda d: (d["loss.cosine.y"][-1, -10:].mean(), d["loss.constant.y"][-1, -10:].mean()),
    )
)
def schedules(
    schedules: Schedules = said(
        "constant,time_based,step,exponential,cosine,warm_restarts,one_cycle"
    ),
    optimizer: OneOptimizer = said("sgd"),
    surface: SurfaceName = said("bowl"),
    rate: Annotated[float, Within(1e-8, 1e4)] = 0.3,
    start: Start = said("auto"),
    steps: Annotated[int, Within(2, 5000)] = 90,
    noise: Annotated[float, Within(0, 1e3)] = 0.6,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Rates that fall as the descent goes on: rate and loss against the step.

    With noise on the gradients a constant rate keeps a descent shaking at a distance from
    the minimum; a rate that falls lets it settle. All have the same start and the same noise.

    Options:
    schedules: names with commas
    optimizer: a name; options follow with colons, as in adam:betas=.8/.99
    surface: a name such as bowl, or an expression in x and y
    rate: that every schedule is built around
    start: the point x,y; auto is the surface's own
    steps: of the descent
    noise: standard deviation of what is added to each gradient, centred
    seed: of the noise
    """
    land, choice, names = surface.on(None), optimizer, schedules
    at, shaken = start_of(land, start), noise_of(steps, 1, noise, seed)
    runs = {
        n: travel(land, choice, [at], steps, scheduled(n, choice.rate_or(rate), steps), shaken)
        for n in names
    }
    axis = LossAxis(land, [run.losses for run in runs.values()])
    top = max(float(run.rates.max()) for run in runs.values())
    x = np.arange(steps + 1.0)
    words = [with_powers(schedule_text(name, steps)) for name in runs]
    key = Key("legend", words, noise_note(noise, seed), marked=False, columns=1)
    about = Words("rate of {optimizer}", optimizer=_without_rate(next(iter(runs.values()))))
    panels = (
        Panel(
            "rate", replace(step_axis(steps + 1), label=""),
            Axis(N_("rate"), -0.04 * top, 1.08 * top),
            title=about,
        ),
        Panel("loss", step_axis(steps + 1), axis.axis, place=(1, 0, 1, 1)),
        key_panel(key, (0, 1, 2, 1), fits=False),
    )  # fmt: skip
    moments = moments_of(steps)

    def frames() -> Iterator[Frame]:
        for k in moments:
            yield Frame(
                _leader(k, runs)
                if k
                else _("Every schedule is built around the rate {rate}.", rate=write(rate)),
                {
                    "rate": [
                        Line(n, x[:k], r.rates[:k], color=i)
                        for i, (n, r) in enumerate(runs.items())
                    ],
                    "loss": [
                        Line(n, x[: k + 1], axis.values(r.losses[: k + 1, 0]), color=i)
                        for i, (n, r) in enumerate(runs.items())
                    ],
                },
                pause=0.0 if k else 1.5,
            )

    return Film(
        Words.counted(
            "{land}: {n} schedule around lr = {rate}",
            "{land}: {n} schedules around lr = {rate}",
            len(runs),
            land=name_of(land),
            rate=write(rate),
        ),
        panels,
        frames,
        len(moments),
        key_frames(len(moments)),
        alt=Words(
            "The rates of {names} against the step; beside them the losses of {optimizer} "
            "with them.",
            names=", ".join(words),
            optimizer=choice.name,
        ),
        columns=(1.0, 1.0),
    )


def _leader(k: int, runs: dict[str, Run]) -> str:
    """Whose loss is lowest on average over the last tenth of the steps."""
    begin = max(0, k - len(next(iter(runs.values())).rates) // 10)
    means = {n: float(r.losses[begin : k + 1, 0].mean()) for n, r in runs.items()}
    known = {n: m for n, m in means.items() if np.isfinite(m)}
    if not known:
        return _("Step {k}: no loss is a finite number.", k=k)
    best, worst = (f(known, key=lambda n: known[n]) for f in (min, max))
    told = {"k": k, "n": k - begin + 1, "best": best.replace("_", " "), "low": write(known[best])}
    if worst == best:
        said = _("Step {k}, mean loss of the last {n}: lowest with {best} ({low}).", **told)
    else:
        said = _("Step {k}, mean loss of the last {n}: lowest with {best} ({low}), highest with "
                 "{worst} ({high}).", worst=worst.replace("_", " "), high=write(known[worst]),
                 **told)  # fmt: skip
    left = len(means) - len(known)
    return said + (" " + ngettext("{n} overflowed.", "{n} overflowed.", left) if left else "")


@scene(
    Claim(
        "a rate near the limit ends above a moderate one, and one beyond it above its start",
        lambda d: (
            max(d["loss.SGD lr=.3.y"][-1, -1], d["loss.SGD lr=.55.y"][0, 0] * 1e-3),
            float(np.nanmax(d["loss.SGD lr=.55.y"][-1]) / 10),
        ),
    )
)
def rates(
    rates: Rates = said("0.01,0.3,0.49,0.55"),
    optimizer: OneOptimizer = said("sgd"),
    surface: SurfaceName = said("bowl"),
    start: Start = said("auto"),
    steps: Annotated[int, Within(1, 5000)] = 60,
    noise: Annotated[float, Within(0, 1e3)] = 0.0,
    domain: Domain = said("auto"),
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Rates too small, right, nearly too large and too large: the same descent with each.

    A rate that is too small crawls, one near the limit swings from wall to wall, one beyond
    it climbs out: then αλ is above the limit, which the legend says.

    Options:
    rates: numbers with commas
    optimizer: a name; options follow with colons, as in sgd:momentum=.5
    surface: a name such as bowl, or an expression in x and y
    start: the point x,y; auto is the surface's own
    steps: of each descent
    noise: standard deviation of what is added to each gradient, centred
    domain: ends of the picture, x from,x to,y from,y to; auto is the surface's own
    seed: of the noise
    """
    land, choice = surface.on(domain), optimizer
    if choice.rate is not None:
        raise UsageError(_("the rates of this scene stand in rates; leave lr out of the optimizer"))
    at, shaken = start_of(land, start), noise_of(steps, 1, noise, seed)
    runs = []
    for rate in rates:
        named = replace(choice, name=f"{choice.name} lr={with_powers(short(rate))}", rate=None)
        runs.append(travel(land, named, [at], steps, rate, shaken))
    axis = LossAxis(land, [run.losses for run in runs])
    key = key_of(land, runs)
    panels = (
        map_panel(zoomed(land, runs, domain), title=title_of(land)),
        loss_panel(steps, axis),
        key_panel(key),
    )
    moments = moments_of(steps)

    def frames() -> Iterator[Frame]:
        for k in moments:
            yield Frame(
                told(land, runs, k, key),
                {
                    **moment(land, runs, k, key),
                    "loss": [loss_line(run, axis, k, i) for i, run in enumerate(runs)],
                },
            )

    return Film(
        Words.counted(
            "{land}: {optimizer} with {n} rate",
            "{land}: {optimizer} with {n} rates",
            len(runs),
            land=name_of(land),
            optimizer=choice.name,
        ),
        panels,
        frames,
        len(moments),
        key_frames(len(moments)),
        alt=Words(
            "Contour lines of {land} with the ways of {optimizer} with the rates {rates}; "
            "beside them their losses against the step.",
            land=name_of(land),
            optimizer=choice.name,
            rates=", ".join(map(write, rates)),
        ),
        columns=COLUMNS,
    )


def _without_rate(run: Run) -> str:
    """The optimizer's name and what was set of it but the rate."""
    return " ".join(word for word in legend_text(run).split() if not word.startswith("lr="))
