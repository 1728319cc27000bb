"""Every scene says what its default film shows, as an inequality; it has to hold for most seeds."""

import numpy as np
import pytest

from backviz.scenes import SCENES
from backviz.scenes.registry import Claim

SEEDS, LEAST = 10, 9
CLAIMS = [*SCENES]  # every scene has one


def seeds_of(made):
    return range(SEEDS) if any(o.name == "seed" for o in made.options) else (None,)


def sides(made, seed):
    given = {} if seed is None else {"seed": seed}
    return made.claim.sides(made(**given).data())


@pytest.mark.slow
@pytest.mark.parametrize("name", CLAIMS)
def test_the_default_shows_what_it_claims(name):
    made = SCENES[name]
    found = [sides(made, seed) for seed in seeds_of(made)]
    held = [small < large for small, large in found]
    print(f"{name}: {made.claim.text}: {sum(held)} of {len(held)}")
    print("  ", " ".join(f"{small:.3g}<{large:.3g}" for small, large in found))
    assert sum(held) >= len(held) * LEAST / SEEDS, found


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_is_a_sentence(name):
    assert 20 < len(SCENES[name].claim.text) < 120


def test_a_claim_that_the_data_contradict_does_not_hold():
    claim = Claim("the first is below the last", lambda d: (d["x"][0], d["x"][-1]))
    assert claim.holds({"x": np.array([1.0, 2.0])})
    assert not claim.holds({"x": np.array([2.0, 1.0])})
    assert not claim.holds({"x": np.array([1.0, np.nan])})
