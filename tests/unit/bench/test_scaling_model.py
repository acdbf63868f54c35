"""The model of many workers: what it says of cases that can be reckoned by hand."""

from __future__ import annotations

import json

import pytest
from scaling_model import FIGURES, Costs, Place, Tree, batch_rate, checked, stack_seconds, tree_seconds

COSTS = Costs(**json.loads(FIGURES.read_text("utf-8"))["costs"])


@pytest.mark.parametrize(("workers", "seconds"), [(1, 4 + 3 * 0.5), (2, 2.6 + 0.6 + 0.6), (4, 1 + 2 * 0.6), (9, 2.2)])
def test_slabs_and_joins_take_the_time_of_their_longest_chain(workers, seconds):
    """Of two workers, one joins the first pair while the other begins slab 2, and waits for it at the end."""
    found = tree_seconds(Tree([1.0] * 4, 0.5, 0.1), workers)
    assert found == pytest.approx(seconds)


def test_one_slab_is_not_joined():
    assert tree_seconds(Tree([3.0], 0.5, 0.1), 5) == 3


def test_more_workers_never_take_longer_and_one_takes_all_of_it():
    times = [sum(stack_seconds(COSTS, Place(workers), 300, 24).values()) for workers in (1, 2, 8, 64, 1000)]
    assert times == sorted(times, reverse=True)
    work = 300 * 24 * (COSTS.register_s + COSTS.fuse_s)
    assert work < times[0] < 1.1 * work
    assert times[-1] > 18 * 24 * COSTS.fuse_s, "a slab is fused by one worker"


def test_a_batch_grows_with_the_workers_until_the_storage_is_busy():
    few, by = batch_rate(COSTS, Place(8), 300, 24)
    assert by == "workers"
    assert few == pytest.approx(8 * batch_rate(COSTS, Place(1), 300, 24)[0], rel=0.05)
    many, by = batch_rate(COSTS, Place(1000), 300, 24)
    assert by == "storage"
    assert many == pytest.approx(3600 * 1.25e9 / (2 * 300 * 24 * COSTS.frame_bytes), rel=0.05)
    _, by = batch_rate(COSTS, Place(1000, storage=1e12, asker=1e8), 300, 24)
    assert by == "asker"


def test_a_check_lays_the_model_beside_what_was_measured():
    slab = {"compute": 2.0, "transfer": 0.0}
    run = {
        "workers": 2,
        "fuse_began": 10.0,
        "tasks": {
            "fuse_slab": [{**slab, "stop": 12.0}, {**slab, "stop": 12.1}],
            "join_states": [{"compute": 0.5, "transfer": 0.25, "stop": 13.0}],
        },
    }
    assert checked({"runs": [run]}) == [{"workers": 2, "took_s": 3.0, "model_s": 2.75}]
