"""A function in a file whose numbers left the record: whatever draws it says so, not only check."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from model_files import HEAD, LOST, WHOLE

from backviz import load
from backviz.errors import LostGradientWarning
from backviz.sources.files import record_file


@pytest.mark.parametrize(("code", "said"), LOST.values(), ids=LOST)
def test_a_picture_of_a_record_with_a_hole_says_so(tmp_path: Path, code: str, said: str) -> None:
    (tmp_path / "model.py").write_text(HEAD + code)
    notes: list[str] = []
    record_file(f"{tmp_path}/model.py:f", notes.append)
    assert len(notes) == 1
    assert "numbers left the record by" in notes[0]
    assert "at model.py:" in notes[0]
    assert said in notes[0]
    with pytest.warns(LostGradientWarning, match="numbers left the record"):
        load(f"{tmp_path}/model.py:f").backward()  # it can still be used


@pytest.mark.parametrize("code", WHOLE.values(), ids=WHOLE)
def test_a_healthy_function_is_drawn_without_a_word(tmp_path: Path, code: str) -> None:
    (tmp_path / "model.py").write_text(HEAD + code)
    notes: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value = record_file(f"{tmp_path}/model.py:f", notes.append)
    assert notes == []
    value.backward()
    assert np.isfinite(value.data)
