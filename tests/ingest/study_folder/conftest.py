"""A small study folder that is right in every way, for tests to make wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

_PROFILE = {
    "show_profile_in_analysis_tab": "false",
    "profile_name": "a profile",
    "profile_description": "made by a test",
}
_PATIENTS = (
    "#Patient Identifier|Sex|Age|Overall Survival Status|Overall Survival (Months)|Treated",
    "#Identifier|Sex of the patient|Age at diagnosis|Whether dead|Time since diagnosis|Whether",
    "#STRING|STRING|NUMBER|STRING|NUMBER|BOOLEAN",
    "#1|1|1|1|1|1",
    "PATIENT_ID|SEX|AGE|OS_STATUS|OS_MONTHS|TREATED",
    "P-1|Female|61|1:DECEASED|12|TRUE",
    "P-2|Male|48|0:LIVING|24.5|FALSE",
    "P-3|Male|70|1:DECEASED|[Not Available]|TRUE",
    "P-4|Female|55|[Not Available]|[Not Available]|FALSE",
)
_SAMPLES = (
    "#Patient Identifier|Sample Identifier|Sample Type|Subtype|Purity",
    "#Identifier|Identifier|Kind of specimen|Molecular subtype|Part of tumour cells",
    "#STRING|STRING|STRING|STRING|NUMBER",
    "#1|1|1|1|1",
    "PATIENT_ID|SAMPLE_ID|SAMPLE_TYPE|SUBTYPE|PURITY",
    "P-1|P-1-01|Primary|A|0.7",
    "P-1|P-1-02|Recurrence|A|0.5",
    "P-2|P-2-01|Primary|B|0.9",
    "P-3|P-3-01|Primary|B|[Not Available]",
    "P-4|P-4-01|Primary|A|0.8",
)
_MAF = (
    "#version 2.4",
    "Hugo_Symbol|Entrez_Gene_Id|NCBI_Build|Chromosome|Start_Position|End_Position"
    "|Variant_Classification|Variant_Type|Reference_Allele|Tumor_Seq_Allele1|Tumor_Seq_Allele2"
    "|Tumor_Sample_Barcode|HGVSp_Short",
    "IDH1|3417|GRCh37|2|209113112|209113112|Missense_Mutation|SNP|C|C|T|P-1-01|p.R132H",
    "TP53|7157|GRCh37|17|7577120|7577120|Missense_Mutation|SNP|C|C|T|P-1-01|p.R273H",
    "TP53|7157|GRCh37|17|7577121|7577121|Missense_Mutation|SNP|G|G|A|P-2-01|p.R273C",
)
_TIME_LINE = (
    "PATIENT_ID|START_DATE|STOP_DATE|EVENT_TYPE|TREATMENT_TYPE|SUBTYPE|AGENT|STYLE_COLOR",
    "P-1|30|90|TREATMENT|Medical Therapy|Chemotherapy|Temozolomide|#ffffff",
    "P-1|30|72|TREATMENT|Radiation Therapy|WPRT||",
    "P-2|-3||TREATMENT|Medical Therapy|Steroids|Dexamethasone|",
)
_LABORATORY = (
    "PATIENT_ID|START_DATE|STOP_DATE|EVENT_TYPE|TEST|RESULT",
    "P-1|100||LAB_TEST|PSA|10",
    "P-1|100||LAB_TEST|LDH|210",
    "P-1|250||LAB_TEST|PSA|100",
)
_SPECIMENS = (
    "PATIENT_ID|START_DATE|STOP_DATE|EVENT_TYPE|SAMPLE_ID|SPECIMEN_SITE",
    "P-1|0||SPECIMEN|P-1-01|brain",
    "P-1|400||SPECIMEN|P-1-02|brain",
)
_GENES = "Hugo_Symbol|Entrez_Gene_Id|"
_MATRIX_SAMPLES = "P-1-01|P-2-01|P-3-01"


@dataclass
class StudyMaker:
    """Files of a study folder; tests change them."""

    folder: Path

    def write(self, name: str, *lines: str) -> None:
        """Write a file whose cells stand between ``|``."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines).replace("|", "\t") + "\n", encoding="utf-8")

    def meta(self, file: str, /, **fields: str) -> None:
        """Write a file of fields."""
        self.write(file, *(f"{field}: {value}" for field, value in fields.items()))

    def described(self, alteration: str, datatype: str, data: str, **fields: str) -> None:
        """Write the meta file of a data file."""
        given = {
            "cancer_study_identifier": "small",
            "genetic_alteration_type": alteration,
            "datatype": datatype,
            "data_filename": data,
            **fields,
        }
        self.meta(f"{Path(data).stem.replace('data_', 'meta_', 1)}.txt", **given)

    def profile(
        self, alteration: str, datatype: str, stable_id: str, data: str, **fields: str
    ) -> None:
        """Write the meta file of a molecular profile."""
        self.described(alteration, datatype, data, stable_id=stable_id, **{**_PROFILE, **fields})

    def replace(self, name: str, old: str, new: str) -> None:
        """Change a file; what is to be changed must stand in it."""
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        old, new = old.replace("|", "\t"), new.replace("|", "\t")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def add(self, name: str, *lines: str) -> None:
        """Append lines to a file."""
        with (self.folder / name).open("a", encoding="utf-8") as file:
            file.write("\n".join(lines).replace("|", "\t") + "\n")

    def without(self, name: str) -> None:
        """Take a file away."""
        (self.folder / name).unlink()

    def without_field(self, name: str, field: str) -> None:
        """Take a field out of a meta file."""
        path = self.folder / name
        lines = path.read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if not line.startswith(f"{field}:")]
        assert len(kept) < len(lines)
        path.write_text("\n".join(kept) + "\n", encoding="utf-8")


@pytest.fixture
def study(tmp_path: Path) -> StudyMaker:
    """Write a folder with every kind of file that becomes a table."""
    made = StudyMaker(tmp_path / "small")
    made.meta(
        "meta_study.txt",
        type_of_cancer="lgg",
        cancer_study_identifier="small",
        name="A small study",
        description="Made by a test",
        add_global_case_list="true",
        reference_genome="hg19",
    )
    made.described("CLINICAL", "PATIENT_ATTRIBUTES", "data_clinical_patient.txt")
    made.write("data_clinical_patient.txt", *_PATIENTS)
    made.described("CLINICAL", "SAMPLE_ATTRIBUTES", "data_clinical_sample.txt")
    made.write("data_clinical_sample.txt", *_SAMPLES)
    _time_lines(made)
    _profiles(made)
    _lists(made)
    return made


def _time_lines(made: StudyMaker) -> None:
    for name, lines in (
        ("treatment", _TIME_LINE),
        ("laboratory", _LABORATORY),
        ("specimen", _SPECIMENS),
    ):
        made.described("CLINICAL", "TIMELINE", f"data_timeline_{name}.txt")
        made.write(f"data_timeline_{name}.txt", *lines)


def _profiles(made: StudyMaker) -> None:
    made.profile("MUTATION_EXTENDED", "MAF", "mutations", "data_mutations.txt")
    made.write("data_mutations.txt", *_MAF)
    made.profile("COPY_NUMBER_ALTERATION", "DISCRETE", "gistic", "data_cna.txt")
    made.write("data_cna.txt", _GENES + _MATRIX_SAMPLES, "EGFR|1956|2|0|0", "PTEN|5728|-1|-2|0")
    made.profile("MRNA_EXPRESSION", "CONTINUOUS", "mrna_seq_tpm", "data_mrna.txt")
    made.write("data_mrna.txt", _GENES + _MATRIX_SAMPLES, "EGFR|1956|20.5|3|1", "MGMT|4255|1|2|0.5")
    made.profile(
        "MRNA_EXPRESSION", "Z-SCORE", "mrna_seq_tpm_Zscores", "data_mrna_zscores.txt",
        source_stable_id="mrna_seq_tpm",
    )  # fmt: skip
    made.write("data_mrna_zscores.txt", _GENES + _MATRIX_SAMPLES, "EGFR|1956|1.1|-0.4|-0.7")
    made.profile("METHYLATION", "CONTINUOUS", "methylation_hm450", "data_methylation.txt")
    made.write("data_methylation.txt", _GENES + _MATRIX_SAMPLES, "MGMT|4255|0.1|0.8|0.4")
    made.described(
        "COPY_NUMBER_ALTERATION", "SEG", "data_segments.seg",
        reference_genome_id="hg19", description="segments",
    )  # fmt: skip
    made.write(
        "data_segments.seg", "ID|chrom|loc.start|loc.end|num.mark|seg.mean",
        "P-1-01|7|55000000|55300000|120|1.4",
    )  # fmt: skip
    made.profile(
        "GENERIC_ASSAY", "LIMIT-VALUE", "drug_ic50", "data_drug_ic50.txt",
        generic_assay_type="TREATMENT_RESPONSE", generic_entity_meta_properties="NAME,URL",
    )  # fmt: skip
    made.write(
        "data_drug_ic50.txt", "ENTITY_STABLE_ID|NAME|URL|" + _MATRIX_SAMPLES,
        "Erlotinib|Erlotinib|about:blank|>8|0.4|7",
    )  # fmt: skip


def _lists(made: StudyMaker) -> None:
    for of, samples in (("sequenced", "P-1-01|P-2-01|P-3-01"), ("cna", _MATRIX_SAMPLES)):
        made.meta(
            f"case_lists/cases_{of}.txt",
            cancer_study_identifier="small",
            stable_id=f"small_{of}",
            case_list_name=of,
            case_list_description="profiled",
            case_list_ids=samples,
        )
    made.meta(
        "data_gene_panel_tiny.txt", stable_id="TINY", description="two genes",
        gene_list="IDH1|TP53",
    )  # fmt: skip
    made.described("GENE_PANEL_MATRIX", "GENE_PANEL_MATRIX", "data_gene_panel_matrix.txt")
    made.write("data_gene_panel_matrix.txt", "SAMPLE_ID|mutations", "P-1-01|NA", "P-3-01|TINY")
