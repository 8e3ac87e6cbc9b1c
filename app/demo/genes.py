"""Expression and mutations of the synthetic patients, some of which depend on a hidden trait.

A dependent gene is ``r * trait + sqrt(1 - r**2) * noise``; r, its correlation with the trait,
is its effect. All other genes are independent of every trait, but not of each other: they come in
blocks that share a factor, as genes of one pathway do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from roentgene.app.demo.traits import Flags, Floats, Stream, Traits, random_stream


@dataclass(frozen=True)
class Effect:
    """What a gene depends on, and how much: its correlation with the trait."""

    trait: str
    correlation: float


#: Genes of the expression matrix; invented symbols, for nothing is claimed about real genes.
GENES = tuple(f"SYN{number:03d}" for number in range(1, 201))
#: Effects on expression; which genes have them differs from seed to seed.
EXPRESSION_EFFECTS = (
    Effect("texture_length", 0.90),
    Effect("texture_length", -0.90),
    Effect("texture_length", 0.75),
    Effect("texture_length", -0.75),
    Effect("texture_length", 0.60),
    Effect("texture_length", -0.60),
    Effect("heterogeneity", 0.90),
    Effect("heterogeneity", -0.90),
    Effect("heterogeneity", 0.75),
    Effect("heterogeneity", -0.75),
    Effect("heterogeneity", 0.60),
    Effect("heterogeneity", -0.60),
)

#: Genes of the panel with the chromosome and a base of an exon (GRCh38).
PANEL: Mapping[str, tuple[str, int]] = {
    "IDH1": ("2", 208248388),
    "TP53": ("17", 7674220),
    "ATRX": ("X", 77682471),
    "EGFR": ("7", 55154129),
    "PTEN": ("10", 87933147),
    "PIK3CA": ("3", 179234297),
    "PIK3R1": ("5", 68293709),
    "NF1": ("17", 31229155),
    "CIC": ("19", 42287567),
    "FUBP1": ("1", 77962230),
    "NOTCH1": ("9", 136517835),
    "RB1": ("13", 48367512),
    "BRAF": ("7", 140753336),
    "PDGFRA": ("4", 54274888),
    "MET": ("7", 116771936),
    "KRAS": ("12", 25245350),
    "SETD2": ("3", 47084128),
    "ARID1A": ("1", 26774845),
    "SMARCA4": ("19", 11021783),
    "PTPN11": ("12", 112450406),
}
DRIVER = "IDH1"
#: The driver's hidden liability follows the trait; the highest two fifths are mutant.
DRIVER_EFFECT = Effect("texture_length", 0.90)
DRIVER_SHARE = 0.4

_BLOCKS = 12
_BLOCK_GENES = 12


@dataclass(frozen=True)
class Expression:
    """Transcripts per million, shape (genes, patients), and what the genes depend on."""

    tpm: Floats
    effects: Mapping[str, Effect]


@dataclass(frozen=True)
class Variant:
    """A variant call of a patient."""

    patient_id: str
    hugo_symbol: str
    chromosome: str
    position: int
    classification: str
    reference: str
    alternative: str
    protein_change: str
    reads_reference: int
    reads_alternative: int


def draw_expression(seed: int, traits: Traits) -> Expression:
    """Draw the expression of all genes in all patients."""
    rng = random_stream(seed, Stream.EXPRESSION)
    n = len(traits)
    order = rng.permutation(len(GENES))
    effects = {GENES[i]: e for i, e in zip(order, EXPRESSION_EFFECTS, strict=False)}
    scores = rng.standard_normal((len(GENES), n))
    for i, effect in zip(order, EXPRESSION_EFFECTS, strict=False):
        scores[i] = _dependent(effect, traits, scores[i])
    null = order[len(EXPRESSION_EFFECTS) :]
    for start in range(0, _BLOCKS * _BLOCK_GENES, _BLOCK_GENES):
        members = null[start : start + _BLOCK_GENES]
        loading = rng.uniform(0.5, 0.8, (members.size, 1))
        factor = rng.standard_normal(n)
        scores[members] = loading * factor + np.sqrt(1 - loading**2) * scores[members]
    level = rng.uniform(1.0, 8.0, (len(GENES), 1))
    spread = rng.uniform(0.5, 1.2, (len(GENES), 1))
    return Expression(np.exp2(level + spread * scores), effects)


def _dependent(effect: Effect, traits: Traits, noise: Floats) -> Floats:
    trait: Floats = getattr(traits, effect.trait)
    return np.asarray(effect.correlation * trait + np.sqrt(1 - effect.correlation**2) * noise)


def draw_mutations(seed: int, traits: Traits) -> list[Variant]:
    """Draw the coding mutations of all patients, and some silent ones that change nothing."""
    rng = random_stream(seed, Stream.MUTATION)
    n = len(traits)
    variants: list[Variant] = []
    for gene in PANEL:
        mutant = _driver(rng, traits) if gene == DRIVER else _passenger(rng, n)
        silent = ~mutant & (rng.random(n) < 0.03)
        for i in np.flatnonzero(mutant | silent):
            variants.append(_variant(rng, traits.patient_ids[i], gene, bool(silent[i])))
    return sorted(variants, key=lambda variant: variant.patient_id)


def _driver(rng: np.random.Generator, traits: Traits) -> Flags:
    liability = _dependent(DRIVER_EFFECT, traits, rng.standard_normal(len(traits)))
    return np.asarray(liability >= np.quantile(liability, 1 - DRIVER_SHARE))


def _passenger(rng: np.random.Generator, n: int) -> Flags:
    return np.asarray(rng.permutation(n) < max(2, round(rng.uniform(0.1, 0.4) * n)))


def _variant(rng: np.random.Generator, patient_id: str, gene: str, silent: bool) -> Variant:
    chromosome, position = PANEL[gene]
    reads = int(rng.integers(60, 140))
    alternative_reads = int(rng.binomial(reads, 0.35))
    hotspot = gene == DRIVER and not silent
    reference, alternative = ("C", "T") if hotspot else rng.permutation(list("ACGT"))[:2]
    classification = "Silent" if silent else "Missense_Mutation"
    if not silent and not hotspot and rng.random() < 0.2:
        classification = "Nonsense_Mutation"
    return Variant(
        patient_id,
        gene,
        chromosome,
        position if hotspot else position + int(rng.integers(1, 60)),
        classification,
        str(reference),
        str(alternative),
        "p.R132H" if hotspot else "",
        reads - alternative_reads,
        alternative_reads,
    )
