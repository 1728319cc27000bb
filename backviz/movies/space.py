"""Arrows in a panel with a z axis, drawn flat where the eye sees them, with a name at the tip.

Invariant: where an arrow is on the page follows from the view at the moment that it is drawn, so
that a turning panel needs no new arrows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.artist import Artist as Piece
from matplotlib.patches import FancyArrowPatch
from matplotlib.transforms import IdentityTransform

from backviz.movies.letters import Letters
from backviz.scenes.artists import Arrows

SHORT = 8.0  # pixels of an arrow that has no room for its head and is left out
NAMED = 30.0  # and of one that has room for its name


class SpaceArrows(Piece):
    """The arrows of one artist; the longest of them has its label."""

    def __init__(self, ax: Any, color: str, width: float, size: float) -> None:
        super().__init__()
        self._ax = ax
        self._arrow = FancyArrowPatch(
            (0, 0), (1, 1), arrowstyle="-|>", mutation_scale=5.5 * width, lw=width, color=color,
            shrinkA=0, shrinkB=0, transform=None,
        )  # fmt: skip
        self._name = Letters(
            0, 0, "", size=size, color=color, ha="center", transform=IdentityTransform()
        )
        self._ends = np.zeros((0, 2, 3))
        self.set_zorder(9)  # over the surface and the ways
        ax.add_artist(self)

    def show(self, arrows: Arrows) -> None:
        """Take the places of these arrows."""
        starts = np.stack([arrows.x, arrows.y, arrows.z], axis=1)
        moves = np.stack([arrows.dx, arrows.dy, arrows.dz], axis=1)
        self._ends = np.stack([starts, starts + moves], axis=1)
        self._name.set_text(arrows.label)

    def do_3d_projection(self, renderer: Any = None) -> float:
        """How far away it is: nothing is nearer, so that no arrow is hidden."""
        return 0.0

    def draw(self, renderer: Any) -> None:
        """Hand each arrow to the backend at its place on the page."""
        for piece in (self._arrow, self._name):
            piece.set_figure(self._ax.figure)
        ends = self._on_page()
        lengths = np.hypot(*(ends[:, 1] - ends[:, 0]).T)
        for k in np.flatnonzero(lengths > SHORT):
            self._arrow.set_positions(*ends[k])
            self._arrow.draw(renderer)
        if len(ends) and lengths.max() > NAMED:
            start, end = ends[lengths.argmax()]
            along = (end - start) / lengths.max() * renderer.points_to_pixels(15.0)
            across = np.array([along[1], -along[0]]) * np.sign(along[1] or 1.0)  # to the right
            self._name.set_position(end + across - (0, renderer.points_to_pixels(6.0)))
            self._name.draw(renderer)

    def _on_page(self) -> Any:
        """Both ends of each arrow (n, 2, 2) in pixels."""
        at = np.concatenate([self._ends, np.ones((*self._ends.shape[:2], 1))], axis=-1)
        seen = at @ np.asarray(self._ax.get_proj()).T
        flat = (seen[..., :2] / seen[..., 3:]).reshape(-1, 2)
        return self._ax.transData.transform(flat).reshape(-1, 2, 2)
