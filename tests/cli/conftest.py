"""Where the command line is tried: an empty folder, and a file of a model beside it."""

import pytest
from command_line import MODEL


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)


@pytest.fixture
def model(tmp_path_factory):
    file = tmp_path_factory.mktemp("source") / "model.py"
    file.write_text(MODEL)
    return str(file)
