import csv
import dataclasses
import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import stats

from roentgene.app.demo import genes, lesion
from roentgene.app.demo.generate import DemoFiles, generate
from roentgene.app.demo.images import visits
from roentgene.app.demo.patients import make_patients
from roentgene.app.demo.traits import Traits, draw_traits
from roentgene.app.demo.truth import CARRYING_REGIONS, read_truth
from roentgene.schemas.analyses.association import Association
from roentgene.schemas.analyses.read import read_analysis
from roentgene.schemas.analyses.stability import Stability
from roentgene.schemas.cohort import Cohort, read_cohort
from roentgene.schemas.cohort_tables import ExpressionTable, MutationTable
from roentgene.schemas.release import read_release_spec
from roentgene.schemas.study import GateThresholds

SEED = 5
PATIENTS = 8


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    return generate(tmp_path_factory.mktemp("demo"), SEED, PATIENTS)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def column(path: Path, name: str, delimiter: str = ",") -> list[str]:
    with path.open(encoding="utf-8", newline="") as stream:
        return [row[name] for row in csv.DictReader(stream, delimiter=delimiter)]


def table_of(cohort: Cohort, kind: type) -> object:
    (found,) = [table for table in cohort.tables if isinstance(table, kind)]
    return found


def masks(made: DemoFiles) -> Iterator[tuple[str, str, str, np.ndarray]]:
    for path in sorted((made.cohort.parent / "masks").rglob("*.nii.gz")):
        patient_id, timepoint = path.parts[-3:-1]
        labels = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
        yield patient_id, timepoint, path.name.removesuffix(".nii.gz"), labels


def test_one_seed_gives_the_same_bytes(made: DemoFiles, tmp_path: Path) -> None:
    first = digests(made.cohort.parents[1])
    generate(tmp_path / "again", SEED, PATIENTS)
    assert digests(tmp_path / "again") == first
    generate(tmp_path / "other", SEED + 1, PATIENTS)
    other = digests(tmp_path / "other")
    same = {name for name in first.keys() & other.keys() if other[name] == first[name]}
    declared = ("cohort", "association", "stability", "release")
    assert same == {f"input/{name}.yaml" for name in declared}


def test_a_patient_depends_neither_on_order_nor_on_gaps() -> None:
    patient = make_patients(draw_traits(SEED, PATIENTS))[3]
    whole = dataclasses.replace(
        patient, absent=frozenset(), without_sequence=frozenset(), without_enhancement=frozenset()
    )
    gap = dataclasses.replace(whole, absent=frozenset({"week_6"}))
    all_visits = {visit.timepoint: visit for visit in visits(SEED, whole)}
    kept = {visit.timepoint: visit for visit in visits(SEED, gap)}
    assert list(kept) == ["baseline", "month_3"]
    for timepoint, visit in kept.items():
        for sequence, voxels in visit.images.items():
            assert np.array_equal(voxels, all_visits[timepoint].images[sequence])


def test_the_files_that_people_write_are_valid(made: DemoFiles) -> None:
    cohort = read_cohort(made.cohort)
    for table in cohort.tables:
        assert (made.cohort.parent / table.file).is_file()
    expression = table_of(cohort, ExpressionTable)
    assert isinstance(expression, ExpressionTable)
    assert isinstance(read_analysis(made.stability), Stability)
    association = read_analysis(made.association)
    assert isinstance(association, Association)
    assert association.cohort_id == cohort.cohort_id
    assert association.timepoint in cohort.timepoints
    assert {t.block: getattr(t, "profile", None) for t in association.targets} == {
        "expression": expression.profile,
        "mutation": None,
    }
    assert set(CARRYING_REGIONS) < set(cohort.expect.regions)
    release = read_release_spec(made.release)
    assert release.patients.cohorts == (cohort.cohort_id,)
    assert set(release.features[0].region) <= set(cohort.expect.regions)


def test_the_truth_is_out_of_reach_of_the_cohort_file(made: DemoFiles) -> None:
    folder = made.cohort.parent
    assert not made.truth.is_relative_to(folder)
    known = read_truth(made.truth)
    hidden = {"truth", "responder", "texture_length", *(e.trait for e in known.expression.values())}
    for path in folder.iterdir():
        if path.is_file():
            text = path.read_text(encoding="utf-8").lower()
            assert not [word for word in hidden if word in text]


def test_images_and_masks_are_those_of_the_design(made: DemoFiles) -> None:
    folder = made.cohort.parent
    n_readers = {}
    for patient_id, timepoint, _, _ in masks(made):
        n_readers.setdefault((patient_id, timepoint), 0)
        n_readers[patient_id, timepoint] += 1
    assert {t: {n for (_, when), n in n_readers.items() if when == t} for _, t in n_readers} == {
        "baseline": {2},
        "week_6": {1},
        "month_3": {1},
    }
    assert len(n_readers) == 3 * PATIENTS - 1
    images = sorted((folder / "images").rglob("*.nii.gz"))
    assert len(images) == 2 * len(n_readers) - 1
    assert not [i for i in images if (i.parts[-3], i.parts[-2]) not in n_readers]
    for path in images:
        image = sitk.ReadImage(str(path))
        mask = sitk.ReadImage(
            str(
                folder
                / "masks"
                / path.parts[-3]
                / path.parts[-2]
                / f"{made.reference_rater}.nii.gz"
            )
        )
        assert image.GetSize() == mask.GetSize() == (40, 40, 20)
        assert image.GetSpacing() == mask.GetSpacing() == (1.0, 1.0, 2.0)


def test_two_masks_lack_enhancement_and_no_part_is_too_small_to_measure(made: DemoFiles) -> None:
    absent = []
    for patient_id, timepoint, reader, labels in masks(made):
        assert set(np.unique(labels)) <= {0, 1, 2, 4}
        for label in (1, 2, 4):
            n_voxels = int((labels == label).sum())
            if n_voxels == 0:
                absent.append((label, timepoint, reader))
                assert patient_id in read_truth(made.truth).responders
            else:
                assert n_voxels >= GateThresholds().min_voxels
        surface = [labels.take(side, axis) for axis in range(3) for side in (0, -1)]
        assert not any(side.any() for side in surface)
    assert sorted(absent) == [(4, "baseline", "reader_2"), (4, "month_3", "reader_1")]


def test_who_was_not_profiled_is_in_no_file_of_the_assay(made: DemoFiles) -> None:
    folder = made.cohort.parent
    samples = column(folder / "samples.csv", "sample_id")
    mutation = table_of(read_cohort(made.cohort), MutationTable)
    assert isinstance(mutation, MutationTable)
    assert mutation.profiled is not None
    called = column(folder / "mutations.maf", "Tumor_Sample_Barcode", "\t")
    assert set(samples) - set(mutation.profiled.samples) == {"DEMO-008-T"}
    assert set(called) <= set(mutation.profiled.samples)
    with (folder / "expression.tsv").open(encoding="utf-8") as stream:
        header = stream.readline().rstrip("\n").split("\t")
    assert set(samples) - set(header) == {"DEMO-007-T"}


def test_visits_are_those_that_have_images(made: DemoFiles) -> None:
    visited = {
        (p, t)
        for p, t in zip(
            column(made.cohort.parent / "visits.csv", "patient_id"),
            column(made.cohort.parent / "visits.csv", "timepoint"),
            strict=True,
        )
    }
    assert visited == {(patient_id, timepoint) for patient_id, timepoint, _, _ in masks(made)}


def test_too_few_patients_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 8"):
        generate(tmp_path, SEED, 7)


def test_smoothed_noise_has_the_correlation_length_it_is_asked_for() -> None:
    white = np.random.default_rng(0).standard_normal((48, 96, 96))
    field = lesion.smoothed(white, 3.0)
    assert field.std() == pytest.approx(1)
    # the same distance of 4 mm is four voxels along x and two along z
    expected = np.exp(-(4.0**2) / (4 * 3.0**2))
    for shift, axis in ((4, 2), (2, 0)):
        found = float((field * np.roll(field, shift, axis)).mean())
        assert found == pytest.approx(expected, abs=0.03)


def test_images_carry_the_traits_inside_the_tumour_alone() -> None:
    traits = draw_traits(SEED, 24)
    inside, outside = [], []
    for patient in make_patients(traits):
        baseline = next(visits(SEED, patient))
        image, labels = baseline.images["FLAIR"].astype(float), baseline.masks["reader_1"]
        inside.append(_texture(image, labels == lesion.LABELS["ED"]))
        outside.append(_texture(image, labels == 0))
    for measure, trait in enumerate((traits.texture_length, traits.heterogeneity)):
        assert stats.spearmanr([row[measure] for row in inside], trait).pvalue < 0.001
        assert stats.spearmanr([row[measure] for row in outside], trait).pvalue > 0.01


def _texture(image: np.ndarray, region: np.ndarray) -> tuple[float, float]:
    """Correlation of neighbours along x, and standard deviation."""
    both = region[:, :, 1:] & region[:, :, :-1]
    neighbours = np.corrcoef(image[:, :, 1:][both], image[:, :, :-1][both])[0, 1]
    return float(neighbours), float(image[region].std())


def test_responders_shrink_and_others_grow() -> None:
    for patient in make_patients(draw_traits(SEED, PATIENTS)):
        made = list(visits(SEED, patient))
        first, last = ((made[i].masks["reader_1"] > 0).sum() for i in (0, -1))
        if patient.responder:
            assert last < 0.75 * first
        elif not patient.absent:
            assert last > first


def many(n: int) -> Traits:
    return draw_traits(SEED, n)


def test_expression_depends_on_the_traits_as_the_truth_says() -> None:
    traits = many(3000)
    drawn = genes.draw_expression(SEED, traits)
    scores = np.log2(drawn.tpm)
    assert len(drawn.effects) == len(genes.EXPRESSION_EFFECTS) == 12
    hidden = {
        "texture_length": traits.texture_length,
        "heterogeneity": traits.heterogeneity,
        "size": traits.size,
    }
    for gene, values in zip(genes.GENES, scores, strict=True):
        effect = drawn.effects.get(gene)
        for name, trait in hidden.items():
            expected = effect.correlation if effect and effect.trait == name else 0.0
            assert np.corrcoef(values, trait)[0, 1] == pytest.approx(expected, abs=0.08)
    null = [i for i, gene in enumerate(genes.GENES) if gene not in drawn.effects]
    among = np.abs(np.corrcoef(scores[null]) - np.eye(len(null))).max(axis=1)
    assert 0.5 < (among > 0.25).mean() < 1


def test_the_driver_alone_depends_on_texture() -> None:
    traits = many(3000)
    number = {patient_id: i for i, patient_id in enumerate(traits.patient_ids)}
    mutant = {gene: np.zeros(len(traits)) for gene in genes.PANEL}
    for call in genes.draw_mutations(SEED, traits):
        if call.classification != "Silent":
            mutant[call.hugo_symbol][number[call.patient_id]] = 1
    assert mutant[genes.DRIVER].mean() == pytest.approx(genes.DRIVER_SHARE, abs=0.001)
    for gene, values in mutant.items():
        found = np.corrcoef(values, traits.texture_length)[0, 1]
        # a normal variable cut at its quantile keeps density / sqrt(p (1 - p)) of a correlation
        cut = stats.norm.pdf(stats.norm.ppf(0.6)) / np.sqrt(0.24)
        expected = genes.DRIVER_EFFECT.correlation * cut if gene == genes.DRIVER else 0.0
        assert found == pytest.approx(expected, abs=0.08)
        assert 0 < values.sum() < len(values)
