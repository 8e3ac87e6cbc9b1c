import pytest

from roentgene.ingest.sources.dicom.linking import (
    Link,
    References,
    SeriesIdentity,
    Unlinked,
    link,
)
from roentgene.schemas.words import reason_codes

CT = SeriesIdentity("ct", frozenset({"ct.1", "ct.2"}), "frame")
PET = SeriesIdentity("pet", frozenset({"pet.1", "pet.2"}), "frame")
LATER = SeriesIdentity("later", frozenset({"later.1"}), "later frame")


def references(series: str = "", images: str = "", frame: str = "") -> References:
    return References(
        frozenset(series.split()), frozenset(images.split()), frozenset([frame] if frame else [])
    )


def test_the_referenced_series_comes_first() -> None:
    # one frame of reference for all, as in STS_008, and images of another series
    of_pet = references("pet", "ct.1", "frame")
    assert link(of_pet, [CT, PET, LATER]) == Link("pet", "series")


def test_images_tell_where_no_series_does() -> None:
    assert link(references("", "pet.2 elsewhere", "frame"), [CT, PET]) == Link(
        "pet", "sop_instance"
    )
    # the series that it names was not delivered, but its images were, e.g. under another UID
    found = link(references("original", "pet.2", "frame"), [CT, PET])
    assert found == Link("pet", "sop_instance")


def test_images_choose_among_several_referenced_series() -> None:
    assert link(references("ct pet", "pet.1", "frame"), [CT, PET]) == Link("pet", "sop_instance")


def test_the_frame_of_reference_tells_where_it_is_unique() -> None:
    of_later = references("", "", "later frame")
    assert link(of_later, [CT, PET, LATER]) == Link("later", "frame_of_reference")
    assert link(references("gone", "gone.1", "frame"), [CT, LATER]) == Link(
        "ct", "frame_of_reference"
    )


@pytest.mark.parametrize(
    ("mask", "series", "reason_code"),
    [
        (references("", "", "frame"), [CT, PET], "ambiguous_reference"),
        (references("gone", "", "frame"), [CT, PET], "ambiguous_reference"),
        (references("ct pet", "", "frame"), [CT, PET, LATER], "ambiguous_reference"),
        (references("ct pet", "ct.1 pet.1", "frame"), [CT, PET], "ambiguous_reference"),
        (references("gone", "gone.1", "gone frame"), [CT, PET], "referenced_series_missing"),
        (references("gone"), [CT, PET], "referenced_series_missing"),
        (references(), [CT], "referenced_series_missing"),
        (references("", "", "frame"), [], "referenced_series_missing"),
        (references("", "", "gone frame"), [CT, LATER], "other_frame_of_reference"),
        (references("ct", "ct.1", "gone frame"), [CT, PET], "other_frame_of_reference"),
        (references("", "ct.1", "later frame"), [CT, LATER], "other_frame_of_reference"),
    ],
)
def test_unlinked(mask: References, series: list[SeriesIdentity], reason_code: str) -> None:
    found = link(mask, series)
    assert isinstance(found, Unlinked)
    assert found.reason_code == reason_code
    assert found.reason_code in reason_codes()
    assert found.detail


def test_frames_that_nobody_states_are_no_contradiction() -> None:
    without = SeriesIdentity("ct", frozenset({"ct.1"}))
    assert link(references("ct", "", "frame"), [without]) == Link("ct", "series")
    assert link(references("ct"), [CT]) == Link("ct", "series")
    # and no agreement
    found = link(references("", "", ""), [without, PET])
    assert isinstance(found, Unlinked)
