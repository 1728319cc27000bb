"""A training as a file: NPZ with all that is needed to look at any step of it and to go on.

Invariant: what is read back is the training that was written, to the bit; a file of another record
or of another recipe is never taken for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from backviz.archives import archive, unpacked
from backviz.autodiff.replay import Replay
from backviz.autodiff.value import Value
from backviz.errors import BackvizError, InputError, NotFiniteError
from backviz.language import _
from backviz.training.choice import Chosen
from backviz.training.course import Moment, Recipe
from backviz.training.result import Training

KIND = "backviz training"
LEAF, STATE = "leaf.", "state."


def fingerprint(values: Sequence[Value]) -> str:
    """A sum over the ops, names and numbers of a record: the same for the same record.

    >>> a = Value(2.0, "a")
    >>> fingerprint([a]) == fingerprint([Value(2.0, "a")]) != fingerprint([Value(3.0, "a")])
    True
    """
    place = {v.serial: i for i, v in enumerate(values)}
    total = hashlib.sha256()
    for v in values:
        inputs = [place[i.serial] for i in v.inputs]
        op = v.op.name if v.op is not None else ""
        total.update(f"{op} {v.params!r} {inputs} {v.shape} {v.requires_grad}\n".encode())
        if v.op is None:
            total.update(np.ascontiguousarray(v.raw).tobytes())
    return total.hexdigest()


def npz(training: Training) -> bytes:
    """The archive: `loss` and `grad_norm` for every step, `leaf.NAME` for the steps in `kept`.

    `grad_norm` has a column for each leaf; `about` is JSON text, `state.…` the optimizer's state
    at the steps in `kept`.
    """
    moments = [*training.keyframes.values()]
    recipe, stopped = training.recipe, training.stopped
    about = {
        "kind": KIND,
        "record": fingerprint(training.replay.values),
        "optimizer": recipe.optimizer,
        "rate": recipe.rate,
        "options": dict(recipe.options),
        "names": training.names,
        "nodes": training.chosen.nodes,
        "how": training.chosen.how,
        "stride": training.stride,
        "stopped": [type(stopped).__name__, str(stopped)] if stopped is not None else None,
    }
    arrays = {
        "about": np.array(json.dumps(about, ensure_ascii=False)),
        "loss": np.array(training.loss),
        "grad_norm": np.array(training.norms),
        "kept": np.array([m.step for m in moments]),
    }
    for node, name in zip(training.chosen.nodes, training.names, strict=True):
        arrays[f"{LEAF}{name}"] = np.stack([np.asarray(m.leaves[node]) for m in moments])
    for key in moments[0].state:
        arrays[f"{STATE}{key}"] = np.stack([np.asarray(m.state[key]) for m in moments])
    return archive(arrays)


def about_file(path: str | Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What such a file says of itself, and its arrays; one sentence if it is another file."""
    arrays = unpacked(path)
    try:
        about: dict[str, Any] = json.loads(str(arrays["about"]))
        if about["kind"] != KIND:
            raise KeyError
    except (KeyError, ValueError, TypeError):
        raise InputError(
            _("{path} holds no training; backviz train SRC -o {path} writes one", path=path)
        ) from None
    return about, arrays


def from_file(path: str | Path, replay: Replay) -> Training:
    """The training in a file, of this record; one sentence if it is of another."""
    about, arrays = about_file(path)
    if about["record"] != fingerprint(replay.values):
        raise InputError(
            _("{path} is the training of another record; give the SRC that it was made of",
              path=path)
        )  # fmt: skip
    try:
        return _read(about, arrays, replay)
    except (KeyError, ValueError, TypeError, IndexError):
        raise InputError(
            _("{path} is no whole archive of arrays; write it anew", path=path)
        ) from None


def _read(about: dict[str, Any], arrays: dict[str, np.ndarray], replay: Replay) -> Training:
    options = {k: tuple(v) if isinstance(v, list) else v for k, v in about["options"].items()}
    chosen = Chosen(tuple(about["nodes"]), tuple(about["names"]), about["how"])
    made = Training(replay, chosen, Recipe(about["optimizer"], about["rate"], options))
    made.loss, made.norms = arrays["loss"].tolist(), arrays["grad_norm"].tolist()
    made.stride = about["stride"]
    states = {k.removeprefix(STATE): a for k, a in arrays.items() if k.startswith(STATE)}
    for at, step in enumerate(arrays["kept"].tolist()):
        leaves = {
            node: _plain(arrays[f"{LEAF}{name}"][at])
            for node, name in zip(chosen.nodes, chosen.names, strict=True)
        }
        state = {key: _plain(array[at]) for key, array in states.items()}
        made.keyframes[step] = Moment(step, leaves, state)
    if about["stopped"] is not None:
        kind, said = about["stopped"]
        errors: dict[str, type[BackvizError]] = {"NotFiniteError": NotFiniteError}
        made.stopped = errors.get(kind, InputError)(said)
    return made


def _plain(x: np.ndarray) -> Any:
    return np.array(x) if x.ndim else x.item()
