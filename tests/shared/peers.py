"""torch, where it is installed; where all peers are asked for it has to be."""

import os

import pytest

try:
    import torch
except ImportError:
    if os.environ.get("CI_PEERS"):
        raise
    torch = None
needs_torch = pytest.mark.skipif(torch is None, reason="torch is not installed")

__all__ = ["needs_torch", "torch"]
