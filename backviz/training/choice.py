"""Which leaves of a record learn: those that are named, else the parameters, else all.

Invariant: nobody learns without being named in the sentence that goes with the choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backviz.autodiff.replay import Replay
from backviz.autodiff.value import Value
from backviz.errors import InputError
from backviz.language import N_, _
from backviz.names import find

MOST_NAMED = 8


SENTENCES = {  # by how the choice was made
    "asked": N_("{list} learn, as asked"),
    "one asked": N_("{list} learns, as asked"),
    "only leaf": N_("{list} learns: the only leaf"),
    "parameters": N_("{list} learn: the parameters of modules; --wrt chooses others"),
    "leaves": N_("{list} learn: all leaves; --wrt chooses among them"),
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """The leaves that learn, by their place on the tape, and how they were chosen."""

    nodes: tuple[int, ...]
    names: tuple[str, ...]
    how: str

    @property
    def listed(self) -> str:
        """The names, or the first few of many."""
        return _listed(self.names, range(len(self.names)))

    @property
    def sentence(self) -> str:
        """Who learns, in words."""
        return _(SENTENCES[self.how], list=self.listed)


def choose(replay: Replay, names: Sequence[str], wrt: str | Sequence[str] = "") -> Chosen:
    """Who learns: `wrt` holds names (or one text with commas), or nothing for the usual choice.

    `names` are what the values of the record are called. Raises `InputError` for a name that is
    not there, that is computed, or that wants no gradient, and where nothing can learn.

    >>> from backviz.autodiff.tape import tape
    >>> w, x = Value(2.0, "w"), Value(3.0, "x", requires_grad=False)
    >>> replay = Replay(w * x)
    >>> choose(replay, ["w", "x", "n2"]).sentence
    'w learns: the only leaf'
    """
    values, result, loss = replay.values, names[replay.last], replay.values[replay.last]
    able = [i for i in replay.leaves if values[i].requires_grad]
    if not able or not loss.requires_grad:
        raise InputError(
            _("nothing can learn here: no leaf of {name} wants a gradient", name=result)
        )
    if loss.shape:
        raise InputError(
            _(
                "{name} has shape {shape}, and a loss is one number; train its sum or its mean",
                name=result,
                shape=loss.shape,
            )
        )
    asked = wrt.split(",") if isinstance(wrt, str) else list(wrt)
    if wanted := [name.strip() for name in asked if name.strip()]:
        nodes = sorted({_one(values, names, able, name) for name in wanted})
        return _chosen(nodes, names, "asked" if len(nodes) > 1 else "one asked")
    parameters = [i for i in able if values[i].origin.learns]
    if parameters:
        return _chosen(parameters, names, "parameters")
    return _chosen(able, names, "leaves" if len(able) > 1 else "only leaf")


def _chosen(nodes: Sequence[int], names: Sequence[str], how: str) -> Chosen:
    return Chosen(tuple(nodes), tuple([names[i] for i in nodes]), how)


def _listed(names: Sequence[str], nodes: Sequence[int]) -> str:
    shown = [names[i] for i in nodes[:MOST_NAMED]]
    return ", ".join([*shown, *(["…"] if len(nodes) > MOST_NAMED else [])])


def _one(values: Sequence[Value], names: Sequence[str], able: Sequence[int], name: str) -> int:
    labelled = [names[i] for i in able]
    node = find(dict(enumerate(names)), name, labelled)
    if values[node].op is not None:
        raise InputError(
            _(
                "{name} is computed, so it cannot learn; name leaves, as {list}",
                name=name,
                list=_listed(names, able),
            )
        )
    if node not in able:
        raise InputError(
            _(
                "{name} wants no gradient, so it cannot learn; name others, as {list}",
                name=name,
                list=_listed(names, able),
            )
        )
    return node
