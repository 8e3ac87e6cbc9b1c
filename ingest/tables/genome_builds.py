"""Genome builds: what files call them, and how the header of a VCF gives them away."""

from __future__ import annotations

import re
from collections.abc import Mapping

#: Builds by the words of files, in small letters.
BUILD_WORDS: Mapping[str, str] = {
    "37": "GRCh37",
    "grch37": "GRCh37",
    "hg19": "GRCh37",
    "b37": "GRCh37",
    "hs37d5": "GRCh37",
    "38": "GRCh38",
    "grch38": "GRCh38",
    "hg38": "GRCh38",
}
#: What is neither of them.
OTHER_BUILD = "another build"
# lengths of the chromosomes in bases (NCBI assemblies GCF_000001405.13 and .26)
_LENGTHS = {
    "1": (249250621, 248956422),
    "2": (243199373, 242193529),
    "3": (198022430, 198295559),
    "4": (191154276, 190214555),
    "5": (180915260, 181538259),
    "6": (171115067, 170805979),
    "7": (159138663, 159345973),
    "8": (146364022, 145138636),
    "9": (141213431, 138394717),
    "10": (135534747, 133797422),
    "11": (135006516, 135086622),
    "12": (133851895, 133275309),
    "13": (115169878, 114364328),
    "14": (107349540, 107043718),
    "15": (102531392, 101991189),
    "16": (90354753, 90338345),
    "17": (81195210, 83257441),
    "18": (78077248, 80373285),
    "19": (59128983, 58617616),
    "20": (63025520, 64444167),
    "21": (48129895, 46709983),
    "22": (51304566, 50818468),
    "X": (155270560, 156040895),
    "Y": (59373566, 57227415),
}
_NAMED = re.compile(r"(?i)(grch3[78]|hg19|hg38|hs37d5|\bb37\b|human_g1k_v37)")


def builds_of_contigs(lengths: Mapping[str, int]) -> set[str]:
    """Find the builds whose chromosomes have the lengths that a header states.

    Examples
    --------
    >>> builds_of_contigs({"chr21": 46709983, "GL000191.1": 106433})
    {'GRCh38'}
    >>> builds_of_contigs({"chr21": 46944323})
    {'another build'}
    """
    found = set()
    for contig, length in lengths.items():
        both = _LENGTHS.get(bare_chromosome(contig))
        if both is not None:
            found.add(("GRCh37", "GRCh38")[both.index(length)] if length in both else OTHER_BUILD)
    return found


def builds_named(text: str) -> set[str]:
    """Find the builds that the name of a reference file tells.

    Examples
    --------
    >>> builds_named("file:///srv/Homo_sapiens.GRCh37.74.dna.fa"), builds_named("ref.fa")
    ({'GRCh37'}, set())
    """
    words = {word.lower() for word in _NAMED.findall(text)}
    return {"GRCh37" if word == "human_g1k_v37" else BUILD_WORDS[word] for word in words}


def bare_chromosome(name: str) -> str:
    """Chromosome without the prefix ``chr``.

    Examples
    --------
    >>> bare_chromosome("chrX"), bare_chromosome("17")
    ('X', '17')
    """
    return name[3:] if name[:3].lower() == "chr" else name


def chromosome_lengths(build: str) -> dict[str, int]:
    """Length of each chromosome of a build, in bases.

    Examples
    --------
    >>> chromosome_lengths("GRCh38")["21"]
    46709983
    """
    place = ("GRCh37", "GRCh38").index(build)
    return {chromosome: lengths[place] for chromosome, lengths in _LENGTHS.items()}
