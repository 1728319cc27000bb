"""A file that trains: its last loss is shown with the numbers that it was computed from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from model_files import SETUP, STEPS

from backviz import load
from backviz.autodiff.past import Past, keeping
from backviz.autodiff.value import Value, tensor
from backviz.errors import InputError
from backviz.sources.checking import check
from backviz.sources.files import record_file


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_the_last_loss_is_that_of_the_numbers_it_was_computed_from(
    tmp_path: Path, step: str
) -> None:
    (tmp_path / "train.py").write_text(SETUP + step)
    notes: list[str] = []
    loss = record_file(f"{tmp_path}/train.py:loss", notes.append)
    assert loss.label == "loss"
    assert len(notes) == 1
    assert "c were changed afterwards" in notes[0]
    w, c = (v for v in _leaves(loss) if v.requires_grad)
    w.grad = c.grad = None
    loss.backward()  # the record is whole
    error = w.data * c.data - 1
    assert np.isclose(loss.item(), (error**2).sum())
    assert np.allclose(w.grad, (2 * error * c.data).sum())
    assert np.allclose(c.grad, 2 * error * w.data)


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_so_is_an_older_loss(tmp_path: Path, step: str) -> None:
    (tmp_path / "train.py").write_text(SETUP + step)
    first = load(f"{tmp_path}/train.py:first")
    assert [v.data.tolist() if v.shape else v.data for v in _leaves(first) if v.requires_grad] == [
        2.0,
        [1.0, 2.0],
    ]
    assert first.item() == 10.0


def test_a_check_of_it_checks_the_record_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(
        SETUP + STEPS["data -="] + "\n    float(loss)\ndef f():\n"
        "    y = (w * c).sum()\n    y.backward()\n    w.data -= 0.1\n    return y\n"
    )
    for name in ("loss", "f"):
        report = check(f"{tmp_path}/train.py:{name}")
        assert not report.wrong
        assert any("changed after" in note for note in report.notes)


def test_a_leaf_that_a_record_used_with_two_numbers_is_refused(tmp_path: Path) -> None:
    (tmp_path / "two.py").write_text(
        "from backviz import Value\nw = Value(2.0, 'w')\na = w * 3\nw.data = 5.0\n"
        "b = a + w * 2\nw.data = 6.0\n"
    )
    with pytest.raises(InputError, match="data of w was changed"):
        load(f"{tmp_path}/two.py:b").backward()
    notes: list[str] = []
    assert record_file(f"{tmp_path}/two.py:a", notes.append).inputs[0].data == 2.0
    assert notes == [
        "w was changed afterwards, as by a step of training; shown are the numbers that the "
        "result was computed from"
    ]


def test_what_is_forgotten_is_refused() -> None:
    past = Past(most=100)
    c = tensor(np.ones(20), label="c")
    with keeping(past):
        records = []
        for _ in range(4):
            records.append(c.sum())
            c.data += 1.0
    assert [past.as_recorded(r)[0] is r for r in records] == [True, True, False, False]
    assert [past.as_recorded(r)[0].inputs[0].data[0] for r in records[2:]] == [3.0, 4.0]
    with pytest.raises(InputError, match="data of c was changed"):
        records[1].backward()
    large = tensor(np.ones(101), label="large")
    with keeping(past):
        records.append(large.sum())
        large.data = np.zeros(101)
    assert [past.as_recorded(r)[0] is r for r in records] == [True] * 5


def _leaves(root: Value) -> list[Value]:
    from backviz.autodiff.tape import tape

    return [v for v in tape(root) if v.is_leaf]
