"""Arithmetic of slabs: every frame once, images that overlap as promised, for any number of frames."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackcore.errors import UsageError
from stackcore.stacking.slabs import slabs, usual_overlap, usual_size

frames = st.integers(1, 2500)
sizes = st.none() | st.integers(1, 300)
overlaps = st.none() | st.integers(0, 100)


@given(frames, sizes, overlaps)
def test_every_frame_belongs_to_one_slab(n, size, overlap):
    assert [i for slab in slabs(n, size, overlap) for i in range(slab.first, slab.stop)] == list(range(n))


@given(frames, sizes, overlaps)
def test_the_image_of_a_slab_holds_its_frames_and_some_of_the_next(n, size, overlap):
    found = slabs(n, size, overlap)
    size = usual_size(n) if size is None else size
    overlap = usual_overlap(size) if overlap is None else overlap
    for slab in found[:-1]:
        assert slab.stop - slab.first == size
        assert slab.image_stop - slab.stop == overlap
    last = found[-1]
    assert last.stop == last.image_stop == n
    assert 1 <= last.image_stop - last.first <= size + overlap


@given(frames, sizes, overlaps)
def test_no_image_lies_within_another(n, size, overlap):
    found = slabs(n, size, overlap)
    assert all(one.image_stop < other.image_stop for one, other in itertools.pairwise(found))


@given(st.integers(0, 10**6))
def test_the_usual_size_is_the_rounded_root(n):
    size = usual_size(n)
    if n >= 6:
        assert (size - 0.5) ** 2 <= n <= (size + 0.5) ** 2
    else:
        assert size == max(1, n)


@pytest.mark.parametrize("n", range(1, 6))
def test_few_frames_are_one_slab(n):
    assert [(s.first, s.stop, s.image_stop) for s in slabs(n)] == [(0, n, n)]


def test_examples_worked_by_hand():
    assert [(s.first, s.stop, s.image_stop) for s in slabs(6)] == [(0, 2, 4), (2, 6, 6)]
    assert [(s.first, s.image_stop) for s in slabs(30)] == [(0, 7), (5, 12), (10, 17), (15, 22), (20, 27), (25, 30)]
    assert [(s.first, s.stop, s.image_stop) for s in slabs(9, 4, 0)] == [(0, 4, 4), (4, 8, 8), (8, 9, 9)]
    assert len(slabs(2000)) == 45
    assert slabs(0) == ()


@pytest.mark.parametrize(("size", "overlap", "named"), [(0, None, "0"), (-3, 2, "-3"), (4, -1, "-1")])
def test_what_is_out_of_range_is_refused(size, overlap, named):
    with pytest.raises(UsageError) as caught:
        slabs(10, size, overlap)
    assert named in caught.value.what
