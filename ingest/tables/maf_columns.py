"""Columns of a MAF, by the names that files of different times and sources give them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from roentgene.ingest.tables.refusing import refuse_table

#: Columns without which a row says nothing, by ours: names in the order in which they are believed.
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "hugo_symbol": ("Hugo_Symbol", "Gene_Symbol"),
    "chromosome": ("Chromosome", "Chrom"),
    "start_position": ("Start_Position", "Start"),
    "end_position": ("End_Position", "End"),
    "variant_classification": ("Variant_Classification",),
    "reference_allele": ("Reference_Allele",),
    "tumor_seq_allele2": ("Tumor_Seq_Allele2",),
}
#: The others. Protein and coding change go by the names of the GDC, of vcf2maf, of Oncotator and
#: of the early TCGA files.
OPTIONAL: Mapping[str, tuple[str, ...]] = {
    "entrez_gene_id": ("Entrez_Gene_Id",),
    "ncbi_build": ("NCBI_Build",),
    "strand": ("Strand",),
    "variant_type": ("Variant_Type",),
    "tumor_seq_allele1": ("Tumor_Seq_Allele1",),
    "hgvsp_short": ("HGVSp_Short", "Protein_Change", "Amino_Acid_Change", "AAChange"),
    "hgvsc": ("HGVSc", "cDNA_Change", "Codon_Change"),
    "transcript_id": ("Transcript_ID", "Annotation_Transcript", "i_transcript_name"),
    "t_ref_count": ("t_ref_count", "i_t_ref_count", "TTotCovRef"),
    "t_alt_count": ("t_alt_count", "i_t_alt_count", "TVarCov"),
    "mutation_status": ("Mutation_Status",),
    "filter": ("FILTER",),
}


def maf_columns(
    present: Collection[str], declared: Mapping[str, str], file_name: str
) -> dict[str, str]:
    """Find the columns of a file by ours, whatever the case of their names.

    Parameters
    ----------
    present : collection of str
        Names of the file's columns.
    declared : mapping of str to str
        Names that the cohort file gives.
    file_name : str
        What messages call the file.

    Raises
    ------
    TableRefusedError
        ``missing_column`` if the cohort file names a column that we do not have.

    Examples
    --------
    >>> maf_columns(["End_position", "Protein_Change", "amino_acid_change"], {}, "calls.maf")
    {'end_position': 'End_position', 'hgvsp_short': 'Protein_Change'}
    """
    known = {**REQUIRED, **OPTIONAL}
    foreign = [name for name in declared if name not in known]
    if foreign:
        detail = f"columns: '{foreign[0]}' is none of {', '.join(known)}"
        raise refuse_table(file_name, "missing_column", detail)
    by_case = {column.casefold(): column for column in reversed(list(present))}
    found = {
        ours: by_case[name.casefold()]
        for ours, names in known.items()
        for name in reversed(names)
        if name.casefold() in by_case
    }
    return found | dict(declared)
