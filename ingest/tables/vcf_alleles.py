"""Alleles of a VCF in the coordinates of a MAF, and which of them a sample carries."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

_SUBSTITUTIONS = {1: "SNP", 2: "DNP", 3: "TNP"}
# an allele that is deleted by another record, and the marks of reference blocks
_NO_VARIANT = frozenset({".", "*", "<NON_REF>", "<*>", "<X>"})
_BASES = frozenset("ACGTUNRYSWKMBDHV")


class MafAlleles(NamedTuple):
    """A variant in the coordinates of a MAF; the names are those of its columns."""

    start_position: int
    end_position: int
    variant_type: str
    reference_allele: str
    tumor_seq_allele1: str | None
    tumor_seq_allele2: str


def maf_alleles(position: int, reference: str, alternative: str, other: str | None) -> MafAlleles:
    """Bring a variant of a VCF into the form of a MAF.

    Bases with which reference and alternative both begin are cut off. Of an insertion nothing is
    left of the reference: it stands between the base before and the base after. What both end
    with stays, as vcf2maf leaves it.

    Parameters
    ----------
    position : int
        ``POS``, counted from 1.
    reference, alternative : str
        ``REF`` and one ``ALT``, in capitals.
    other : str or None
        The other allele of the sample's genotype; None where it is not known.

    Examples
    --------
    >>> maf_alleles(11290178, "TA", "T", "TA")  # doctest: +NORMALIZE_WHITESPACE
    MafAlleles(start_position=11290179, end_position=11290179, variant_type='DEL',
               reference_allele='A', tumor_seq_allele1='A', tumor_seq_allele2='-')
    >>> found = maf_alleles(220439700, "G", "GCT", "G")
    >>> found.start_position, found.end_position, found.tumor_seq_allele2, found.variant_type
    (220439700, 220439701, 'CT', 'INS')
    """
    n_shared = _n_shared(reference, alternative)
    short, long = sorted((len(reference) - n_shared, len(alternative) - n_shared))
    start = position + n_shared
    end = start + len(reference) - n_shared - 1
    if end < start:
        # between the base before and the base after
        start, end = start - 1, start
    if short == long:
        variant_type = _SUBSTITUTIONS.get(long, "ONP")
    else:
        variant_type = "INS" if len(alternative) > len(reference) else "DEL"
    return MafAlleles(
        start,
        end,
        variant_type,
        reference[n_shared:] or "-",
        None if other is None else other[n_shared:] or "-",
        alternative[n_shared:] or "-",
    )


def _n_shared(reference: str, alternative: str) -> int:
    """Count the bases with which both begin."""
    pairs = enumerate(zip(reference, alternative, strict=False))
    shorter = min(len(reference), len(alternative))
    return next((place for place, (a, b) in pairs if a != b), shorter)


def is_sequence(allele: str) -> bool:
    """Whether an allele is written out in bases, and no structural one."""
    return bool(allele) and _BASES.issuperset(allele)


def is_variant(allele: str) -> bool:
    """Whether an alternative allele is one at all."""
    return allele not in _NO_VARIANT


def carried(
    genotype: Sequence[int | None] | None, n_alternatives: int, of_normal: Collection[int | None]
) -> list[int]:
    """Alternative alleles that a sample carries, by their numbers from 1.

    Parameters
    ----------
    genotype : sequence of int or None, or None
        ``GT``; None where the record has none, and is a call of the sample as a whole.
    n_alternatives : int
        Alternative alleles of the record.
    of_normal : collection of int
        Alleles of the matched normal, which are left out where the sample has others.

    Examples
    --------
    >>> carried((1, 2), 2, (1, 1)), carried((0, 2), 2, (0, 2)), carried((0, 0), 1, ())
    ([2], [2], [])
    >>> carried(None, 2, ()), carried((None, None), 1, ())
    ([1, 2], [])
    """
    if genotype is None:
        return list(range(1, n_alternatives + 1))
    found = sorted({allele for allele in genotype if allele})
    return [allele for allele in found if allele not in of_normal] or found


def other_allele(genotype: Sequence[int | None] | None, allele: int) -> int | None:
    """Allele beside the given one; None where it is not known.

    Of one chromosome alone (``GT`` of a single number) it is the same.

    Examples
    --------
    >>> other_allele((0, 1), 1), other_allele((1, 1), 1), other_allele((2,), 2)
    (0, 1, 2)
    >>> other_allele((None, 1), 1) is None and other_allele(None, 1) is None
    True
    """
    if genotype is None:
        return None
    others = list(genotype)
    others.remove(allele)
    return others[0] if others else allele
