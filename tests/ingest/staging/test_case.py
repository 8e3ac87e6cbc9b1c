"""A case from its files to its rows: every malformed pair gets its code, the others go on."""

import errno
import math
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import SimpleITK as sitk

from roentgene.ingest.block import cut_out
from roentgene.ingest.extract.engines import AskedRegion, EngineResult, engine
from roentgene.ingest.extract.extraction import make_extraction
from roentgene.ingest.extract.work import Case, MaskWork, RegionWork
from roentgene.ingest.refusal import REFUSAL_SCHEMA, refusals_from_arrow
from roentgene.ingest.region_rule import Rule
from roentgene.ingest.staged_columns import staged_schema
from roentgene.ingest.staging.case import measure_case, stage_case
from roentgene.ingest.staging.case_rows import CaseRows
from roentgene.schemas.errors import DiskFullError, ExtractionUnavailableError
from roentgene.schemas.study import GateThresholds, Profile
from roentgene.schemas.words import closed_list

SHAPE = (20, 22, 24)  # z, y, x
SPACING = (1.0, 1.25, 2.0)
FIRST_ORDER = make_extraction(
    "firstorder", Profile(feature_classes=("firstorder", "shape"), settings={"binWidth": 25})
)
NORMALISED = make_extraction(
    "normalised",
    Profile(
        feature_classes=("firstorder",),
        settings={"binWidth": 5, "normalize": True, "normalizeScale": 100},
    ),
)


def intensities() -> np.ndarray:
    return np.random.default_rng(6).normal(500, 150, size=SHAPE).astype(np.float32)


def labels() -> np.ndarray:
    """Label 1: a box of 6 x 6 x 6 voxels; label 2: one of 4 x 4 x 4 beside it; label 4: none."""
    mask = np.zeros(SHAPE, dtype=np.uint8)
    mask[5:11, 5:11, 5:11] = 1
    mask[5:9, 5:9, 11:15] = 2
    return mask


def as_image(array: np.ndarray, **geometry: Any) -> sitk.Image:
    made = sitk.GetImageFromArray(array)
    made.SetSpacing(geometry.get("spacing", SPACING))
    made.SetOrigin(geometry.get("origin", (0.0, 0.0, 0.0)))
    return made


def write(folder: Path, name: str, array: np.ndarray, **geometry: Any) -> str:
    sitk.WriteImage(as_image(array, **geometry), str(folder / name))
    return name


def regions(rater: str, *wanted: tuple[str, tuple[int, ...]], due: Any = (FIRST_ORDER,)):
    return tuple(
        RegionWork(
            segmentation_id=f"{rater}-{name}",
            region=name,
            rule=Rule("labels", labels=values),
            derivation=f"label {values}",
            due={e.extraction_id: f"work {rater} {name} {e.profile}" for e in due},
        )
        for name, values in wanted
    )


NCR, ED, ET = ("NCR", (1,)), ("ED", (2,)), ("ET", (4,))


def mask(folder: Path, name: str, rater: str = "A", wanted=(NCR, ED), **changes: Any) -> MaskWork:
    made = MaskWork(
        path=str(folder / name),
        name=name,
        content_hash=f"hash of {name}",
        lesion_id="1",
        rater_id=rater,
        repeat_no=1,
        reference_series_id="series-1",
        is_reference=True,
        regions=regions(rater, *wanted),
    )
    return replace(made, **changes)


def case(folder: Path, image: str, *masks: MaskWork, **changes: Any) -> Case:
    made = Case(
        case_key="case-1",
        cohort_id="C",
        patient_id="P1",
        timepoint_id="baseline",
        series_id="series-1",
        sequence="T1",
        modality="MR",
        path=str(folder / image),
        name=image,
        content_hash=f"hash of {image}",
        masks=masks,
        extractions=(FIRST_ORDER, NORMALISED),
        thresholds=GateThresholds(),
    )
    return replace(made, **changes)


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A folder with a sound image and a sound mask."""
    write(tmp_path, "image.nrrd", intensities())
    write(tmp_path, "mask.nrrd", labels())
    return tmp_path


def statuses(rows: CaseRows) -> dict[str, tuple[str, str | None]]:
    return {
        row["segmentation_id"]: (row["status"], row["reason"])
        for row in rows.measurement.to_pylist()
    }


def refused(rows: CaseRows) -> list[tuple[str, str | None]]:
    return [(r.reason_code, r.file_path) for r in refusals_from_arrow(rows.refusal)]


def check_whole(rows: CaseRows, asked: Case) -> None:
    """Whatever went wrong: references hold, words are those of the closed lists."""
    assert rows.series.column("series_id").to_pylist() == [asked.series_id]
    drawn = [region for work in asked.masks for region in work.regions]
    assert rows.segmentation.column("segmentation_id").to_pylist() == [
        region.segmentation_id for region in drawn
    ]
    expected = {(r.segmentation_id, e, key) for r in drawn for e, key in r.due.items()}
    measured = rows.measurement.to_pylist()
    assert {(m["segmentation_id"], m["extraction_id"], m["work_key"]) for m in measured} == expected
    assert len(measured) == len(expected)
    reasons, words = closed_list("reason_code"), closed_list("measurement_status")
    for row in measured:
        assert row["status"] in words
        assert row["reason"] is None or row["reason"] in reasons
        assert (row["reason"] is None) == (row["reason_detail"] is None)
        assert row["status"] == "ok" or row["reason"] is not None
        assert (row["path"] is not None) == (row["status"] == "ok")
    with_values = set(rows.feature_value.column("segmentation_id").to_pylist())
    assert with_values == {m["segmentation_id"] for m in measured if m["status"] == "ok"}
    for name, staged in rows.tables().items():
        expected = REFUSAL_SCHEMA if name == "refusal" else staged_schema(f"imaging.{name}")
        assert staged.schema.equals(expected)
        staged.validate(full=True)
        for field in staged.schema:
            assert field.nullable or staged.column(field.name).null_count == 0, field.name


def test_sound_case(pair: Path) -> None:
    asked = case(pair, "image.nrrd", mask(pair, "mask.nrrd"))
    rows = measure_case(asked)
    check_whole(rows, asked)
    assert statuses(rows) == {"A-NCR": ("ok", None), "A-ED": ("ok", None)}
    assert refused(rows) == []

    (series,) = rows.series.to_pylist()
    assert (series["size_x"], series["size_y"], series["size_z"]) == (24, 22, 20)
    assert (series["spacing_x"], series["spacing_y"], series["spacing_z"]) == SPACING
    assert (series["source"], series["content_hash"]) == ("image", "hash of image.nrrd")
    assert len(series["space_id"]) == 24

    by_id = {row["segmentation_id"]: row for row in rows.segmentation.to_pylist()}
    assert by_id["A-NCR"]["voxel_count"] == 216
    assert by_id["A-NCR"]["volume_mm3"] == pytest.approx(216 * 2.5)
    assert by_id["A-ED"]["voxel_count"] == 64
    assert by_id["A-ED"]["source_hash"] == "hash of mask.nrrd"
    assert by_id["A-ED"]["content_hash"] != by_id["A-NCR"]["content_hash"]

    (measured, _) = rows.measurement.to_pylist()
    assert measured["voxel_count"] == 216
    assert measured["seconds"] > 0
    inside = intensities()[labels() == 1]
    assert measured["grey_levels"] == inside.max() // 25 - inside.min() // 25 + 1

    values = {
        row["feature"]: row["value"]
        for row in rows.feature_value.to_pylist()
        if row["segmentation_id"] == "A-NCR"
    }
    assert len(values) == 18 + 14
    assert values["original_firstorder_Mean"] == pytest.approx(inside.mean(dtype=np.float64))
    assert set(rows.feature_value.column("value_status").to_pylist()) == {"ok"}


def test_values_are_those_of_the_engine(pair: Path) -> None:
    rows = measure_case(case(pair, "image.nrrd", mask(pair, "mask.nrrd", wanted=(ED,))))
    region = AskedRegion(cut_out(labels() == 2), with_shape=True)
    image = as_image(intensities())
    (expected,) = engine("pyradiomics").extract(image, [region], FIRST_ORDER, "fast")
    assert isinstance(expected, EngineResult)
    found = {row["feature"]: row["value"] for row in rows.feature_value.to_pylist()}
    assert found == expected.values


def test_several_extractions_and_only_what_is_due(pair: Path) -> None:
    both = regions("A", NCR, due=(FIRST_ORDER, NORMALISED))
    nothing = regions("A", ED, due=())
    asked = case(pair, "image.nrrd", mask(pair, "mask.nrrd", regions=both + nothing))
    rows = measure_case(asked)
    check_whole(rows, asked)
    assert rows.measurement.num_rows == 2
    n_values = rows.feature_value.group_by("extraction_id").aggregate([("value", "count")])
    assert dict(zip(*n_values.to_pydict().values(), strict=True)) == {
        FIRST_ORDER.extraction_id: 32,
        NORMALISED.extraction_id: 18,
    }


def test_shape_is_measured_on_the_reference_series_alone(pair: Path) -> None:
    elsewhere = mask(pair, "mask.nrrd", is_reference=False, reference_series_id="series-0")
    rows = measure_case(case(pair, "image.nrrd", elsewhere))
    features = set(rows.feature_value.column("feature").to_pylist())
    assert len(features) == 18
    assert not any("_shape_" in feature for feature in features)
    assert rows.segmentation.column("reference_series_id").to_pylist() == ["series-0"] * 2


def test_ring(pair: Path) -> None:
    (whole,) = regions("A", ("NCR", (1,)))
    ring = Rule("ring", (whole.rule,), ring_mm=(0.0, 1.0))
    around = replace(whole, segmentation_id="A-PERI", region="PERI", rule=ring)
    rows = measure_case(case(pair, "image.nrrd", mask(pair, "mask.nrrd", regions=(whole, around))))
    by_id = {row["segmentation_id"]: row for row in rows.segmentation.to_pylist()}
    assert by_id["A-PERI"]["voxel_count"] == 2 * 6 * 6  # 1 mm reaches the neighbours in x alone
    assert by_id["A-PERI"]["content_hash"] != by_id["A-NCR"]["content_hash"]
    assert statuses(rows)["A-PERI"] == ("ok", None)


def test_absent_label_is_a_finding(pair: Path) -> None:
    asked = case(pair, "image.nrrd", mask(pair, "mask.nrrd", wanted=(NCR, ED, ET)))
    rows = measure_case(asked)
    check_whole(rows, asked)
    assert statuses(rows)["A-NCR"] == ("ok", None)
    assert statuses(rows)["A-ET"] == ("label_absent", "label_absent")
    assert refused(rows) == []
    absent = rows.segmentation.to_pylist()[2]
    assert (absent["voxel_count"], absent["volume_mm3"]) == (0, 0.0)
    (row,) = [row for row in rows.measurement.to_pylist() if row["status"] == "label_absent"]
    assert row["voxel_count"] == 0


def cut_off(folder: Path, name: str) -> None:
    path = folder / name
    path.write_bytes(path.read_bytes()[:-500])


def test_unreadable_image(pair: Path) -> None:
    cut_off(pair, "image.nrrd")
    asked = case(pair, "image.nrrd", mask(pair, "mask.nrrd"))
    rows = measure_case(asked)
    check_whole(rows, asked)
    assert set(statuses(rows).values()) == {("refused", "unreadable_image")}
    assert refused(rows) == [("unreadable_image", "image.nrrd")]
    (series,) = rows.series.to_pylist()
    assert series["size_x"] is series["space_id"] is None
    # the mask is known all the same
    assert rows.segmentation.column("voxel_count").to_pylist() == [216, 64]


def test_four_dimensional_image(pair: Path) -> None:
    volume = as_image(intensities())
    sitk.WriteImage(sitk.JoinSeries([volume, volume]), str(pair / "image.nii.gz"))
    asked = case(pair, "image.nii.gz", mask(pair, "mask.nrrd"))
    rows = measure_case(asked)
    check_whole(rows, asked)
    assert set(statuses(rows).values()) == {("refused", "not_three_dimensional")}
    assert refused(rows) == [("not_three_dimensional", "image.nii.gz")]


def bad_mask(folder: Path, reason: str) -> None:
    """Write ``bad.nrrd``, a mask that is refused as a whole."""
    sound = labels()
    if reason == "unreadable_mask":
        write(folder, "bad.nrrd", sound)
        cut_off(folder, "bad.nrrd")
    elif reason == "not_three_dimensional":
        sitk.WriteImage(as_image(sound)[:, :, 3], str(folder / "bad.nrrd"))
    elif reason == "non_integer_labels":
        write(folder, "bad.nrrd", sound.astype(np.float32) * np.float32(0.00392))
    else:
        write(folder, "bad.nrrd", sound, origin=(0.0, 0.0, 5.0))


@pytest.mark.parametrize(
    "reason",
    ["unreadable_mask", "not_three_dimensional", "non_integer_labels", "geometry_mismatch"],
)
def test_bad_mask_costs_itself_alone(pair: Path, reason: str) -> None:
    bad_mask(pair, reason)
    asked = case(pair, "image.nrrd", mask(pair, "bad.nrrd", "A"), mask(pair, "mask.nrrd", "B"))
    rows = measure_case(asked)
    check_whole(rows, asked)
    assert statuses(rows) == {
        "A-NCR": ("refused", reason),
        "A-ED": ("refused", reason),
        "B-NCR": ("ok", None),
        "B-ED": ("ok", None),
    }
    assert refused(rows) == [(reason, "bad.nrrd")]
    (refusal,) = refusals_from_arrow(rows.refusal)
    assert (refusal.stage, refusal.content_hash) == ("image", "hash of bad.nrrd")
    assert refusal.subject.startswith("P1 baseline")
    assert "\n" not in refusal.line()
    known = rows.segmentation.column("voxel_count").to_pylist()[:2]
    assert known == ([216, 64] if reason == "geometry_mismatch" else [None, None])
    assert rows.segmentation_overlap.num_rows == 0


def test_missing_mask_file(pair: Path) -> None:
    asked = case(pair, "image.nrrd", mask(pair, "nothing.nii.gz"), mask(pair, "mask.nrrd", "B"))
    rows = measure_case(asked)
    check_whole(rows, asked)
    assert refused(rows) == [("unreadable_mask", "nothing.nii.gz")]
    assert statuses(rows)["B-NCR"] == ("ok", None)


def bad_region(folder: Path, reason: str) -> tuple[tuple[str, tuple[int, ...]], GateThresholds]:
    """Write a pair of which region X is refused and region ED is not."""
    image, drawn, limits = intensities(), labels(), GateThresholds()
    drawn[drawn == 1] = 0
    wanted: tuple[str, tuple[int, ...]] = ("X", (9,))
    if reason == "full_mask":
        wanted = ("X", (2, 9))
        drawn[drawn == 0] = 9
    elif reason == "roi_too_small":
        drawn[15, 15, 2:17] = 9
    elif reason == "non_finite_voxels":
        drawn[12:16, 12:16, 12:16] = 9
        image[13, 13, 13] = np.nan
    elif reason == "flat_region":
        drawn[12:16, 12:16, 12:16] = 9
        image[drawn == 9] = 77
    elif reason == "too_many_grey_levels":
        drawn[12:16, 12:16, 12:16] = 9
        image[13, 13, 13] = 1e5
    write(folder, "image.nrrd", image)
    write(folder, "mask.nrrd", drawn)
    return wanted, limits


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("full_mask", "refused"),
        ("roi_too_small", "roi_too_small"),
        ("non_finite_voxels", "refused"),
        ("flat_region", "refused"),
        ("too_many_grey_levels", "refused"),
    ],
)
def test_bad_region_costs_itself_alone(tmp_path: Path, reason: str, status: str) -> None:
    wanted, limits = bad_region(tmp_path, reason)
    asked = case(
        tmp_path, "image.nrrd", mask(tmp_path, "mask.nrrd", wanted=(wanted, ED)), thresholds=limits
    )
    rows = measure_case(asked)
    check_whole(rows, asked)
    assert statuses(rows) == {"A-X": (status, reason), "A-ED": ("ok", None)}
    (refusal,) = refusals_from_arrow(rows.refusal)
    assert (refusal.reason_code, refusal.content_hash) == (reason, "hash of mask.nrrd")
    assert "X, lesion 1, rater A, repeat 1" in refusal.subject
    # what the region alone is to blame for has one name on every image
    assert ("T1" in refusal.subject) == (reason not in ("full_mask", "roi_too_small"))


def test_one_refusal_for_several_extractions(tmp_path: Path) -> None:
    wanted, _ = bad_region(tmp_path, "flat_region")
    both = regions("A", wanted, due=(FIRST_ORDER, NORMALISED)) + regions("A", ED, due=())
    asked = case(tmp_path, "image.nrrd", mask(tmp_path, "mask.nrrd", regions=both))
    rows = measure_case(asked)
    check_whole(rows, asked)
    assert rows.measurement.column("reason").to_pylist() == ["flat_region"] * 2
    assert refused(rows) == [("flat_region", "mask.nrrd")]


def test_nan_outside_the_region_stops_what_reads_it(tmp_path: Path) -> None:
    image = intensities()
    image[0, 0, 0] = np.nan
    write(tmp_path, "image.nrrd", image)
    write(tmp_path, "mask.nrrd", labels())
    both = regions("A", NCR, due=(FIRST_ORDER, NORMALISED)) + regions("A", ED, due=())
    asked = case(tmp_path, "image.nrrd", mask(tmp_path, "mask.nrrd", regions=both))
    rows = measure_case(asked)
    reasons = {row["extraction_id"]: row["reason"] for row in rows.measurement.to_pylist()}
    assert reasons == {
        FIRST_ORDER.extraction_id: None,
        NORMALISED.extraction_id: "non_finite_voxels",
    }
    assert refused(rows) == [("non_finite_voxels", "mask.nrrd")]


def test_too_few_grey_levels_is_a_warning(pair: Path) -> None:
    coarse = make_extraction(
        "coarse", Profile(feature_classes=("firstorder",), settings={"binWidth": 500})
    )
    asked = case(
        pair,
        "image.nrrd",
        mask(pair, "mask.nrrd", regions=regions("A", NCR, ED, due=(coarse,))),
        extractions=(coarse,),
    )
    rows = measure_case(asked)
    check_whole(rows, asked)
    assert set(statuses(rows).values()) == {("ok", "too_few_grey_levels")}
    measured, _ = rows.measurement.to_pylist()
    assert measured["reason_detail"] == "2 levels where gates.min_grey_levels is 8"
    assert measured["grey_levels"] == 2
    assert refused(rows) == [("too_few_grey_levels", "mask.nrrd")] * 2


def test_grey_levels_after_normalising(pair: Path) -> None:
    limits = GateThresholds(max_grey_levels=60)
    both = regions("A", NCR, due=(FIRST_ORDER, NORMALISED))
    work = mask(pair, "mask.nrrd", regions=both)
    rows = measure_case(case(pair, "image.nrrd", work, thresholds=limits))
    reasons = {row["extraction_id"]: row["reason"] for row in rows.measurement.to_pylist()}
    # as they are, about 900 / 25 levels; normalised to a deviation of 100, about 600 / 5
    assert reasons == {
        FIRST_ORDER.extraction_id: None,
        NORMALISED.extraction_id: "too_many_grey_levels",
    }


def test_engine_failure_costs_one_region(pair: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = engine("pyradiomics")
    stock = chosen.extract

    def moody(image: Any, regions: Any, *asked: Any) -> Any:
        for region, result in zip(regions, stock(image, regions, *asked), strict=True):
            if region.block.n_voxels == 216:
                yield RuntimeError("no features today\nand a dump")
            else:
                yield result

    monkeypatch.setattr(chosen, "extract", moody)
    asked = case(pair, "image.nrrd", mask(pair, "mask.nrrd"))
    rows = measure_case(asked)
    check_whole(rows, asked)
    assert statuses(rows) == {"A-NCR": ("failed", "engine_failed"), "A-ED": ("ok", None)}
    (refusal,) = refusals_from_arrow(rows.refusal)
    assert refusal.detail == "RuntimeError: no features today"


def test_missing_engine_is_not_the_fault_of_a_region(
    pair: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: Any, **__: Any) -> Any:
        msg = "not installed"
        raise ExtractionUnavailableError(msg)

    monkeypatch.setattr(engine("pyradiomics"), "extract", missing)
    with pytest.raises(ExtractionUnavailableError):
        measure_case(case(pair, "image.nrrd", mask(pair, "mask.nrrd")))


def test_value_that_is_not_finite_is_null(pair: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from radiomics.firstorder import RadiomicsFirstOrder

    monkeypatch.setattr(RadiomicsFirstOrder, "getMeanFeatureValue", lambda self: math.nan)
    drawn = mask(pair, "mask.nrrd", wanted=(NCR,))
    asked = case(pair, "image.nrrd", drawn, engine_path="stock")
    rows = measure_case(asked)
    check_whole(rows, asked)
    undefined = [r for r in rows.feature_value.to_pylist() if r["value_status"] != "ok"]
    assert [(r["feature"], r["value"], r["value_reason"]) for r in undefined] == [
        ("original_firstorder_Mean", None, "not_finite")
    ]
    assert undefined[0]["value_status"] == "undefined"


def overlaps(rows: CaseRows) -> dict[tuple[str, str], tuple[str, float | None, float | None]]:
    return {
        (row["segmentation_id_a"], row["segmentation_id_b"]): (
            row["status"],
            row["dice"],
            row["volume_difference_mm3"],
        )
        for row in rows.segmentation_overlap.to_pylist()
    }


def test_overlap_of_raters_and_repeats(pair: Path) -> None:
    smaller = labels()
    smaller[5, smaller[5] == 1] = 0  # one of the six slices of label 1 is not drawn
    write(pair, "second.nrrd", smaller)
    wanted = (NCR, ET)
    masks = (
        mask(pair, "second.nrrd", "B", wanted),
        mask(pair, "mask.nrrd", "A", wanted),
        mask(pair, "mask.nrrd", "C", wanted, lesion_id="2"),
        mask(pair, "mask.nrrd", "D", wanted, is_reference=False),
        mask(pair, "mask.nrrd", "A", (ED,)),
        mask(pair, "mask.nrrd", "A", (ED,)),  # the same rater and repeat: nothing to compare
    )
    rows = measure_case(case(pair, "image.nrrd", *masks))
    assert overlaps(rows) == {
        ("A-NCR", "B-NCR"): ("ok", pytest.approx(2 * 180 / (216 + 180)), 36 * 2.5),
        ("A-ET", "B-ET"): ("both_empty", None, 0.0),
    }
    hd95 = {r["segmentation_id_a"]: r["hd95_mm"] for r in rows.segmentation_overlap.to_pylist()}
    assert hd95 == {"A-NCR": pytest.approx(2.0), "A-ET": None}


def test_equal_masks_of_two_raters_stay_two(pair: Path) -> None:
    twins = (mask(pair, "mask.nrrd", "A", (NCR,)), mask(pair, "mask.nrrd", "B", (NCR,)))
    asked = case(pair, "image.nrrd", *twins)
    rows = measure_case(asked)
    check_whole(rows, asked)
    assert rows.segmentation.num_rows == 2
    assert len(set(rows.segmentation.column("content_hash").to_pylist())) == 1
    assert overlaps(rows) == {("A-NCR", "B-NCR"): ("ok", 1.0, 0.0)}


def test_segmentation_row_is_the_same_on_every_image(pair: Path) -> None:
    write(pair, "other.nrrd", intensities() * 2)
    work = mask(pair, "mask.nrrd")
    first = measure_case(case(pair, "image.nrrd", work))
    second = measure_case(
        case(pair, "other.nrrd", replace(work, is_reference=False), series_id="series-2")
    )
    assert first.segmentation.equals(second.segmentation)


def test_stage(pair: Path) -> None:
    asked = case(pair, "image.nrrd", mask(pair, "mask.nrrd"))
    staging = pair / "staging" / "batch"
    stage_case(asked, staging)
    assert [path.name for path in staging.iterdir()] == ["case-1"]
    target = staging / "case-1"
    expected = measure_case(asked)
    for name, rows in expected.tables().items():
        staged = pq.read_table(target / f"{name}.parquet")
        drop = [column for column in ("seconds",) if column in rows.column_names]
        assert staged.schema.equals(rows.schema)
        assert staged.drop_columns(drop).equals(rows.drop_columns(drop))
        group = pq.ParquetFile(target / f"{name}.parquet").metadata
        if group.num_row_groups:
            assert group.row_group(0).column(0).compression == "ZSTD"
    assert len(list(target.iterdir())) == len(expected.tables())


def test_a_full_disk_is_told_as_one(pair: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(rows: Any, path: Path, **options: Any) -> None:
        raise OSError(errno.ENOSPC, "Error writing bytes to file")

    monkeypatch.setattr(pq, "write_table", full_disk)
    with pytest.raises(DiskFullError, match=f"no space is left in {pair / 'staging'}"):
        stage_case(case(pair, "image.nrrd", mask(pair, "mask.nrrd")), pair / "staging")
    assert list((pair / "staging").iterdir()) == []


def test_staged_case_is_left_as_it_is(pair: Path) -> None:
    target = pair / "staging" / "case-1"
    target.mkdir(parents=True)
    (target / "kept").touch()
    stage_case(case(pair, "image.nrrd", mask(pair, "mask.nrrd")), pair / "staging")
    assert [path.name for path in target.iterdir()] == ["kept"]


def test_nothing_half_written_is_visible(pair: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    write_table = pq.write_table

    def full_disk(rows: Any, path: Path, **options: Any) -> None:
        seen.append([p.name for p in (pair / "staging").iterdir() if not p.name.startswith(".")])
        if path.name == "refusal.parquet":
            msg = "no space left"
            raise OSError(msg)
        write_table(rows, path, **options)

    monkeypatch.setattr(pq, "write_table", full_disk)
    with pytest.raises(OSError, match="no space left"):
        stage_case(case(pair, "image.nrrd", mask(pair, "mask.nrrd")), pair / "staging")
    assert len(seen) == len(fields(CaseRows))
    assert not any(seen)
    assert list((pair / "staging").iterdir()) == []


def test_same_case_staged_meanwhile(pair: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = pair / "staging" / "case-1"
    write_table = pq.write_table

    def overtaken(rows: Any, path: Path, **options: Any) -> None:
        target.mkdir(exist_ok=True)
        (target / "first").touch()
        write_table(rows, path, **options)

    monkeypatch.setattr(pq, "write_table", overtaken)
    stage_case(case(pair, "image.nrrd", mask(pair, "mask.nrrd")), pair / "staging")
    assert [path.name for path in (pair / "staging").iterdir()] == ["case-1"]
    assert [path.name for path in target.iterdir()] == ["first"]


def test_differences_of_the_grids_are_stored_whether_a_mask_fits_or_not(pair: Path) -> None:
    write(pair, "near.nrrd", labels(), origin=(0.0, 0.0004, 0.0003))
    write(pair, "far.nrrd", labels(), origin=(3.0, 4.0, 0.0), spacing=(1.0, 1.25, 2.5))
    asked = case(pair, "image.nrrd", *(mask(pair, f"{n}.nrrd", n) for n in ("near", "far")))
    rows = measure_case(asked)
    check_whole(rows, asked)
    near, _, far, _ = sorted(
        rows.measurement.to_pylist(), key=lambda row: row["segmentation_id"], reverse=True
    )
    names = ("origin_difference_mm", "corner_distance_mm", "spacing_difference_mm")
    names += ("size_difference", "direction_difference")
    assert near["status"] == "ok"
    assert [near[n] for n in names] == [pytest.approx(5e-4), pytest.approx(5e-4), 0, 0, 0]
    assert far["reason"] == "geometry_mismatch"
    # the last of 20 slices is 19 times 0.5 mm further off
    corner = pytest.approx((3**2 + 4**2 + 9.5**2) ** 0.5)
    assert [far[n] for n in names] == [5.0, corner, 0.5, 0, 0]


def test_differences_are_unknown_where_there_is_no_grid(pair: Path) -> None:
    cut_off(pair, "image.nrrd")
    rows = measure_case(case(pair, "image.nrrd", mask(pair, "mask.nrrd")))
    assert set(rows.measurement.column("corner_distance_mm").to_pylist()) == {None}


def test_values_of_a_mask_are_counted(pair: Path) -> None:
    asked = case(pair, "image.nrrd", mask(pair, "mask.nrrd", wanted=(NCR, ED)))
    rows = measure_case(asked)
    n_voxels = labels().size
    assert [
        (row["cohort_id"], row["source_hash"], row["label"], row["voxel_count"])
        for row in rows.mask_label.to_pylist()
    ] == [
        ("C", "hash of mask.nrrd", 0, n_voxels - 216 - 64),
        ("C", "hash of mask.nrrd", 1, 216),
        ("C", "hash of mask.nrrd", 2, 64),
    ]


def test_value_without_a_region_is_a_warning(pair: Path) -> None:
    asked = case(pair, "image.nrrd", mask(pair, "mask.nrrd", wanted=(NCR, ET)))
    rows = measure_case(asked)
    check_whole(rows, asked)
    assert statuses(rows)["A-NCR"] == ("ok", None)
    (refusal,) = refusals_from_arrow(rows.refusal)
    assert (refusal.reason_code, refusal.severity) == ("unexpected_labels", "warning")
    assert (refusal.subject, refusal.file_path) == ("P1 baseline", "mask.nrrd")
    assert 2 in rows.mask_label.column("label").to_pylist()


def test_regions_of_one_file_may_be_named_by_two_sources(pair: Path) -> None:
    both = (mask(pair, "mask.nrrd", wanted=(NCR,)), mask(pair, "mask.nrrd", wanted=(ED,)))
    rows = measure_case(case(pair, "image.nrrd", *both))
    assert refused(rows) == []
    assert rows.mask_label.num_rows == 3
    whole = mask(pair, "mask.nrrd", wanted=(("WT", ()),))
    assert refused(measure_case(case(pair, "image.nrrd", whole))) == []


def test_empty_mask_is_a_warning_and_its_regions_are_absent(pair: Path) -> None:
    write(pair, "empty.nrrd", np.zeros(SHAPE, dtype=np.uint8))
    asked = case(pair, "image.nrrd", mask(pair, "empty.nrrd"))
    rows = measure_case(asked)
    check_whole(rows, asked)
    assert set(statuses(rows).values()) == {("label_absent", "label_absent")}
    assert refused(rows) == [("empty_mask", "empty.nrrd")]
    assert [(r["label"], r["voxel_count"]) for r in rows.mask_label.to_pylist()] == [
        (0, labels().size)
    ]
    segmentation = rows.segmentation.to_pylist()[0]
    assert (segmentation["n_components"], segmentation["largest_component_share"]) == (0, None)


def test_several_warnings_meet_on_one_measurement(pair: Path) -> None:
    thin = np.zeros(SHAPE, dtype=np.uint8)
    thin[5, 2:20:3, 2:22:3] = 1
    write(pair, "thin.nrrd", thin)
    coarse = make_extraction(
        "coarse", Profile(feature_classes=("firstorder",), settings={"binWidth": 500})
    )
    asked = case(
        pair,
        "image.nrrd",
        mask(pair, "thin.nrrd", regions=regions("A", NCR, due=(coarse,))),
        extractions=(coarse,),
    )
    rows = measure_case(asked)
    check_whole(rows, asked)
    (measured,) = rows.measurement.to_pylist()
    assert (measured["status"], measured["reason"]) == ("ok", "one_slice")
    assert measured["reason_detail"] == "1 slice thick where gates.min_slices is 2"
    assert [code for code, _ in refused(rows)] == [
        "one_slice",
        "several_components",
        "too_few_grey_levels",
    ]
    (segmentation,) = rows.segmentation.to_pylist()
    assert segmentation["n_components"] == 42
    assert segmentation["largest_component_share"] == pytest.approx(1 / 42)


def test_one_volume_of_a_four_dimensional_image(pair: Path) -> None:
    volumes = [as_image(intensities() + 1000 * k) for k in range(3)]
    sitk.WriteImage(sitk.JoinSeries(volumes), str(pair / "four.nii.gz"))
    asked = case(pair, "four.nii.gz", mask(pair, "mask.nrrd"), volume_index=2)
    rows = measure_case(asked)
    check_whole(rows, asked)
    assert set(statuses(rows).values()) == {("ok", None)}
    mean = next(
        row["value"]
        for row in rows.feature_value.to_pylist()
        if row["feature"] == "original_firstorder_Mean" and row["segmentation_id"] == "A-NCR"
    )
    assert mean == pytest.approx(intensities()[labels() == 1].mean(dtype=np.float64) + 2000)
    assert rows.series.column("volume_index").to_pylist() == [2]


def test_volume_beyond_the_last(pair: Path) -> None:
    volume = as_image(intensities())
    sitk.WriteImage(sitk.JoinSeries([volume, volume]), str(pair / "four.nii.gz"))
    beyond = [case(pair, "four.nii.gz", mask(pair, "mask.nrrd"), volume_index=k) for k in (2, 7)]
    found = [refusals_from_arrow(measure_case(asked).refusal)[0] for asked in beyond]
    assert {refusal.reason_code for refusal in found} == {"volume_index_out_of_range"}
    # each volume is a thing of its own
    assert [refusal.subject for refusal in found] == [
        "P1 baseline T1 volume 2",
        "P1 baseline T1 volume 7",
    ]
