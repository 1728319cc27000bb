"""The tables of ops: importing this package fills `OPS`.

Each row holds all that the program knows about an op; engine, pictures, tables,
explanations, checks and documentation read the same row.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from backviz.autodiff.remedies import unknown_op
from backviz.autodiff.table import OPS
from backviz.language import _

if TYPE_CHECKING:
    from backviz.autodiff.op import Op

__all__ = ["OPS"]
# in the order in which the table lists them
FAMILIES = (
    "compare elementary arithmetic special choose activations hard rounding pairs shape index "
    "reduce statistics scan order assemble borders "
    "linalg contract solve factors "
    "composite normalize windows convolution pooling resize "
    "losses.entries losses.classes losses.margins"
)
for _family in (*FAMILIES.split(), "methods"):
    import_module(f"backviz.ops.{_family}")


def __getattr__(name: str) -> Op:
    """Every op of the table, by name: `from backviz.ops import tanh`."""
    if name in OPS:
        return OPS[name]
    if name.startswith("_"):  # Python itself asks for such names
        raise AttributeError(_("module 'backviz.ops' has no attribute {name!r}", name=name))
    # without a name of its own, Python guesses none by spelling
    raise AttributeError(unknown_op("op", name, OPS.names()), name=None)
