"""What is true in the synthetic study: written by the generator, read by the scorer alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from roentgene.app.demo.genes import DRIVER, DRIVER_EFFECT, GENES, PANEL, Effect, Expression
from roentgene.app.demo.patients import READERS, Patient

#: Regions whose texture carries the traits. The ring around the tumour carries none.
CARRYING_REGIONS = ("NCR", "ED", "ET", "TC", "WT")


@dataclass(frozen=True)
class Truth:
    """The truth of one study.

    Parameters
    ----------
    seed : int
        Seed it was made with.
    carrying_regions : tuple of str
        Regions whose texture carries the traits.
    expression, mutation : mapping of str to Effect
        Genes that depend on a trait; all the others depend on none.
    tested_genes : mapping of str to tuple of str
        Genes in the expression matrix and in the panel, by block.
    responders, others : tuple of str
        Patients whose tumour shrinks, and whose tumour grows.
    reader_displacement_mm : mapping of str to float
        How far a reader's boundaries lie from the truth, in standard deviation.
    traits : mapping of str to mapping of str to float
        Hidden traits by patient.
    """

    seed: int
    carrying_regions: tuple[str, ...]
    expression: Mapping[str, Effect]
    mutation: Mapping[str, Effect]
    tested_genes: Mapping[str, tuple[str, ...]]
    responders: tuple[str, ...]
    others: tuple[str, ...]
    reader_displacement_mm: Mapping[str, float]
    traits: Mapping[str, Mapping[str, float]]


def make_truth(seed: int, patients: Sequence[Patient], expression: Expression) -> Truth:
    """Collect what the study was made from."""
    return Truth(
        seed=seed,
        carrying_regions=CARRYING_REGIONS,
        expression=expression.effects,
        mutation={DRIVER: DRIVER_EFFECT},
        tested_genes={"expression": GENES, "mutation": tuple(PANEL)},
        responders=tuple(p.patient_id for p in patients if p.responder),
        others=tuple(p.patient_id for p in patients if not p.responder),
        reader_displacement_mm=READERS,
        traits={
            p.patient_id: {
                "texture_length": p.texture_length,
                "heterogeneity": p.heterogeneity,
                "size": p.size,
            }
            for p in patients
        },
    )


def write_truth(path: Path, truth: Truth) -> None:
    """Write the truth as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(truth), indent=1) + "\n", encoding="utf-8")


def read_truth(path: Path) -> Truth:
    """Read the truth back."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for block in ("expression", "mutation"):
        content[block] = {gene: Effect(**effect) for gene, effect in content[block].items()}
    content["tested_genes"] = {b: tuple(genes) for b, genes in content["tested_genes"].items()}
    for name in ("carrying_regions", "responders", "others"):
        content[name] = tuple(content[name])
    return Truth(**content)
