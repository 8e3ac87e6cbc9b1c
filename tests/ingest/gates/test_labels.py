import numpy as np
import pytest

from roentgene.ingest.gates.image import Place
from roentgene.ingest.gates.labels import (
    check_inventory,
    check_labels,
    label_inventory,
    label_warning,
)
from roentgene.ingest.refusal import Refusal

PLACE = Place("P1 baseline", "masks/p1.nrrd", "abc")


def code(refusal: Refusal | None) -> str | None:
    return refusal.reason_code if refusal else None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 1.0, 255.0], None),
        ([0.0, 0.00392], "non_integer_labels"),
        ([0.0, np.nan], "non_integer_labels"),
        ([0.0, np.inf], "non_integer_labels"),
    ],
)
def test_labels(values: list[float], expected: str | None) -> None:
    assert code(check_labels(np.array(values), PLACE)) == expected


def test_labels_names_a_value() -> None:
    refusal = check_labels(np.array([0.0, 0.5, 0.25]), PLACE)
    assert refusal is not None
    assert refusal.detail == "2 voxels hold values such as 0.5"
    assert check_labels(np.array([0, 1], dtype=np.uint8), PLACE) is None


def test_a_mask_scaled_to_one_is_told_from_a_probability_map() -> None:
    scaled = np.array([0, 1, 2, 255], dtype=np.float32) * np.float32(0.00392)
    refusal = check_labels(scaled, PLACE)
    assert refusal is not None
    assert refusal.detail.startswith("3 voxels hold values such as 0.00392, as a mask ")
    assert refusal.detail.endswith("times 255 they are 1, 2, 255")
    probabilities = check_labels(np.array([0.0, 0.13, 0.5]), PLACE)
    assert probabilities is not None
    assert "255" not in probabilities.detail


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([0, -1], dtype=np.int16), "its values range from -1 to 0"),
        (np.array([1.0, -1024.0]), "its values range from -1024 to 1"),
        (np.array([0, 2**31], dtype=np.uint32), "its values range from 0 to 2147483648"),
        (np.array([0, 2**64 - 1], dtype=np.uint64), "to 18446744073709551615"),
        (np.array([0, 2**31 - 1], dtype=np.uint64), None),
        (np.array([], dtype=np.uint8), None),
    ],
)
def test_range_of_labels(values: np.ndarray, expected: str | None) -> None:
    refusal = check_labels(values, PLACE)
    assert code(refusal) == ("labels_out_of_range" if expected else None)
    assert refusal is None or refusal.detail.endswith(expected or "")


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint64, np.float32])
@pytest.mark.parametrize("largest", [7, 100_000])
def test_inventory(kind: type, largest: int) -> None:
    if kind in (np.uint8, np.int16):
        largest = 100
    values = np.array([[0, 1, largest], [1, 0, 1]], dtype=kind)
    found = label_inventory(values, 10)
    assert found == {0: 6, 1: 3, largest: 1}
    assert all(type(n) is int for pair in found.items() for n in pair)


def test_inventory_of_masks_without_background_and_without_anything_else() -> None:
    assert label_inventory(np.ones(4, dtype=np.uint8), 4) == {1: 4}
    assert label_inventory(np.zeros((0, 0, 0), dtype=np.uint8), 5) == {0: 5}


def test_too_many_labels() -> None:
    inventory = dict.fromkeys(range(6), 1)
    assert check_inventory(inventory, 5, PLACE) is None
    refusal = check_inventory(inventory, 4, PLACE)
    assert refusal is not None
    assert (refusal.reason_code, refusal.detail) == (
        "too_many_labels",
        "5 values beside 0 where gates.max_labels is 4",
    )


def test_warnings_of_values() -> None:
    found = {0: 50, 1: 8, 2: 4, 255: 3}
    assert label_warning(found, {1, 2, 4, 255}, PLACE) is None
    assert label_warning(found, None, PLACE) is None
    unused = label_warning(found, {1, 4}, PLACE)
    assert unused is not None
    assert (unused.reason_code, unused.severity) == ("unexpected_labels", "warning")
    assert unused.detail == (
        "no region has the values 2 (4 voxels), 255 (3 voxels); regions have 1, 4"
    )
    strange = label_warning({0: 1, 255: 3}, {1}, PLACE)
    assert strange is not None
    assert strange.detail.endswith("regions have 1, of which it holds none")


@pytest.mark.parametrize("used", [{1}, None])
def test_empty_mask(used: set[int] | None) -> None:
    empty = label_warning({0: 64}, used, PLACE)
    assert empty is not None
    assert (empty.reason_code, empty.severity) == ("empty_mask", "warning")
    assert (empty.subject, empty.file_path) == ("P1 baseline", "masks/p1.nrrd")
    assert empty.detail == "all 64 voxels are 0"
