"""Makes the synthetic study of ``roentgene demo``: files as an operator would get them.

The truth goes to a folder of its own, beside the input and not below it, so that no cohort file
can reach it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

from roentgene.app.demo import tables
from roentgene.app.demo.genes import PANEL, draw_expression, draw_mutations
from roentgene.app.demo.images import visits, write_visit
from roentgene.app.demo.patients import COHORT_ID, REFERENCE_READER, Patient, make_patients
from roentgene.app.demo.traits import draw_traits
from roentgene.app.demo.truth import make_truth, write_truth

#: Enough patients to find most of the dependent genes, few enough for a coffee break.
PATIENTS = 32
EXPRESSION_PROFILE = "rna_tpm"


@dataclass(frozen=True)
class DemoFiles:
    """Where the study is.

    Parameters
    ----------
    cohort : Path
        The cohort file; all input lies below its folder.
    stability, association : Path
        The analysis files.
    release : Path
        The release file.
    truth : Path
        What is true; for the scorer alone.
    reference_rater : str
        The reader whose regions count, for ``patient_feature`` in ``study.yaml``.
    """

    cohort: Path
    stability: Path
    association: Path
    release: Path
    truth: Path
    reference_rater: str = REFERENCE_READER


def generate(folder: Path, seed: int, patients: int = PATIENTS) -> DemoFiles:
    """Write the study.

    Parameters
    ----------
    folder : Path
        Gets ``input`` and ``truth``; made if need be.
    seed : int
        The same seed gives the same bytes.
    patients : int
        Number of patients, at least 8.

    Raises
    ------
    ValueError
        If there are too few patients.
    """
    traits = draw_traits(seed, patients)
    people = make_patients(traits)
    expression = draw_expression(seed, traits)
    files_made = DemoFiles(
        cohort=folder / "input" / "cohort.yaml",
        stability=folder / "input" / "stability.yaml",
        association=folder / "input" / "association.yaml",
        release=folder / "input" / "release.yaml",
        truth=folder / "truth" / "truth.json",
    )
    source = files_made.cohort.parent
    source.mkdir(parents=True, exist_ok=True)
    for patient in people:
        for visit in visits(seed, patient):
            write_visit(source, patient.patient_id, visit)
    tables.write_clinical(source / "clinical.csv", seed, people)
    tables.write_outcome(source / "outcome.csv", seed, people)
    tables.write_visits(source / "visits.csv", seed, people)
    tables.write_samples(source / "samples.csv", seed, people)
    tables.write_expression(source / "expression.tsv", expression, people)
    tables.write_mutations(source / "mutations.maf", draw_mutations(seed, traits), people)
    asked = (files_made.stability, files_made.association, files_made.release)
    for path in (files_made.cohort, *asked):
        path.write_text(_filled(path.name, people), encoding="utf-8")
    write_truth(files_made.truth, make_truth(seed, people, expression))
    return files_made


def _filled(template: str, patients: Sequence[Patient]) -> str:
    text = (files("roentgene.app.demo") / "templates" / template).read_text(encoding="utf-8")
    return Template(text).substitute(
        cohort_id=COHORT_ID,
        expression_profile=EXPRESSION_PROFILE,
        panel_genes=_listed(PANEL),
        profiled_samples=_listed(p.sample_id for p in patients if p.has_mutations),
    )


def _listed(names: Iterable[str]) -> str:
    """Names as the inside of a YAML list, on indented lines."""
    wrapped = textwrap.wrap(", ".join(names), 80, break_on_hyphens=False)
    return f"\n{' ' * 8}".join(wrapped)
