"""One entry of the gradient of every op is a sum over what arrives, and can be told."""

import numpy as np
import pytest
from quick import one_in

from backviz import OPS, Value, stepper, tensor


def sample(op):
    """The op at work on arrays that want gradients, and a loss that weighs each entry; or None."""
    given, params = [np.linspace(0.2, 0.9, 6).reshape(2, 3)] * max(op.arity, 1), {}
    if op.sample is not None:
        given, params = list(op.sample.args), dict(op.sample.params)
    args = [
        tensor(np.asarray(x, float) * np.ones((2, 3)) if np.ndim(x) == 0 else x, f"v{i}")
        if isinstance(x, float) or (isinstance(x, np.ndarray) and x.dtype.kind == "f") else x
        for i, x in enumerate(given)
    ]  # fmt: skip
    out = op(*args, **params)
    if not isinstance(out, Value) or not out.requires_grad:
        return None
    return (out * np.linspace(1, 2, np.size(out.data)).reshape(np.shape(out.data))).sum()


@pytest.mark.parametrize("name", one_in(3, sorted(OPS)))
def test_an_entry_of_every_op_is_a_sum_over_what_arrives(name):
    loss = sample(OPS[name])
    if loss is None:
        return
    s = stepper(loss, names=False)
    record = s.state.record
    for node, value in enumerate(record.values):
        if not np.ndim(value.data) or not value.requires_grad:
            continue
        index = tuple(int(k) for k in np.unravel_index(value.data.size // 2, value.data.shape))
        place = f"{record.names[node]}[{', '.join(map(str, index))}]"
        told, made = s.why(place), s.local(place)
        for use in told.uses:
            assert use.terms is not None, place
            added = sum(term.product for term in use.terms.listed) + use.terms.rest
            assert np.isclose(added, use.total, equal_nan=True), place
        if told.gradient is not None:
            whole = sum(use.total for use in told.uses)
            assert np.isclose(whole, told.gradient, equal_nan=True) or value is loss
        assert made.value == value.data[index] or np.isnan(made.value)
        assert told.text and made.text and told.data() and made.data()
