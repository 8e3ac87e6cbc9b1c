"""Sample columns of a VCF: which are taken, what they are called here, and whose they are."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from roentgene.ingest.privacy import hashes_ids
from roentgene.ingest.tables.delimited import FileTable
from roentgene.ingest.tables.id_rules import normalise_ids
from roentgene.ingest.tables.people import hidden_names
from roentgene.ingest.tables.refusing import refuse_table
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.specimens import Specimens, join_samples
from roentgene.ingest.tables.staging import TableContext
from roentgene.ingest.tables.vcf_file import Vcf
from roentgene.schemas.variant_tables import VcfColumns


@dataclass(frozen=True)
class VcfSamples:
    """Samples of a VCF.

    Parameters
    ----------
    columns : dict of str to str
        Columns that are taken, each with its sample.
    normal : str or None
        Column of the matched normal, where there is one tumour and one normal.
    specimens : Specimens
        The samples with their patients.
    gate : RowGate
        Takes down what is refused.
    """

    columns: dict[str, str]
    normal: str | None
    specimens: Specimens
    gate: RowGate


def take_samples(declaration: VcfColumns, vcf: Vcf, context: TableContext) -> VcfSamples:
    """Choose the sample columns of a VCF and find their patients.

    A column that is neither under ``samples`` nor under ``normals`` is told (``column_not_used``)
    where samples are declared, and a sample of its name otherwise.

    Raises
    ------
    TableRefusedError
        ``missing_column`` if a declared column is not there or there is none at all;
        ``no_id_matches``.
    """
    declared = [*declaration.samples, *declaration.normals]
    # of ids that are to be hashed no message may name one that the cohort file does not name
    hidden_ids = hashes_ids(declaration.normalise)
    named = [column for column in vcf.samples if column in declared or not hidden_ids]
    gate = RowGate(FileTable(vcf.name, pl.DataFrame(schema=dict.fromkeys(named, pl.String))))
    gate.need(declared)
    given = declaration.samples or {
        column: column for column in vcf.samples if column not in declaration.normals
    }
    if not given:
        raise refuse_table(vcf.name, "missing_column", "it has no column of a sample")
    for place, column in enumerate(vcf.samples, start=1):
        if column not in given and column not in declaration.normals:
            detail = f"neither one of samples nor of normals; it is sample {place} of the header"
            shown = None if hidden_ids else column
            gate.refuse("column_not_used", "column", detail, column=shown)
    led = normalise_ids(given.values(), declaration.sample_rules)
    names = {column: led[sample] for column, sample in given.items()}
    hidden = hidden_names(names.values(), declaration.normalise, context.privacy)
    gate.given |= {hash_: name for name, hash_ in hidden.items() if hash_ != name}
    columns = {column: hidden[name] for column, name in names.items()}
    lines = dict.fromkeys(columns.values())
    specimens = join_samples(lines, declaration.normalise, gate, context, None)
    kept = set(specimens.rows["sample_id"])
    taken = {column: sample for column, sample in columns.items() if sample in kept}
    one_pair = len(given) == 1 and len(declaration.normals) == 1
    return VcfSamples(taken, declaration.normals[0] if one_pair else None, specimens, gate)
