"""Reads of the reference and of a variant allele, in the fields of different callers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Counts = tuple[int | None, int | None]


def read_counts(fields: Mapping[str, Any], alleles: Sequence[str], allele: int) -> Counts:
    """Count the reads of a sample.

    In this order: ``AD`` (GATK, and whoever follows the specification), ``AD`` with ``RD``
    (VarScan), the first tier of ``AU`` … ``TU`` and of ``TAR`` and ``TIR`` (Strelka), ``RO`` and
    ``AO`` (FreeBayes), ``DP4`` (SomaticSniper). What is ``.`` is not known, and never 0.

    Parameters
    ----------
    fields : mapping
        Fields of the sample.
    alleles : sequence of str
        Reference and alternatives.
    allele : int
        Number of the alternative, from 1.

    Returns
    -------
    (int or None, int or None)
        Reads of the reference, reads of the alternative.

    Examples
    --------
    >>> read_counts({"AD": (12, 0, 8)}, ["GAAGA", "G", "GGA"], 2)
    (12, 8)
    >>> strelka = {"AU": (0, 0), "CU": (0, 1), "GU": (2, 2), "TU": (57, 57)}
    >>> read_counts(strelka, ["C", "T"], 1)
    (0, 57)
    >>> read_counts({"AD": (None, 21)}, ["A", "C"], 1)
    (None, 21)
    """
    for counted in (_depths, _tiers, _indel_tiers, _observations, _strands):
        found = counted(fields, alleles, allele)
        if found != (None, None):
            return found
    return None, None


def _numbers(fields: Mapping[str, Any], name: str) -> tuple[int | None, ...]:
    """Numbers of a field, which is text where the header does not declare it."""
    value = fields.get(name)
    values = value if isinstance(value, tuple) else (value,)
    parts = [part for one in values for part in (one.split(",") if isinstance(one, str) else [one])]
    return tuple(int(part) if str(part).isdecimal() else None for part in parts)


def _depths(fields: Mapping[str, Any], alleles: Sequence[str], allele: int) -> Counts:
    depths = _numbers(fields, "AD")
    if len(depths) > allele:
        return depths[0], depths[allele]
    if len(depths) == 1 and len(alleles) == 2:
        # VarScan counts the variant here and the reference elsewhere
        return _numbers(fields, "RD")[0], depths[0]
    return None, None


def _tiers(fields: Mapping[str, Any], alleles: Sequence[str], allele: int) -> Counts:
    reference, alternative = alleles[0], alleles[allele]
    return _numbers(fields, f"{reference}U")[0], _numbers(fields, f"{alternative}U")[0]


def _indel_tiers(fields: Mapping[str, Any], alleles: Sequence[str], allele: int) -> Counts:
    return _numbers(fields, "TAR")[0], _numbers(fields, "TIR")[0]


def _observations(fields: Mapping[str, Any], alleles: Sequence[str], allele: int) -> Counts:
    observed = _numbers(fields, "AO")
    return _numbers(fields, "RO")[0], observed[allele - 1] if len(observed) >= allele else None


def _strands(fields: Mapping[str, Any], alleles: Sequence[str], allele: int) -> Counts:
    counts = [one for one in _numbers(fields, "DP4") if one is not None]
    if len(counts) != 4 or len(alleles) != 2:
        return None, None
    return counts[0] + counts[1], counts[2] + counts[3]
