"""What looks like a person, with why; and what only resembles one."""

from __future__ import annotations

import doctest
import string
from uuid import UUID

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roentgene.ingest import personal_text
from roentgene.ingest.personal_text import (
    PATTERNS,
    announces_person,
    looks_like,
    may_be_date,
    personal_texts,
)

PEOPLE = [
    ("DOE^JOHN", "person name"),  # DICOM PS3.5: family and given name
    ("DOE^J", "person name"),
    ("D^JOHN", "person name"),
    ("VAN DER BERG^ANNA^MARIA^DR", "person name"),
    ("O'BRIEN^M", "person name"),
    ("MÜLLER^ÄNNE", "person name"),
    ("DOE^^^", "person name"),  # no given name
    ("Yamada^Tarou=山田^太郎", "person name"),  # the three forms of PS3.5
    ("山田^太郎", "person name"),
    ("T1 AX (DOE^JOHN)", "person name"),
    ("read by Dr. Smith", "person name"),
    ("discussed with Mrs. A. Miller", "person name"),
    ("Frau Müller kommt wieder", "person name"),
    ("Patient name: anna", "person name"),
    ("jane.doe+study@uni-klinik.example.org", "e-mail address"),
    ("mail JDOE@EXAMPLE.COM today", "e-mail address"),
    ("(555) 234-5678", "phone number"),
    ("call 555-234-5678.", "phone number"),
    ("555.234.5678", "phone number"),
    ("1-555-234-5678", "phone number"),
    ("+49 30 1234567", "phone number"),
    ("+491701234567", "phone number"),  # E.164
    ("+1.555.234.5678", "phone number"),
    ("0049 30 1234567", "phone number"),
    ("089/1234567", "phone number"),
    ("Tel. 030 123456", "phone number"),
    ("phone no. 1234567", "phone number"),
    ("MRN 123456", "record number"),
    ("mrn:A0012345", "record number"),
    ("MRN_0012345/T1.nii.gz", "record number"),
    ("medical record number 4711-0", "record number"),
    ("Patient ID: 7", "record number"),  # whatever follows the label
    ("pat. id = ab12", "record number"),
    ("Patientennummer 123456", "record number"),
    ("Fallnr. 0004711", "record number"),
    ("Accession Number: 12345678", "record number"),
    ("219-09-9999", "insurance number"),  # form of the Social Security Administration
    ("SSN:078-05-1120", "insurance number"),
    ("756.9217.0769.85", "insurance number"),  # AHV, Switzerland
    ("AB 12 34 56 C", "insurance number"),  # National Insurance, United Kingdom
    ("1 85 05 78 006 084 36", "insurance number"),  # NIR, France
    ("65 170839 J 003", "insurance number"),  # Rentenversicherung: 17 August 1939 is in it
    ("NHS number 943 476 5919", "insurance number"),
    ("2019-03-04", "calendar date"),  # ISO 8601
    ("2019-3-4", "calendar date"),
    ("2019-03-04T10:22:00", "calendar date"),
    ("2019/03/04", "calendar date"),
    ("2019_03_04", "calendar date"),
    ("2019.03.04", "calendar date"),
    ("04.03.2019", "calendar date"),
    ("4. 3. 2019", "calendar date"),
    ("3/4/2019", "calendar date"),
    ("12/31/2020", "calendar date"),
    ("04-03-2019", "calendar date"),
    ("OP am 04.03.2019.", "calendar date"),
    ("20000101_0927", "calendar date"),
    ("PCAMPMRI-00775_20000101_0927", "calendar date"),  # as published, before any rule
    ("scan 20190304", "calendar date"),
    ("P7-20190304", "calendar date"),
    ("20190304T1022", "calendar date"),
    ("images/P1/20190304/t1.nii.gz", "calendar date"),
    ("scan.20190304.nii.gz", "calendar date"),
    ("StudyDate: 20190304", "calendar date"),
    ("4 March 2019", "calendar date"),
    ("04-Mar-2019", "calendar date"),
    ("12MAR2019", "calendar date"),
    ("March 4th, 2019", "calendar date"),
    ("surgery in March 2019", "calendar date"),
    ("4. März 2019", "calendar date"),
    ("Dez. 2020", "calendar date"),
]

NOBODY = [
    "TCGA-DU-7294",  # barcodes
    "TCGA-DU-7294-01A-11D-2024-08",
    "TCGA-14-2001-01A",
    "UPENN-GBM-00001_11",
    "PCAMPMRI-00775",
    "C16932-7316-123",
    "STS_002",
    "sub-01_ses-02",
    "EGFR",  # genes, among them those that spreadsheets take for dates
    "MARCH1",
    "SEPT9",
    "DEC1",
    "HLA-DOB",
    "HLA-DRB1*15:01",
    "1-Mar",
    "original_glcm_Contrast",  # features
    "wavelet-LLH_firstorder_10Percentile",
    "log-sigma-3-0-mm-3D_glszm_ZoneEntropy",
    "FLAIR_ED_GLCM_Bins-16_Radius-1_Contrast",
    "1.2.840.113619.2.55.3.604688119",  # DICOM UIDs, with times in them
    "1.2.276.0.7230010.3.1.3.20190304121500.1",
    "1.3.6.1.4.1.14519.5.2.1.2001.12.05.7",
    "2.25.329800735698586629295641978511506172918",
    "d41d8cd98f00b204e9800998ecf8427e",  # hashes
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "v3.0.1",  # versions
    "2.10.0",
    "2024.1.2",
    "3.0.1.post4+g0c53d1d.d20190304",
    "NM_004333.4:c.1799T>A",  # HGVS
    "p.R132H",
    "c.76+12345678G>A",
    "g.20010412A>G",
    "chr7:20010412-20010500",  # positions
    "7:140453136-140453136",
    "rs20190304",  # accessions
    "GSE20190304",
    "ENSG00000141510",
    "GEO accession GSE12345",
    "CHEMBL25",
    "50-78-2",  # a CAS number
    "20190304",  # a number, as long as its column does not say otherwise
    "3.14159265358979",
    "1e-10",
    "+0.5",
    "-1234567890",
    "512 512 1200",
    "(120, 130, 100)",
    "1.1.2.3",
    "10^9/L",  # units and powers
    "kg/m^2",
    "mm^3",
    "s*cm^-1",
    "1p/19q",
    "120/80",
    "3/4",
    "grade 3 margin 2010",
    "stable since 2019",
    "Ki-67 > 10%",
    "IDH wildtype, MGMT unmethylated",
    "Glioma, NOS",
    "name of the gene",
    "Siemens TrioTim",  # image headers
    "AX T1 MPRAGE POST GD",
    "t2_tse_tra_320_p2",
    "B30f",
    "https://doi.org/10.1038/s41598-019-45766-z",
    "10.7937/K9/TCIA.2017.MURS5CL",
    "{'Minimum': 1.0, 'Maximum': 2000.0}",
    "STANDARD",
    "",
]

HEX = st.text(alphabet="0123456789abcdef", min_size=8, max_size=64)
NAMES = st.text(alphabet=string.ascii_uppercase, min_size=2, max_size=12)


def test_the_examples_hold() -> None:
    results = doctest.testmod(personal_text)
    assert results.attempted >= 5
    assert results.failed == 0


@pytest.mark.parametrize(("text", "kind"), PEOPLE)
def test_what_looks_like_a_person_is_found(text: str, kind: str) -> None:
    assert looks_like(text) == kind
    assert personal_texts(pl.Series([text])) == {text: kind}


@pytest.mark.parametrize("text", NOBODY)
def test_what_only_resembles_a_person_is_let_in(text: str) -> None:
    assert looks_like(text) is None
    assert personal_texts(pl.Series([text])) == {}


def test_each_text_is_told_once_and_null_is_none() -> None:
    texts = pl.Series(["DOE^JOHN", None, "x", "DOE^JOHN", "2019-03-04"])
    assert personal_texts(texts) == {"DOE^JOHN": "person name", "2019-03-04": "calendar date"}
    assert personal_texts(texts.cast(pl.Categorical)) == personal_texts(texts)


@given(st.lists(st.text(alphabet="aN^@.- :/_0129+()Mrä", max_size=24), max_size=20))
def test_columns_and_single_texts_are_judged_alike(texts: list[str]) -> None:
    found = personal_texts(pl.Series(texts, dtype=pl.String))
    assert found == {text: kind for text in texts if (kind := looks_like(text)) is not None}


@given(st.dates(), st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d %B %Y", "%b %d, %Y"]))
def test_no_date_of_our_time_is_missed(day, form: str) -> None:  # type: ignore[no-untyped-def]
    day = day.replace(year=1900 + day.year % 200)
    assert looks_like(f"seen {day.strftime(form)}, again") == "calendar date"


@given(st.dates(), st.sampled_from(["P7_{}", "{}_0927", "P7-{}", "a {} b", "x/{}/y", "t.{}.nii"]))
def test_no_compact_date_in_a_text_is_missed(day, around: str) -> None:  # type: ignore[no-untyped-def]
    day = day.replace(year=1900 + day.year % 200)
    assert looks_like(around.format(day.strftime("%Y%m%d"))) == "calendar date"


@given(NAMES, NAMES, st.sampled_from(["{}^{}", "{}^{}^X^DR", "T1 {}^{}", "a/{}^{}/b"]))
def test_no_dicom_name_is_missed(family: str, first: str, form: str) -> None:
    assert looks_like(form.format(family, first)) == "person name"


@given(st.lists(st.integers(0, 10**14), min_size=4, max_size=9), st.sampled_from([0, 1, 2]))
def test_no_uid_is_taken_for_a_person(parts: list[int], root: int) -> None:
    assert looks_like(".".join(map(str, [root, *parts]))) is None


@given(st.one_of(st.integers(), st.floats(allow_nan=False)))
def test_no_number_is_taken_for_a_person(number: float) -> None:
    assert looks_like(repr(number)) is None


@given(HEX, st.uuids(version=4))
def test_no_hash_is_taken_for_a_person(digest: str, uuid: UUID) -> None:
    assert looks_like(digest) is None
    assert looks_like(str(uuid)) is None


@given(st.from_regex(r"TCGA-[A-Z0-9]{2}-[A-Z0-9]{4}-[01][0-9][A-Z]-[0-9]{2}[DRW]", fullmatch=True))
def test_no_barcode_is_taken_for_a_person(barcode: str) -> None:
    assert looks_like(barcode) is None


@pytest.mark.parametrize(
    "text", ["3/4/19", "20190304", "20190304121500", "2019-03", "04-Mar-19", "Mar2019"]
)
def test_what_is_a_date_among_dates_alone(text: str) -> None:
    frame = pl.DataFrame({"cell": [text, "17"]})
    assert frame.select(may_be_date("cell")).to_series().to_list() == [True, False]
    assert looks_like(text) is None


@pytest.mark.parametrize(
    "column",
    [
        "PatientName", "patient_name", "Patient's Name", "Name", "LastName", "first name",
        "Nachname", "patient_birth_date", "PatientBirthDate", "date_of_birth", "DOB", "Birthday",
        "Geburtsdatum", "MRN", "patient_mrn", "Medical Record Number", "address", "HomeAddress",
        "Street", "zip", "ZIP_CODE", "postal code", "PLZ", "phone", "PatientTelephoneNumbers",
        "phone_number", "mobile", "fax", "email", "E-Mail", "AccessionNumber", "accession_no",
        "SSN", "social_security_number", "insurance id", "ReferringPhysicianName", "OperatorsName",
    ],
)  # fmt: skip
def test_columns_that_announce_people_are_known(column: str) -> None:
    assert announces_person(column)


@pytest.mark.parametrize(
    "column",
    [
        "ID", "patient_id", "case_submitter_id", "GeneName", "sample_name", "variable name",
        "HLA-DOB", "birth_weight", "age_at_birth", "GEO accession", "ZIP4", "microphone",
        "addressed", "OS_days", "days_to_birth", "IDH1", "grade", "site", "glcm_Contrast",
        "Gender", "Survival_from_surgery_days_UPDATED", "faxed", "MRNA",
    ],
)  # fmt: skip
def test_other_columns_are_left_alone(column: str) -> None:
    assert not announces_person(column)


def test_every_pattern_is_one_for_both_engines() -> None:
    # what Polars does not know it refuses, what it reads otherwise the property test finds
    for pattern in PATTERNS.values():
        assert pl.Series(["x"]).str.contains(pattern).to_list() == [False]
