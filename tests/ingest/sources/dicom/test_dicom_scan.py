import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset

from roentgene.ingest.refusal import Gated
from roentgene.ingest.sources.dicom import sop_classes
from roentgene.ingest.sources.dicom.scan import DicomTree, scan
from roentgene.ingest.sources.dicom.voxels import read_series

Make = Callable[..., list[Dataset]]
Save = Callable[..., list[Path]]


def look(folder: Path) -> Gated[DicomTree]:
    return scan(folder, lambda path: str(path.relative_to(folder)))


def codes(gated: Gated[DicomTree]) -> list[str]:
    return [refusal.reason_code for refusal in gated.refused]


@pytest.fixture
def sound(tmp_path: Path, make_slices: Make, save_slices: Save) -> Path:
    """A folder with one CT series of five slices that nothing is wrong with."""
    save_slices(make_slices(5, SeriesInstanceUID="1.2.1"), tmp_path / "sound")
    return tmp_path


def test_a_folder_of_any_shape(tmp_path: Path, make_slices: Make, save_slices: Save) -> None:
    for index, dataset in enumerate(make_slices(5)):
        # one folder a slice, and names that say nothing
        path = save_slices([dataset], tmp_path / f"{9 - index}" / "deep")[0]
        path.rename(path.with_name("IM"))
    (tmp_path / "README.md").write_text("read me")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG" + b"\0" * 300)
    found = look(tmp_path)
    assert found.refused == ()
    (series,) = found.kept.series
    assert [path.parent.parent.name for path in series.files] == ["9", "8", "7", "6", "5"]
    assert (found.kept.n_files, found.kept.n_passed_over, found.kept.n_copies) == (7, 2, 0)


def test_two_series_in_one_folder_are_taken_apart(
    tmp_path: Path, make_slices: Make, save_slices: Save
) -> None:
    save_slices(make_slices(5, SeriesInstanceUID="1.2.1"), tmp_path, "a")
    save_slices(make_slices(4, "MR", SeriesInstanceUID="1.2.2"), tmp_path, "b")
    found = look(tmp_path)
    assert found.refused == ()
    assert [(s.header.modality, len(s.files)) for s in found.kept.series] == [("CT", 5), ("MR", 4)]
    ct, _ = found.kept.series
    assert {path.name[0] for path in ct.files} == {"a"}


def test_one_series_uid_of_two_patients_is_two_series(
    tmp_path: Path, make_slices: Make, save_slices: Save
) -> None:
    save_slices(make_slices(5), tmp_path, "a")
    save_slices(make_slices(5, PatientID="P2"), tmp_path, "b")
    assert [len(series.files) for series in look(tmp_path).kept.series] == [5, 5]


def test_objects_that_are_no_images(sound: Path, make_slices: Make, save_slices: Save) -> None:
    for number, (sop_class, modality) in enumerate(
        (
            (sop_classes.STRUCTURE_SET, "RTSTRUCT"),
            (sop_classes.SEGMENTATION, "SEG"),
            (sop_classes.LABEL_MAP, "SEG"),
            (sop_classes.DOSE, "RTDOSE"),
            (sop_classes.PLAN, "RTPLAN"),
            ("1.2.840.10008.5.1.4.1.1.88.33", "SR"),
            # a picture of the screen that a scanner puts into a series of CT images
            ("1.2.840.10008.5.1.4.1.1.7", "CT"),
        )
    ):
        made = make_slices(1, SOPClassUID=sop_class, SeriesInstanceUID=f"1.3.{number}")
        made[0].Modality = modality
        save_slices(made, sound, modality + str(number))
    found = look(sound)
    assert found.refused == ()
    kept = found.kept
    assert [h.modality for h in kept.structure_sets] == ["RTSTRUCT"]
    assert [h.modality for h in kept.segmentations] == ["SEG", "SEG"]
    assert [h.modality for h in kept.doses] == ["RTDOSE"]
    assert [h.modality for h in kept.plans] == ["RTPLAN"]
    assert [h.modality for h in kept.others] == ["CT", "SR"]
    assert len(kept.series) == 1


def truncated(folder: Path, made: list[Dataset], save: Save) -> None:
    path = save(made, folder)[-1]
    path.write_bytes(path.read_bytes()[:-10])


def truncated_header(folder: Path, made: list[Dataset], save: Save) -> None:
    path = save(made[:1], folder)[0]
    path.write_bytes(path.read_bytes()[:300])


def empty_file(folder: Path, made: list[Dataset], save: Save) -> None:
    """The last slice is empty, as a transfer that broke off leaves it."""
    save(made, folder)[-1].write_bytes(b"")


def missing_slice(folder: Path, made: list[Dataset], save: Save) -> None:
    save(made[:2] + made[3:], folder)


def duplicate_slice(folder: Path, made: list[Dataset], save: Save) -> None:
    made[2].ImagePositionPatient = made[1].ImagePositionPatient
    save(made, folder)


def duplicate_instance(folder: Path, made: list[Dataset], save: Save) -> None:
    save(made, folder)
    made[4].PixelData = bytes(48)
    save(made[4:], folder, "other")


def gantry_tilt(folder: Path, made: list[Dataset], save: Save) -> None:
    for index, dataset in enumerate(made):
        dataset.ImagePositionPatient = [0, index, 2.5 * index]
    save(made, folder)


def mixed_orientation(folder: Path, made: list[Dataset], save: Save) -> None:
    made[0].ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    save(made, folder)


def mixed_grid(folder: Path, made: list[Dataset], save: Save) -> None:
    made[0].PixelSpacing = [1, 1]
    save(made, folder)


def bomb(folder: Path, made: list[Dataset], save: Save) -> None:
    """48 bytes of pixels whose header promises 8 GiB."""
    made[3].Rows = made[3].Columns = 65535
    save(made, folder)


def bomb_of_frames(folder: Path, made: list[Dataset], save: Save) -> None:
    made[3].NumberOfFrames = 2_000_000_000
    save(made, folder)


def link_out(folder: Path, made: list[Dataset], save: Save) -> None:
    outside = save(made[:1], folder.parent.with_name("outside"))[0]
    folder.mkdir()
    (folder / "0000.dcm").symlink_to(outside)


def folder_out(folder: Path, made: list[Dataset], save: Save) -> None:
    outside = folder.parent.with_name("outside folder")
    save(made, outside)
    folder.mkdir()
    (folder / "series").symlink_to(outside)


def single(folder: Path, made: list[Dataset], save: Save) -> None:
    save(made[:1], folder)


def localizers(folder: Path, made: list[Dataset], save: Save) -> None:
    for dataset in made:
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    save(made, folder)


def other_birth_date(folder: Path, made: list[Dataset], save: Save) -> None:
    made[4].PatientBirthDate = "18290101"
    save(made, folder)


def other_sex(folder: Path, made: list[Dataset], save: Save) -> None:
    made[0].PatientSex = "F"
    save(made, folder)


def other_issuer(folder: Path, made: list[Dataset], save: Save) -> None:
    made[0].IssuerOfPatientID, made[1].IssuerOfPatientID = "clinic A", "clinic B"
    save(made, folder)


HOSTILE = [
    (truncated, ["unreadable_dicom", "missing_slices"]),
    (truncated_header, ["unreadable_dicom"]),
    (empty_file, ["unreadable_dicom", "missing_slices"]),
    (missing_slice, ["missing_slices"]),
    (duplicate_slice, ["duplicate_slices"]),
    (duplicate_instance, ["duplicate_instance", "duplicate_instance", "missing_slices"]),
    (gantry_tilt, ["gantry_tilt"]),
    (mixed_orientation, ["mixed_orientations"]),
    (mixed_grid, ["mixed_grids"]),
    (bomb, ["pixel_header_mismatch", "missing_slices"]),
    (bomb_of_frames, ["pixel_header_mismatch", "missing_slices"]),
    (link_out, ["path_outside"]),
    (folder_out, ["path_outside"]),
    (single, ["single_slice"]),
    (localizers, ["localizer"]),
    (other_birth_date, ["two_persons_one_id"]),
    (other_sex, ["two_persons_one_id"]),
    (other_issuer, ["two_persons_one_id"]),
]


@pytest.mark.parametrize(("spoil", "expected"), HOSTILE, ids=[s.__name__ for s, _ in HOSTILE])
def test_hostile_series_are_refused_and_the_sound_one_is_taken(
    sound: Path,
    make_slices: Make,
    save_slices: Save,
    spoil: Callable[[Path, list[Dataset], Save], None],
    expected: list[str],
) -> None:
    made = make_slices(5, SeriesInstanceUID="1.2.2", PatientID="P2")
    spoil(sound / "hostile", made, save_slices)
    found = look(sound)
    assert codes(found) == expected
    (series,) = found.kept.series
    assert {path.parent.name for path in series.files} == {"sound"}
    assert read_series(series.files).geometry == series.geometry
    for refusal in found.refused:
        assert refusal.file_path is not None
        assert refusal.file_path.startswith("hostile/")
        said = f"{refusal.subject} {refusal.detail}"
        # neither ids nor dates nor names
        assert not re.search(r"P2|1\.2\.|Nemo|18\d\d|clinic", said)
    warns = expected in (["single_slice"], ["localizer"])
    assert {refusal.severity for refusal in found.refused} == {"warning" if warns else "error"}


def test_a_damaged_file_among_several_series_keeps_none_of_them_out(
    tmp_path: Path, make_slices: Make, save_slices: Save
) -> None:
    for uid in ("1.2.1", "1.2.2"):
        save_slices(make_slices(5, SeriesInstanceUID=uid), tmp_path, uid)
    (tmp_path / "a.dcm").write_bytes(b"")
    found = look(tmp_path)
    assert codes(found) == ["unreadable_dicom"]
    assert len(found.kept.series) == 2


def test_counts(sound: Path, make_slices: Make, save_slices: Save) -> None:
    truncated(sound / "hostile", make_slices(5, SeriesInstanceUID="1.2.2"), save_slices)
    met = {
        (count.subject, count.rule): (count.n_checked, count.n_refused)
        for count in look(sound).counts
    }
    assert met["DICOM files", "unreadable_dicom"] == (10, 1)
    assert met["DICOM files", "path_outside"] == (10, 0)
    assert met["DICOM series", "missing_slices"] == (2, 1)
    assert met["DICOM series", "gantry_tilt"] == (2, 0)


def test_a_refusal_stays_the_same_until_the_files_change(
    sound: Path, make_slices: Make, save_slices: Save
) -> None:
    made = make_slices(5, SeriesInstanceUID="1.2.2")
    missing_slice(sound / "hostile", made, save_slices)
    first = look(sound).refused
    assert look(sound).refused == first
    assert first[0].content_hash is not None
    made[0].SOPInstanceUID = made[0].file_meta.MediaStorageSOPInstanceUID = "1.2.9"
    missing_slice(sound / "hostile", made, save_slices)
    assert look(sound).refused[0].content_hash != first[0].content_hash


def test_copies_are_counted_and_taken_once(
    sound: Path, make_slices: Make, save_slices: Save
) -> None:
    copied = sound / "copy"
    copied.mkdir()
    for path in (sound / "sound").iterdir():
        (copied / path.name).write_bytes(path.read_bytes())
    found = look(sound)
    assert found.refused == ()
    (series,) = found.kept.series
    assert len(series.files) == 5
    assert found.kept.n_copies == 5


def test_links_within_the_folder_are_copies(sound: Path) -> None:
    (sound / "link.dcm").symlink_to(sound / "sound" / "0000.dcm")
    (sound / "again").symlink_to(sound / "sound")
    (sound / "round").symlink_to(sound)
    found = look(sound)
    assert found.refused == ()
    assert (len(found.kept.series), found.kept.n_copies) == (1, 1)


def test_a_link_to_nothing_is_named(sound: Path) -> None:
    (sound / "gone.dcm").symlink_to(sound / "nowhere.dcm")
    found = look(sound)
    assert codes(found) == ["unreadable_dicom"]
    assert found.refused[0].file_path == "gone.dcm"


def test_a_pipe_does_not_hold_it_up(sound: Path) -> None:
    os.mkfifo(sound / "pipe.dcm")
    found = look(sound)
    assert found.refused == ()
    assert found.kept.n_passed_over == 1


def test_facts_that_some_files_leave_out_make_no_second_person(
    tmp_path: Path, make_slices: Make, save_slices: Save
) -> None:
    made = make_slices(5)
    made[0].PatientBirthDate = ""
    made[1].PatientSex = None
    made[2].IssuerOfPatientID = "clinic"
    save_slices(made, tmp_path)
    assert look(tmp_path).refused == ()


def test_without_an_id_files_belong_to_nobody(
    tmp_path: Path, make_slices: Make, save_slices: Save
) -> None:
    save_slices(make_slices(5, PatientID="", SeriesInstanceUID="1.2.1"), tmp_path, "a")
    other = make_slices(5, PatientID="", PatientSex="F", SeriesInstanceUID="1.2.2")
    save_slices(other, tmp_path, "b")
    found = look(tmp_path)
    assert found.refused == ()
    assert [series.header.patient_id for series in found.kept.series] == ["", ""]


def test_several_volumes_keep_their_numbers(
    tmp_path: Path, make_slices: Make, save_slices: Save
) -> None:
    for echo in (2, 1):
        save_slices(make_slices(4, "MR", EchoTime=echo), tmp_path, str(echo))
    first, second = look(tmp_path).kept.series
    assert (first.volume_index, first.volume_label) == (0, "echo_time=1")
    assert (second.volume_index, second.volume_label) == (1, "echo_time=2")
    assert read_series(first.files).geometry == first.geometry


@pytest.mark.realdata
def test_a_published_patient(shared_data: Path) -> None:
    found = look(shared_data / "images/sts_dicom/STS_008")
    assert found.refused == ()
    tree = found.kept
    facts = [(s.header.modality, s.geometry.size, s.acquisition) for s in tree.series]
    assert [fact[:2] for fact in facts] == [
        ("CT", (141, 137, 51)),
        ("MR", (77, 79, 28)),
        ("PT", (30, 29, 51)),
    ]
    ct, mr, pet = (fact[2] for fact in facts)
    assert (ct.manufacturer, ct.manufacturer_model) == ("GE MEDICAL SYSTEMS", "Discovery ST")
    assert (ct.kvp, ct.convolution_kernel) == (140, "SOFT")
    assert ct.slice_thickness_mm == pytest.approx(3.27)
    # an empty element is no value
    assert mr.echo_time_ms is None
    assert pet.units == "GML"
    assert len(tree.structure_sets) == 3
    assert len({s.header.study_instance_uid for s in tree.series}) == 1
    assert len({s.header.frame_of_reference_uid for s in tree.series}) == 1
    assert len({s.header.series_instance_uid for s in tree.series}) == 3
    assert {s.header.patient_id for s in tree.series} == {"STS_008"}


@pytest.mark.realdata
def test_published_segmentations_and_their_images(shared_data: Path) -> None:
    found = look(shared_data / "images/dicom_seg")
    tree = found.kept
    volumes: list[Any] = sorted((len(s.files), s.geometry.size) for s in tree.series)
    assert volumes == [
        (1, (23, 38, 3)),
        (1, (24, 38, 3)),
        (3, (23, 38, 3)),
        (3, (24, 38, 3)),
        (3, (512, 512, 3)),
    ]
    assert sorted(h.modality for h in tree.others) == ["RWV", "SR", "SR", "SR"]
    assert len(tree.segmentations) == 10
    assert sorted((r.reason_code, r.file_path) for r in found.refused) == [
        # two label maps that their author gave one SOPInstanceUID
        ("duplicate_instance", "dcmqi/segmentations/sparse-labelmap-noppv.dcm"),
        ("duplicate_instance", "dcmqi/segmentations/sparse-labelmap-ppv5.dcm"),
        ("single_slice", "highdicom/ct_image.dcm"),
    ]


@pytest.mark.realdata
def test_a_published_radiotherapy_case_has_one_slice_and_goes_on(shared_data: Path) -> None:
    found = look(shared_data / "dose/dicompyler_rt")
    assert [(r.reason_code, r.severity) for r in found.refused] == [("single_slice", "warning")]
    tree = found.kept
    assert tree.series == ()
    assert [len(kind) for kind in (tree.structure_sets, tree.doses, tree.plans)] == [1, 1, 1]


@pytest.mark.realdata
def test_two_published_persons_share_an_id(shared_data: Path) -> None:
    found = look(shared_data)
    shared = [r for r in found.refused if r.reason_code == "two_persons_one_id"]
    folders = {str(r.file_path).split("/")[0] for r in shared}
    assert folders == {"dose", "images"}
    assert {s.header.patient_id for s in found.kept.series} == {"STS_008", "99000"}


def test_links_that_lead_to_each_other_are_refused(sound: Path) -> None:
    (sound / "sound" / "there").symlink_to("back")
    (sound / "sound" / "back").symlink_to("there")
    (sound / "self").symlink_to("self")
    found = look(sound)
    assert codes(found)[:3] == ["unreadable_dicom"] * 3
    # nobody knows whether they were slices of the series beside them
    assert codes(found)[3:] == ["missing_slices"]


def test_two_persons_whose_files_share_their_instances(
    tmp_path: Path, make_slices: Make, save_slices: Save
) -> None:
    made = make_slices(5, SOPInstanceUID="1.2.9")
    made[4].PatientBirthDate = "19000101"
    save_slices(made, tmp_path)
    found = look(tmp_path)
    assert codes(found) == ["two_persons_one_id"]
    assert found.kept.series == ()
