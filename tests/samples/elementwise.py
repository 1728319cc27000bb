"""Elementwise ops: torch's function for each, and calls with options."""

from samples import Sample

# the op of the same meaning in torch, where it has another name
PEERS = {
    "sigmoid": lambda torch: torch.sigmoid,
    "greater": lambda torch: torch.gt,
    "less": lambda torch: torch.lt,
    "equal": lambda torch: torch.eq,
    "greater_equal": lambda torch: torch.ge,
    "less_equal": lambda torch: torch.le,
    "not_equal": lambda torch: torch.ne,
}
SAMPLES: dict[str, list[Sample]] = {}
