"""Gene and effect of a variant, as VEP (``CSQ``) or SnpEff (``ANN``) wrote them into a VCF."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple
from urllib.parse import unquote

from roentgene.ingest.tables.variant_genes import NO_GENE
from roentgene.schemas.packaged import packaged_yaml

Choice = Literal["canonical", "most_severe"]

_UNKNOWN = "Unknown"
_OTHER = "Targeted_Region"
_FORMAT = re.compile(r"[Ff]ormat:\s*([^\"']+)")
# fields of SnpEff's ANN, version 1.0
_ANN_FIELDS = (
    "Allele",
    "Consequence",
    "IMPACT",
    "SYMBOL",
    "Gene",
    "Feature_type",
    "Feature",
    "BIOTYPE",
    "EXON",
    "HGVSc",
    "HGVSp",
)
_AMINO_ACIDS = {
    "Ala": "A",
    "Arg": "R",
    "Asn": "N",
    "Asp": "D",
    "Asx": "B",
    "Cys": "C",
    "Gln": "Q",
    "Glu": "E",
    "Glx": "Z",
    "Gly": "G",
    "His": "H",
    "Ile": "I",
    "Leu": "L",
    "Lys": "K",
    "Met": "M",
    "Phe": "F",
    "Pro": "P",
    "Pyl": "O",
    "Sec": "U",
    "Ser": "S",
    "Ter": "*",
    "Thr": "T",
    "Trp": "W",
    "Tyr": "Y",
    "Val": "V",
    "Xaa": "X",
}
_THREE_LETTERS = re.compile("|".join(_AMINO_ACIDS))


class Effect(NamedTuple):
    """What a variant does to a gene; the names are those of a MAF's columns."""

    hugo_symbol: str = NO_GENE
    variant_classification: str = _UNKNOWN
    hgvsc: str | None = None
    hgvsp_short: str | None = None
    transcript_id: str | None = None


#: Of a variant that nobody has annotated.
NO_EFFECT = Effect()


@dataclass(frozen=True)
class Annotation:
    """Where a VCF holds the effects of its variants.

    Parameters
    ----------
    key : {'CSQ', 'ANN'}
        Field of ``INFO``.
    fields : tuple of str
        What stands between the bars of it, by the names of VEP.
    """

    key: str
    fields: tuple[str, ...]


def annotation_of(descriptions: Mapping[str, str]) -> Annotation | None:
    """Find the effects by the header of a VCF; None where it has none.

    Parameters
    ----------
    descriptions : mapping of str to str
        ``Description`` of every field of ``INFO``.

    Examples
    --------
    >>> annotation_of({"CSQ": "Consequence annotations from Ensembl VEP. Format: Allele|SYMBOL"})
    Annotation(key='CSQ', fields=('Allele', 'SYMBOL'))
    """
    stated = _FORMAT.search(descriptions.get("CSQ", ""))
    if stated is not None:
        return Annotation("CSQ", tuple(field.strip() for field in stated[1].split("|")))
    return Annotation("ANN", _ANN_FIELDS) if "ANN" in descriptions else None


def effect_of(
    annotation: Annotation,
    entries: Iterable[str],
    alleles: Sequence[str],
    allele: int,
    choice: Choice,
) -> Effect:
    """Choose the effect of one allele.

    Of the transcripts that are listed for the allele, those that VEP picked or that are canonical
    come before the others (unless ``choice`` is ``most_severe``); of these the most severe effect
    is taken, and of equal ones the first.

    Parameters
    ----------
    annotation : Annotation
        How entries are to be read.
    entries : iterable of str
        What the record holds, an entry a transcript and allele.
    alleles : sequence of str
        Reference and alternatives.
    allele : int
        Number of the alternative, from 1.
    choice : {'canonical', 'most_severe'}
        Whose effect is taken.
    """
    listed = [
        dict(zip(annotation.fields, entry.split("|"), strict=False)) for entry in entries if entry
    ]
    about = [entry for entry in listed if _is_about(entry, alleles, allele)]
    if not about:
        return NO_EFFECT
    if choice == "canonical":
        about = [entry for entry in about if _is_canonical(entry)] or about
    chosen = min(about, key=lambda entry: _severity(entry.get("Consequence", "")))
    return Effect(
        chosen.get("SYMBOL") or chosen.get("Gene") or NO_GENE,
        _classification(chosen.get("Consequence", ""), alleles[0], alleles[allele]),
        _behind_colon(chosen.get("HGVSc", "")) or None,
        short_protein_change(chosen.get("HGVSp", "")) or None,
        chosen.get("Feature") or None,
    )


def short_protein_change(hgvsp: str) -> str:
    """Protein change with letters for amino acids, and without the protein's name.

    Examples
    --------
    >>> short_protein_change("ENSP00000260985.2:p.Arg132His")
    'p.R132H'
    >>> short_protein_change("p.Asn139GlnfsTer5"), short_protein_change("p.Ser406%3D")
    ('p.N139Qfs*5', 'p.S406=')
    """
    return _THREE_LETTERS.sub(lambda found: _AMINO_ACIDS[found[0]], _behind_colon(hgvsp))


def _behind_colon(hgvs: str) -> str:
    return unquote(hgvs).rpartition(":")[2]


def _is_about(entry: Mapping[str, str], alleles: Sequence[str], allele: int) -> bool:
    if len(alleles) == 2:
        # however the alternative is written
        return True
    if entry.get("ALLELE_NUM"):
        return entry["ALLELE_NUM"] == str(allele)
    return entry.get("Allele", "").upper() in {alleles[allele], _vep_allele(alleles, allele)}


def _vep_allele(alleles: Sequence[str], allele: int) -> str:
    """Allele as VEP writes it: without the base with which all of them begin."""
    written = [one for one in alleles if one != "*"]
    indel = len({len(one) for one in written}) > 1
    shared = len({one[:1] for one in written}) == 1
    return (alleles[allele][1:] or "-") if indel and shared else alleles[allele]


def _is_canonical(entry: Mapping[str, str]) -> bool:
    return (
        entry.get("PICK") == "1"
        or entry.get("CANONICAL") == "YES"
        or bool(entry.get("MANE_SELECT"))
    )


@cache
def _consequences() -> dict[str, tuple[int, str]]:
    """Rank and classification of each term."""
    terms = packaged_yaml("vocabulary", "consequences.yaml")
    return {term: (rank, word) for rank, (term, word) in enumerate(terms.items())}


def _severity(consequence: str) -> int:
    known = _consequences()
    return min(known[term][0] if term in known else len(known) for term in consequence.split("&"))


def _classification(consequence: str, reference: str, alternative: str) -> str:
    if not consequence:
        return _UNKNOWN
    known = _consequences()
    term = min(consequence.split("&"), key=_severity)
    word = known[term][1] if term in known else _OTHER
    change = len(alternative) - len(reference)
    if word == "by length":
        word = "Frame_Shift" if change % 3 else "In_Frame"
    if word in {"Frame_Shift", "In_Frame"}:
        return f"{word}_{'Ins' if change > 0 else 'Del'}" if change else _OTHER
    return word
