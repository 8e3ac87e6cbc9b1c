"""Regions made of regions on boxes are what sets of voxels of the whole image give."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from roentgene.ingest.block import Block, cut_out
from roentgene.ingest.region_rule import Rule
from roentgene.ingest.regions.algebra import Maker

SHAPE = (5, 6, 7)
SPACING = (0.7, 1.3, 2.5)
Voxels = frozenset[tuple[int, int, int]]
EVERYWHERE: Voxels = frozenset(product(*map(range, SHAPE)))


def mask_of(seed: int) -> NDArray[np.uint8]:
    """Label 1 is dense, 2 and 3 are sparse, and 4 is nowhere."""
    rng = np.random.default_rng(seed)
    mask = np.zeros(SHAPE, dtype=np.uint8)
    mask[1:4, 1:5, 2:6] = rng.choice([0, 1, 2, 3], size=(3, 4, 4), p=[0.4, 0.4, 0.1, 0.1])
    return mask


def voxels_of(block: Block) -> Voxels:
    return frozenset((int(z), int(y), int(x)) for z, y, x in np.argwhere(block.within(SHAPE)))


def distance_mm(a: tuple[int, int, int], b: tuple[int, int, int]) -> float:
    steps = (np.array(a) - np.array(b)) * np.array(SPACING[::-1])
    return float(np.sqrt((steps**2).sum()))


def expected(rule: Rule, mask: NDArray[np.uint8]) -> Voxels:
    """Carry a rule out on sets, as its words say."""
    parts = [expected(part, mask) for part in rule.of]
    if rule.operation == "union":
        return frozenset().union(*parts)
    if rule.operation == "intersection":
        return frozenset.intersection(*parts)
    if rule.operation == "without":
        return parts[0].difference(*parts[1:])
    if rule.operation == "ring":
        assert rule.ring_mm is not None
        inner, outer = rule.ring_mm
        (around,) = parts
        nearest = {
            voxel: min(distance_mm(voxel, inside) for inside in around)
            for voxel in EVERYWHERE - around
            if around
        }
        # voxels of the region itself are at distance 0, which is not above it
        return frozenset(v for v, mm in nearest.items() if inner + 1e-4 < mm <= outer + 1e-4)
    if rule.operation == "largest_component":
        return largest(parts[0])
    wanted = {v for v in EVERYWHERE if mask[v] and (not rule.labels or int(mask[v]) in rule.labels)}
    return frozenset(wanted)


def largest(voxels: Voxels) -> Voxels:
    left, pieces = set(voxels), []
    while left:
        piece, edge = set(), {min(left)}
        while edge:
            piece |= edge
            near = {
                (z + k, y + j, x + i)
                for z, y, x in edge
                for k, j, i in product((-1, 0, 1), repeat=3)
            }
            edge = (near & left) - piece
        left -= piece
        pieces.append(frozenset(piece))
    # found in the order of their first voxels
    return max(pieces, key=len) if pieces else frozenset()


def rules() -> st.SearchStrategy[Rule]:
    leaf = st.sampled_from([(), (1,), (2,), (3,), (2, 3), (4,)]).map(
        lambda labels: Rule("labels", labels=labels)
    )

    def made(parts: st.SearchStrategy[Rule]) -> st.SearchStrategy[Rule]:
        several = st.lists(parts, min_size=1, max_size=3).map(tuple)
        rings = st.sampled_from([(0.0, 0.7), (0.0, 2.6), (0.7, 1.3), (1.0, 3.0)])
        return st.one_of(
            st.builds(Rule, st.sampled_from(["union", "intersection", "without"]), several),
            st.builds(lambda part: Rule("largest_component", (part,)), parts),
            st.builds(lambda part, mm: Rule("ring", (part,), ring_mm=mm), parts, rings),
        )

    return st.recursive(leaf, made, max_leaves=5)


def maker(mask: NDArray[np.uint8]) -> Maker:
    def leaf(rule: Rule) -> Block:
        return cut_out(np.isin(mask, rule.labels) if rule.labels else mask != 0)

    return Maker(SHAPE, SPACING, leaf)


@settings(max_examples=150, deadline=None)
@given(rule=rules(), seed=st.integers(0, 5))
def test_any_rule_gives_the_voxels_that_sets_give(rule: Rule, seed: int) -> None:
    mask = mask_of(seed)
    assert voxels_of(maker(mask).region(rule)) == expected(rule, mask)


@settings(max_examples=50, deadline=None)
@given(a=rules(), b=rules(), seed=st.integers(0, 5))
def test_parts_and_their_rest_make_the_whole(a: Rule, b: Rule, seed: int) -> None:
    make = maker(mask_of(seed)).region
    both, rest = make(Rule("intersection", (a, b))), make(Rule("without", (a, b)))
    assert both.n_voxels + rest.n_voxels == make(a).n_voxels
    assert voxels_of(both) | voxels_of(rest) == voxels_of(make(a))


@settings(max_examples=50, deadline=None)
@given(rule=rules())
def test_equal_rules_have_equal_content_and_others_another(rule: Rule) -> None:
    assert rule.content == Rule(**vars(rule)).content
    around = Rule("ring", (rule,), ring_mm=(0, 5))
    assert around.content == Rule("ring", (rule,), ring_mm=(0.0, 5.0)).content
    others = [rule, Rule("ring", (rule,), ring_mm=(0, 6)), Rule("largest_component", (rule,))]
    assert all(around.content != other.content for other in others)


def test_a_ring_is_a_dilation_by_a_ball_on_voxels_that_are_no_cubes() -> None:
    mask = np.zeros((12, 30, 30), dtype=np.uint8)
    mask[5:8, 12:18, 11:16] = 1
    mask[6, 10, 10] = 1
    spacing = (0.7, 1.3, 2.5)
    image = sitk.GetImageFromArray(mask)
    image.SetSpacing(spacing)
    # a ball of 3 mm in voxels is an ellipsoid: dilation by it is another way to the same ring
    radii = [int(3.0 / step) for step in spacing]
    offsets = np.stack(
        np.meshgrid(*(np.arange(-r, r + 1) for r in radii[::-1]), indexing="ij"), axis=-1
    )
    ball = (((offsets * np.array(spacing[::-1])) ** 2).sum(axis=-1) <= 9.0).astype(np.uint8)
    dilated = sitk.GetArrayFromImage(image)
    for z, y, x in np.argwhere(mask):
        box = tuple(slice(c - r, c + r + 1) for c, r in zip((z, y, x), radii[::-1], strict=True))
        dilated[box] |= ball
    found = Maker(mask.shape, spacing, lambda _: cut_out(mask != 0)).region(
        Rule("ring", (Rule("labels"),), ring_mm=(0, 3))
    )
    assert np.array_equal(found.within(mask.shape), (dilated != 0) & (mask == 0))


def test_what_rules_have_in_common_is_made_once() -> None:
    asked: list[Rule] = []

    def leaf(rule: Rule) -> Block:
        asked.append(rule)
        return cut_out(np.ones((1, 1, 2), dtype=np.bool_))

    make = Maker((1, 1, 4), SPACING, leaf).region
    core = Rule("labels", labels=(1,))
    make(Rule("ring", (core,), ring_mm=(0, 1)))
    make(Rule("union", (core, Rule("largest_component", (core,)))))
    assert asked == [core]


@pytest.mark.parametrize("operation", ["union", "intersection", "without", "largest_component"])
def test_nothing_makes_nothing(operation: str) -> None:
    nothing = cut_out(np.zeros(SHAPE, dtype=np.bool_))
    make = Maker(SHAPE, SPACING, lambda _: nothing).region
    found = make(Rule(operation, (Rule("labels", labels=(7,)),)))  # type: ignore[arg-type]
    assert found.n_voxels == 0
