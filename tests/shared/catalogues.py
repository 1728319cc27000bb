"""The catalogues as Babel reads them, for tests: `docs/catalogue.py` and what it finds."""

import importlib.util
from pathlib import Path

_PATH = Path(__file__).parents[2] / "docs" / "catalogue.py"
_spec = importlib.util.spec_from_file_location("catalogue", _PATH)
catalogue = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(catalogue)
catalogues = catalogue.catalogues


def strings(x):
    """A sentence, or the forms of one that counts."""
    return list(x) if isinstance(x, (tuple, list)) else [x]


def texts(path, where=""):
    """Every sentence that stands in a file with `where` in its name, and its translation."""
    for message in catalogue.read(path):
        if message.id and any(where in file for file, _ in message.locations):
            yield from (*strings(message.id), *strings(message.string))
