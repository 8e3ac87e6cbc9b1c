import numpy as np

from roentgene.ingest.regions.components import Components, components


def test_voxels_that_touch_at_a_corner_are_one_piece() -> None:
    region = np.zeros((4, 4, 4), dtype=np.bool_)
    region[0, 0, 0] = region[1, 1, 1] = region[2, 2, 2] = True
    assert components(region) == Components(1, 1.0)
    region[1, 1, 1] = False
    assert components(region) == Components(2, 0.5)


def test_share_of_the_largest_piece() -> None:
    region = np.zeros((1, 1, 10), dtype=np.bool_)
    region[0, 0, [0, 2, 3, 4, 6, 7, 9]] = True
    assert components(region) == Components(4, 3 / 7)


def test_empty_region() -> None:
    assert components(np.zeros((0, 0, 0), dtype=np.bool_)) == Components(0, None)
    assert components(np.zeros((2, 2, 2), dtype=np.bool_)) == Components(0, None)
