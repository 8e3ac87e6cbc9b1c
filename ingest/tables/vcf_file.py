"""VCF and BCF files: opened by pysam, every record with the line it stands on.

The library that pysam wraps names no line and says what is wrong to the terminal alone. So the
lines of a text are looked through first, for what every record must have.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from roentgene.ingest.tables.genome_builds import (
    OTHER_BUILD,
    builds_named,
    builds_of_contigs,
)
from roentgene.ingest.tables.refusing import refuse_table
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.schemas.errors import MissingExtraError

_GZIP = b"\x1f\x8b"
_FIXED_CELLS = 8
_REFERENCE = re.compile(rb"[ACGTUNRYSWKMBDHVacgtunryswkmbdhv]+")
# by which the library would look for an index elsewhere, even behind an address
_INDEX_MARK = "##idx##"
_UNREADABLE = (OSError, ValueError, KeyError, UnicodeDecodeError)


@dataclass(frozen=True)
class _Fault:
    reason_code: str
    detail: str


@dataclass(frozen=True)
class _Lines:
    """Lines of a text: how many, how many before the first record, and those that are wrong."""

    n_header: int = 0
    n_lines: int = 0
    faults: Mapping[int, _Fault | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Vcf:
    """An open VCF.

    Parameters
    ----------
    name : str
        How messages call the file.
    samples : tuple of str
        Its sample columns.
    descriptions : dict of str to str
        ``Description`` of every field of ``INFO``.
    builds : frozenset of str
        Genome builds that its header tells.
    """

    name: str
    samples: tuple[str, ...]
    descriptions: Mapping[str, str]
    builds: frozenset[str]
    _file: Any
    _lines: _Lines | None

    def records(self, gate: RowGate) -> Iterator[tuple[int | None, Any]]:
        """Give every record that can be read, with its line; None in a BCF, which has none.

        Parameters
        ----------
        gate : RowGate
            Takes the others down by their line.
        """
        if self._lines is None:
            yield from self._records_of_bcf(gate)
            return
        for line in range(self._lines.n_header + 1, self._lines.n_lines + 1):
            record = self._next()
            if line in self._lines.faults:
                fault = self._lines.faults[line]
                if fault is not None:
                    gate.refuse(fault.reason_code, "row", fault.detail, line=line)
            elif record is None:
                detail = "a cell of its INFO, FORMAT or samples is not as the format has it"
                gate.refuse("unreadable_record", "row", detail, line=line)
            else:
                yield line, record

    def _next(self) -> Any:
        try:
            return next(self._file)
        except (*_UNREADABLE, StopIteration):
            return None

    def _records_of_bcf(self, gate: RowGate) -> Iterator[tuple[None, Any]]:
        n_read = 0
        while True:
            try:
                record = next(self._file)
            except StopIteration:
                return
            except _UNREADABLE:
                detail = f"record {n_read + 1} cannot be read, nor what follows it"
                gate.refuse("unreadable_record", "rows", detail)
                return
            n_read += 1
            yield None, record


@contextmanager
def open_vcf(path: Path, name: str) -> Iterator[Vcf]:
    """Open a VCF or BCF, compressed or not.

    Parameters
    ----------
    path : Path
        A file of this machine; the library could open addresses, and is never given one.
    name : str
        How the file is called in messages.

    Raises
    ------
    TableRefusedError
        ``file_missing`` or ``unreadable_table``.
    MissingExtraError
        If pysam is not installed.
    """
    if not path.is_file() or _INDEX_MARK in str(path):
        raise refuse_table(name, "file_missing", "there is no such file")
    try:
        import pysam
    except ImportError as error:
        msg = f"{name} is a VCF, and pysam is not installed"
        raise MissingExtraError(msg, "pip install 'roentgene[vcf]'") from error
    lines = None if path.suffix.lower() == ".bcf" else _look_through(path, name)
    before = pysam.set_verbosity(0)
    try:
        try:
            # an absolute path is no address, whatever it is called
            file = pysam.VariantFile(str(path.absolute()))
        except _UNREADABLE as error:
            detail = "its header is not that of a VCF, or it is cut off"
            raise refuse_table(name, "unreadable_table", detail) from error
        with file:
            yield _opened(file, name, lines)
    finally:
        pysam.set_verbosity(before)


def genotype_of(record: Any, column: str) -> tuple[int | None, ...]:
    """Alleles of a sample by their numbers; None for each that was not called.

    Raises
    ------
    ValueError
        If a number is that of no allele. The library takes it for one that was not called.
    """
    genotype: tuple[int | None, ...] = record.samples[column].get("GT") or (None,)
    if None in genotype and any(allele is not None for allele in genotype):
        place = _FIXED_CELLS + 1 + list(record.samples.keys()).index(column)
        written = str(record).split("\t")[place].split(":")[0]
        if sum(part == "." for part in re.split(r"[/|]", written.strip())) < genotype.count(None):
            msg = f"genotype {written} of {len(record.alleles)} alleles"
            raise ValueError(msg)
    return genotype


def build_of(vcf: Vcf, declared: str | None) -> str | None:
    """Genome build of a VCF: what is declared, else what its header tells; None without either.

    Raises
    ------
    TableRefusedError
        ``build_contradicts`` if the header tells two, or another than is declared.
    """
    told = " and ".join(sorted(vcf.builds))
    if len(vcf.builds) > 1 or OTHER_BUILD in vcf.builds:
        raise refuse_table(vcf.name, "build_contradicts", f"its header tells {told}")
    if declared is not None and vcf.builds - {declared}:
        detail = f"its header tells {told}, and {declared} is declared"
        raise refuse_table(vcf.name, "build_contradicts", detail)
    return declared or told or None


def _opened(file: Any, name: str, lines: _Lines | None) -> Vcf:
    header = file.header
    descriptions = {field: header.info[field].description or "" for field in header.info}
    lengths = {name: contig.length for name, contig in header.contigs.items() if contig.length}
    named = [record.value for record in header.records if record.key == "reference"]
    builds = builds_of_contigs(lengths).union(*map(builds_named, filter(None, named)))
    return Vcf(name, tuple(header.samples), descriptions, frozenset(builds), file, lines)


def _look_through(path: Path, name: str) -> _Lines:
    """Count the lines of a text and find those that lack what every record must have."""
    n_header, n_cells, number = 0, 0, 0
    faults: dict[int, _Fault | None] = {}
    try:
        with path.open("rb") as stream:
            packed = stream.read(len(_GZIP)) == _GZIP
        with gzip.open(path, "rb") if packed else path.open("rb") as text:
            for number, line in enumerate(text, start=1):
                if n_cells:
                    fault = _fault(line, n_cells)
                    if fault is not None or not line.strip():
                        faults[number] = fault
                elif line.startswith(b"#CHROM"):
                    n_header, n_cells = number, _check_header(line, name)
                elif not line.startswith(b"##"):
                    break
    except (OSError, EOFError, zlib.error) as error:
        detail = f"it is cut off or damaged ({type(error).__name__})"
        raise refuse_table(name, "unreadable_table", detail, number + 1) from error
    if not n_cells:
        detail = "no line #CHROM stands behind the lines ##; it is no VCF"
        raise refuse_table(name, "unreadable_table", detail, number or None)
    return _Lines(n_header, number, faults)


def _check_header(line: bytes, name: str) -> int:
    cells = line.rstrip(b"\r\n").split(b"\t")
    samples = cells[_FIXED_CELLS + 1 :]
    if len(set(samples)) < len(samples):
        detail = "two columns of samples have one name"
        raise refuse_table(name, "unreadable_table", detail)
    return len(cells)


def _fault(line: bytes, n_cells: int) -> _Fault | None:
    """Say what a record lacks; None also of an empty line, which is no record."""
    if not line.strip():
        return None
    found = line.count(b"\t") + 1
    if found != n_cells:
        return _Fault("ragged_row", f"{found} cells where the header has {n_cells}")
    _, position, _, reference, alternative, _ = line.split(b"\t", 5)
    if not position.isdigit() or not int(position):
        return _Fault("not_a_number", "POS is no position")
    if not _REFERENCE.fullmatch(reference):
        return _Fault("not_an_allele", "REF is no sequence of bases")
    if not alternative.strip():
        return _Fault("missing_value", "ALT is empty")
    return None
