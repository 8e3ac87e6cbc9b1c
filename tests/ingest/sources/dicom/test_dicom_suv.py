import datetime
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from roentgene.ingest.sources.dicom.pet_facts import PetFacts, read_pet_facts
from roentgene.ingest.sources.dicom.suv import suv_factors
from roentgene.ingest.sources.volume import VolumeError

DAY = datetime.date(2020, 5, 4)
HOUR = datetime.timedelta(hours=1)
# 70 kg, 350 MBq of fluorine-18, one hour before the scan
FACTS = PetFacts(
    units="BQML",
    corrected_for=("DECY", "ATTN", "SCAT", "DECAY"),
    decay_correction="START",
    weight_kg=70,
    dose_bq=3.5e8,
    half_life_s=6586.2,
    injection_time=datetime.time(9),
    series_day=DAY,
    series_time=datetime.time(10),
    acquisition_day=DAY,
    acquisition_time=datetime.time(10),
)
# 3.5e8 x 2^(-3600 / 6586.2) = 239621521.850 Bq are left, and 70000 g / 239621521.850 Bq is
AFTER_AN_HOUR = 2.9212734924e-4


def factor(facts: PetFacts) -> float:
    first, second = suv_factors([facts, facts])
    assert first == second
    return first


def refused(*slices: PetFacts) -> str:
    with pytest.raises(VolumeError) as caught:
        suv_factors(slices)
    assert caught.value.reason_code == "suv_facts_missing"
    return caught.value.message


def test_formula_by_hand() -> None:
    assert factor(FACTS) == pytest.approx(AFTER_AN_HOUR, rel=1e-8)
    # after one half life half of the dose is left: 70000 / 1.75e8
    half = datetime.timedelta(seconds=6586)
    began = (datetime.datetime.combine(DAY, datetime.time(10)) - half).time()
    facts = replace(FACTS, half_life_s=6586.0, injection_time=began)
    assert factor(facts) == pytest.approx(4e-4, rel=1e-12)


def test_corrected_to_the_administration_nothing_has_decayed() -> None:
    facts = replace(FACTS, decay_correction="ADMIN", half_life_s=None, injection_time=None)
    assert factor(facts) == pytest.approx(70_000 / 3.5e8, rel=1e-12)


def test_a_scan_after_midnight() -> None:
    facts = replace(
        FACTS,
        injection_time=datetime.time(23, 30),
        series_time=datetime.time(0, 30),
        acquisition_time=datetime.time(0, 30),
    )
    assert factor(facts) == pytest.approx(AFTER_AN_HOUR, rel=1e-8)
    without_days = replace(facts, series_day=None, acquisition_day=None)
    assert factor(without_days) == pytest.approx(AFTER_AN_HOUR, rel=1e-8)


def test_the_day_of_the_injection_counts() -> None:
    moment = datetime.datetime.combine(DAY, datetime.time(10)) - 25 * HOUR
    facts = replace(FACTS, injection_moment=moment, half_life_s=3.3 * 86400)
    expected = 70_000 / (3.5e8 * 2 ** (-25 / (3.3 * 24)))
    assert factor(facts) == pytest.approx(expected, rel=1e-12)


def test_suv_is_never_converted_again() -> None:
    assert factor(PetFacts(units="GML")) == 1
    assert factor(PetFacts(units="GML", suv_type="BW", weight_kg=70)) == 1
    assert "LBM" in refused(PetFacts(units="GML", suv_type="LBM"))


def test_factors_of_philips() -> None:
    counts = replace(FACTS, units="CNTS")
    own = [replace(counts, philips_suv=0.00041), replace(counts, philips_suv=0.00042)]
    assert suv_factors(own) == [0.00041, 0.00042]
    by_activity = replace(counts, philips_bqml=1.5)
    assert factor(by_activity) == pytest.approx(1.5 * AFTER_AN_HOUR, rel=1e-8)
    assert "7053" in refused(counts)


def test_a_derived_series_made_after_its_slices() -> None:
    late = replace(FACTS, series_time=datetime.time(15))
    by_ge = replace(late, ge_scan_moment=datetime.datetime.combine(DAY, datetime.time(10)))
    assert factor(by_ge) == pytest.approx(AFTER_AN_HOUR, rel=1e-8)
    # a bed position of 180 s that began 900 s after the scan
    rate = math.log(2) / 6586.2
    during = rate * 180
    mean_activity = math.log(during / (1 - math.exp(-during))) / rate
    framed = replace(
        late,
        acquisition_time=datetime.time(10, 15),
        frame_reference_ms=(900 + mean_activity) * 1000,
        frame_duration_ms=180_000,
    )
    assert factor(framed) == pytest.approx(AFTER_AN_HOUR, rel=1e-8)
    assert "scan began" in refused(late)


def test_the_earliest_slice_decides() -> None:
    later = replace(FACTS, acquisition_time=datetime.time(10, 20))
    first, second = suv_factors([later, FACTS])
    assert first == second == pytest.approx(AFTER_AN_HOUR, rel=1e-8)


@pytest.mark.parametrize(
    ("missing", "word"),
    [
        ({"units": None}, "Units"),
        ({"units": "PROPCPS"}, "PROPCPS"),
        ({"weight_kg": None}, "PatientWeight"),
        ({"weight_kg": 0.0}, "PatientWeight"),
        ({"weight_kg": 70_000}, "PatientWeight"),
        ({"dose_bq": None}, "RadionuclideTotalDose"),
        ({"dose_bq": 350}, "RadionuclideTotalDose"),
        ({"half_life_s": None}, "RadionuclideHalfLife"),
        ({"injection_time": None}, "RadiopharmaceuticalStartTime"),
        ({"series_time": None}, "SeriesTime"),
        ({"acquisition_time": None}, "AcquisitionTime"),
        ({"decay_correction": None}, "DecayCorrection"),
        ({"decay_correction": "NONE"}, "DecayCorrection"),
        ({"corrected_for": ("DECAY",)}, "ATTN"),
        ({"half_life_s": 3.3 * 86400}, "day of the injection"),
        ({"injection_time": datetime.time(10, 0, 1)}, "ten half lives"),
        ({"injection_moment": datetime.datetime(2020, 5, 4, 11)}, "after the scan"),
        ({"injection_moment": datetime.datetime(2001, 5, 4, 9)}, "ten half lives"),
    ],
    ids=str,
)
def test_missing_or_wrong_facts(missing: dict[str, Any], word: str) -> None:
    message = refused(replace(FACTS, **missing))
    assert word in message
    assert not any(shown in message for shown in ("2020", "2001", "10:", "09:"))


def test_slices_that_contradict_each_other() -> None:
    assert "weight" in refused(FACTS, replace(FACTS, weight_kg=71))


def pet(make_slices: Callable[..., list[Dataset]], **elements: Any) -> Dataset:
    injected = Dataset()
    injected.RadionuclideTotalDose = 3.5e8
    injected.RadionuclideHalfLife = 6586.2
    injected.RadiopharmaceuticalStartTime = "090000.5"
    injected.RadiopharmaceuticalStartDateTime = "20200504090000.500000+0200"
    (dataset,) = make_slices(
        1,
        "PT",
        Units="BQML",
        DecayCorrection="START",
        CorrectedImage=["ATTN", "DECAY"],
        PatientWeight=70,
        SeriesDate="20200504",
        SeriesTime="10",
        AcquisitionDate="20200504",
        AcquisitionTime="100000.25",
        FrameReferenceTime=900_000,
        ActualFrameDuration=180_000,
        RadiopharmaceuticalInformationSequence=Sequence([injected]),
        **elements,
    )
    return dataset


def test_facts_are_read(
    tmp_path: Path,
    make_slices: Callable[..., list[Dataset]],
    save_slices: Callable[..., list[Path]],
) -> None:
    dataset = pet(make_slices)
    philips = dataset.private_block(0x7053, "Philips PET Private Group", create=True)
    philips.add_new(0x00, "DS", "0.00041")
    philips.add_new(0x09, "DS", "1.5")
    ge = dataset.private_block(0x0009, "GEMS_PETD_01", create=True)
    ge.add_new(0x0D, "DT", "20200504095900.00")
    (path,) = save_slices([dataset], tmp_path)
    assert read_pet_facts(path) == PetFacts(
        units="BQML",
        corrected_for=("ATTN", "DECAY"),
        decay_correction="START",
        weight_kg=70,
        dose_bq=3.5e8,
        half_life_s=6586.2,
        injection_moment=datetime.datetime(2020, 5, 4, 9, 0, 0, 500_000),
        injection_time=datetime.time(9, 0, 0, 500_000),
        series_day=DAY,
        series_time=datetime.time(10),
        acquisition_day=DAY,
        acquisition_time=datetime.time(10, 0, 0, 250_000),
        frame_reference_ms=900_000,
        frame_duration_ms=180_000,
        ge_scan_moment=datetime.datetime(2020, 5, 4, 9, 59),
        philips_suv=0.00041,
        philips_bqml=1.5,
    )


def test_private_elements_of_others_are_not_those_factors(
    tmp_path: Path,
    make_slices: Callable[..., list[Dataset]],
    save_slices: Callable[..., list[Path]],
) -> None:
    dataset = pet(make_slices)
    dataset.private_block(0x7053, "ACME", create=True).add_new(0x00, "DS", "0.00041")
    (path,) = save_slices([dataset], tmp_path)
    assert read_pet_facts(path).philips_suv is None


def test_times_are_not_shown() -> None:
    assert "datetime" not in repr(FACTS)
