"""A training as a file: whole, the same to the bit when read, and whole again after a kill."""

import csv
import io
import signal
import subprocess
import sys

import numpy as np
import pytest

from backviz import Value, load, tensor
from backviz.autodiff.replay import Replay
from backviz.autodiff.tape import names, tape
from backviz.errors import InputError
from backviz.training import Recipe, Training, choose, resuming
from backviz.training.kept import from_file, npz
from backviz.training.tables import as_csv

SOURCE = "L=(tanh(w*x+b)-y)**2; w=0.5; b=0.1; x=1.5; y=-0.3"


def begun(output=None, recipe=None, wrt="w,b"):
    values = tape(output or load(SOURCE))
    replay = Replay(values[-1], values)
    chosen = choose(replay, [*names(values).values()], wrt)
    return Training(replay, chosen, recipe or Recipe("adam", 0.05))


def test_what_is_read_back_is_what_was_written_and_goes_on_the_same(tmp_path):
    made = begun().go(150)
    path = tmp_path / "learn.npz"
    path.write_bytes(npz(made))
    found = from_file(path, begun().replay)
    assert (found.loss, found.norms, found.stride) == (made.loss, made.norms, made.stride)
    for k in (0, 1, 77, 150):
        assert found.at(k).leaves == made.at(k).leaves
    assert npz(found) == npz(made)
    assert npz(found.go(200)) == npz(begun().go(200))
    held = np.load(path)
    assert held["loss"].shape == (151,)
    assert held["grad_norm"].shape == (151, 2)
    assert held["leaf.w"].shape == held["kept"].shape


def test_arrays_and_their_optimizer_come_back_too(tmp_path):
    W = tensor(np.arange(6.0).reshape(2, 3) / 10, "W")
    made = begun((W * W).sum(), Recipe("rmsprop", 0.01, {"momentum": 0.5}), "W").go(9)
    path = tmp_path / "a.npz"
    path.write_bytes(npz(made))
    again = from_file(path, made.replay)
    assert again.recipe == made.recipe
    assert again.go(30).loss == made.go(30).loss


def test_another_record_or_another_file_is_one_sentence(tmp_path):
    path = tmp_path / "learn.npz"
    path.write_bytes(npz(begun().go(3)))
    other = begun(load(SOURCE.replace("w=0.5", "w=0.6"))).replay
    with pytest.raises(InputError, match="the training of another record"):
        from_file(path, other)
    np.savez(tmp_path / "x.npz", a=np.zeros(2))
    with pytest.raises(InputError, match="holds no training"):
        from_file(tmp_path / "x.npz", other)
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(InputError, match="is no whole archive"):
        from_file(path, other)
    with pytest.raises(InputError, match="cannot read"):
        from_file(tmp_path / "none.npz", other)


def test_the_csv_has_every_step_exactly():
    W = tensor([[1.0, 2.0]], "W")
    c = Value(3.0, "c")
    made = begun((W * W).sum() * c, Recipe("sgd", 0.01), "W,c").go(4)
    rows = [*csv.DictReader(io.StringIO(as_csv(made).decode()))]
    assert [*rows[0]] == ["step", "loss", "W[0, 0]", "W[0, 1]", "c", "|W.grad|", "|c.grad|"]
    data = np.array([1.0, 2.0]), 3.0
    for k, row in enumerate(rows):
        w, c = data
        assert int(row["step"]) == k
        assert float(row["loss"]) == pytest.approx((w @ w) * c, rel=1e-14)
        assert float(row["W[0, 1]"]) == pytest.approx(w[1], rel=1e-14)
        assert float(row["|c.grad|"]) == pytest.approx(w @ w, rel=1e-14)
        data = w - 0.01 * 2 * w * c, c - 0.01 * (w @ w)
    large = begun((tensor(np.ones((10, 10)), "M") ** 2).sum(), Recipe("sgd", 0.1), "M").go(1)
    assert as_csv(large).decode().splitlines()[1] == "0,100.0,10.0,20.0"


CHILD = """
import os, signal, sys
from backviz.training import resuming
from backviz.cli import main
resuming.EVERY = 0.0
save = resuming.save
def killed(training, path):
    save(training, path)
    if training.steps >= 37:
        os.kill(os.getpid(), signal.SIGKILL)
resuming.save = killed
main(sys.argv[1:])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("form", ["npz", "csv"])
def test_a_training_that_was_killed_goes_on_without_loss_and_without_repetition(form, tmp_path):
    command = ["train", SOURCE, "--optimizer", "adam", "--steps", "120", "-o"]
    cut, whole = tmp_path / f"cut.{form}", tmp_path / f"whole.{form}"
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *command, str(cut)], capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert not cut.exists()
    assert resuming.rest_of(cut).exists()
    run = [sys.executable, "-m", "backviz", *command]
    done = subprocess.run([*run, str(cut)], capture_output=True, text=True, check=True)
    assert "goes on after step 37" in done.stderr
    done = subprocess.run([*run, str(whole)], capture_output=True, text=True, check=True)
    assert "goes on" not in done.stderr
    assert cut.read_bytes() == whole.read_bytes()
    assert not resuming.rest_of(cut).exists()


def test_an_interrupted_training_keeps_what_there_is(tmp_path):
    path = tmp_path / "learn.npz"

    def interrupt(course):
        if course.step == 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        resuming.go(begun(), 40, path, interrupt)
    left = resuming.left_over(path, begun())
    assert left.steps == 12
    assert left.go(40).loss == begun().go(40).loss
    assert resuming.left_over(path, begun(recipe=Recipe("adam", 0.06))) is None
    assert resuming.left_over(path, begun(wrt="w")) is None
