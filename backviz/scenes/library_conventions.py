"""One optimizer as torch, keras and optax mean it: the same start, the same rate, three ways."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import numpy as np

from backviz.errors import UsageError
from backviz.language import N_, _
from backviz.optim import OPTIMIZERS
from backviz.optim.options import described
from backviz.scenes.artists import Key
from backviz.scenes.layers import grown, key_frames, positive, step_axis
from backviz.scenes.model import Axis, Film, Frame, Panel
from backviz.scenes.numbers import number as write
from backviz.scenes.optimizer_choice import Choice, ScheduleName, scheduled
from backviz.scenes.registry import Claim, Within, said, scene
from backviz.scenes.surface_legend import COLUMNS, CURVES, key_panel, letters_note
from backviz.scenes.surface_panels import decades, map_panel, moment, moments_of, title_of, zoomed
from backviz.scenes.surface_text import Domain, Start, SurfaceName, start_of
from backviz.scenes.trajectories import travel
from backviz.signs import with_powers

LIBRARIES = "torch", "keras", "optax"
Named = Literal["sgd", "adagrad", "rmsprop", "adam", "adamw", "amsgrad", "adamax", "nadam"]


@scene(
    Claim(
        "with one name and one rate torch's and keras' ways are a tenth of the picture apart",
        lambda d: (
            0.1 * float(np.ptp(d["map.heights.x"])),
            float(np.nanmax(d["apart.keras.y"][-1])),
        ),
    )
)
def conventions(
    optimizer: Named = "rmsprop",
    surface: SurfaceName = said("bowl"),
    start: Start = said("auto"),
    rate: Annotated[float, Within(1e-8, 1e4)] = 0.2,
    momentum: Annotated[float, Within(0, 0.999)] = 0.0,
    schedule: ScheduleName = "constant",
    steps: Annotated[int, Within(1, 2000)] = 60,
    domain: Domain = said("auto"),
) -> Film:
    """The same run in torch, keras and optax: one name and one rate, and the ways part.

    All three have the same start, the same gradients, the same rate, and the library's own
    defaults for the rest: where ε stands, what an average begins with, how long its memory is,
    whether the rate is inside the momentum's buffer. Left the ways, right their distance from
    torch's. Where a library means the same, its distance is rounding or 0, which has no
    place on the axis.

    Options:
    optimizer: a name that all three have
    surface: a name or an expression in x and y
    start: the point x,y; auto is the surface's own
    rate: of all three
    momentum: of sgd and rmsprop
    schedule: of the rate; one that changes it shows where the rate stands in the momentum
    steps: of each
    domain: ends of the picture, x from,x to,y from,y to; auto is the surface's own
    """
    make = OPTIMIZERS[optimizer]
    if momentum and "momentum" not in make.conventions["torch"].defaults:
        raise UsageError(
            _("{optimizer} has no momentum of its own; leave --momentum out, or use sgd or rmsprop",
              optimizer=optimizer)
        )  # fmt: skip
    options = {"momentum": momentum} if momentum else {}
    rule = scheduled(schedule, rate, steps)
    land = surface.on(domain)
    at = start_of(land, start)
    made = [Choice(name, make, {**options, "semantics": name}) for name in LIBRARIES]
    runs = [travel(land, choice, [at], steps, rule) for choice in made]
    texts = [
        with_powers(
            " ".join((name, *filter(None, [_told(make.conventions[name].defaults, options)])))
        )
        for name in LIBRARIES
    ]
    key = Key("legend", texts, letters_note(texts), [False] * 3, columns=1)
    gaps = {
        run.choice.name: positive(np.hypot(*(run.path() - runs[0].path()).T)) for run in runs[1:]
    }
    top = np.concatenate([*gaps.values()])
    panels = (
        map_panel(zoomed(land, runs, domain), title=title_of(land)),
        Panel(
            "apart", step_axis(steps + 1),
            Axis("", *(decades(top[np.isfinite(top)]) if np.isfinite(top).any() else (0.1, 1.0)),
                 log=True),
            title=N_("distance from torch's way"), place=CURVES,
        ),
        key_panel(key),
    )  # fmt: skip
    moments, x = moments_of(steps), np.arange(steps + 1.0)

    def frames() -> Iterator[Frame]:
        for k in moments:
            away = [write(float(np.nan_to_num(gap[k]))) for gap in gaps.values()]
            yield Frame(
                _("Step {k} with {optimizer}: keras is {a} away from torch, optax {b}; the losses "
                  "are {c}, {d} and {e}.", k=k, optimizer=make.title, a=away[0], b=away[1],
                  c=write(float(runs[0].losses[k, 0])), d=write(float(runs[1].losses[k, 0])),
                  e=write(float(runs[2].losses[k, 0]))),
                {
                    **moment(land, runs, k, key),
                    "apart": grown(x, {n: ("", y) for n, y in gaps.items()}, k, colors=(1, 2)),
                },
                pause=0.0 if k else 1.5,
            )  # fmt: skip

    return Film(
        N_("One name in three libraries"), panels, frames, len(moments),
        key_frames(len(moments)), columns=COLUMNS,
        alt=N_(
            "Contour lines with the ways of one optimizer as torch, keras and optax have it; right "
            "the distance of two of them from the first; below the options of each."
        ),
    )  # fmt: skip


def _told(defaults: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    """The options of a convention as a legend has them, without the rate."""
    shown = {**defaults, **given}
    hidden = {"lr", "maximize", "nesterov", "amsgrad", "centered", "dampening"}
    return described({k: v for k, v in shown.items() if k not in hidden and v})
