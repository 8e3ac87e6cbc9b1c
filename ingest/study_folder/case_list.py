"""Case lists and gene panels: which samples were profiled, and which genes were looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from roentgene.ingest.study_folder.findings import Finding
from roentgene.ingest.study_folder.key_values import KeyValues, read_key_values
from roentgene.ingest.study_folder.meta_file import field_findings, other_study
from roentgene.schemas.study_folder import study_format

#: Folder of the case lists below a study folder.
CASE_LISTS = "case_lists"
#: How the files of gene panels are called.
PANEL_FILES = "data_gene_panel_*.txt"
_MATRIX = "data_gene_panel_matrix.txt"


@dataclass(frozen=True)
class CaseList:
    """A case list.

    Parameters
    ----------
    name : str
        Its file below the study folder.
    of : str
        What its ``stable_id`` ends in: sequenced, cna, all …
    samples : tuple of str
        Its samples, each once.
    file : KeyValues
        The file itself.
    """

    name: str
    of: str
    samples: tuple[str, ...]
    file: KeyValues


@dataclass(frozen=True)
class GenePanel:
    """A gene panel: its name, its genes and its file."""

    panel: str
    genes: tuple[str, ...]
    file: KeyValues


def read_case_lists(folder: Path, study_id: str | None) -> tuple[list[CaseList], list[Finding]]:
    """Read the case lists of a study folder.

    Parameters
    ----------
    folder : Path
        The study folder.
    study_id : str or None
        The study's id; lists of another study are left out.
    """
    kept: dict[str, CaseList] = {}
    findings: list[Finding] = []
    for path in sorted((folder / CASE_LISTS).glob("*.txt")):
        found, problems = _case_list(path, f"{CASE_LISTS}/{path.name}", study_id)
        if found is not None and found.of in kept:
            detail = f"{kept[found.of].name} has it too"
            problems.append(found.file.finding("stable_id_twice", detail, "stable_id", found.of))
        elif found is not None:
            kept[found.of] = found
        findings += problems
    return list(kept.values()), findings


def _case_list(
    path: Path, name: str, study_id: str | None
) -> tuple[CaseList | None, list[Finding]]:
    file, findings = read_key_values(path, name)
    if file is None:
        return None, findings
    facts = study_format()["case_list"]
    findings += field_findings(file, facts["required"], facts["optional"])
    findings += other_study(file, study_id)
    stable_id = file.get("stable_id") or ""
    study = file.get("cancer_study_identifier") or ""
    if stable_id and not stable_id.startswith(f"{study}_"):
        detail = f"it does not begin with '{study}_'"
        findings.append(file.finding("meta_field_wrong", detail, "stable_id", stable_id))
    ids = file.items("case_list_ids")
    twice = [sample for sample, count in Counter(ids).items() if count > 1]
    if twice:
        detail = f"{len(twice)} samples stand there more than once"
        findings.append(file.finding("case_list_repeats", detail, "case_list_ids", *twice))
    if any(one.severity == "error" for one in findings):
        return None, findings
    of = stable_id.removeprefix(f"{study}_")
    return CaseList(name, of, tuple(dict.fromkeys(ids)), file), findings


def read_panels(folder: Path) -> tuple[dict[str, GenePanel], list[Finding]]:
    """Read the gene panels that lie in a study folder, by their names."""
    panels: dict[str, GenePanel] = {}
    findings: list[Finding] = []
    for path in sorted(folder.glob(PANEL_FILES)):
        if path.name == _MATRIX:
            continue
        file, problems = read_key_values(path, path.name)
        findings += problems
        if file is None:
            continue
        problems = field_findings(file, ("stable_id", "description", "gene_list"), ())
        panel = file.get("stable_id")
        if panel in panels:
            detail = f"{panels[panel].file.name} has it too"
            problems.append(file.finding("stable_id_twice", detail, "stable_id", panel))
        findings += problems
        if panel is not None and not any(one.severity == "error" for one in problems):
            panels[panel] = GenePanel(panel, tuple(file.items("gene_list")), file)
    return panels, findings


def unknown_samples(lists: Iterable[CaseList], known: Mapping[str, str]) -> list[Finding]:
    """Find the samples of case lists that no clinical sample file has."""
    findings = []
    for one in lists:
        absent = [sample for sample in one.samples if sample not in known]
        if absent:
            detail = f"{len(absent)} of {len(one.samples)} samples are in no clinical sample file"
            findings.append(
                one.file.finding("case_list_sample_unknown", detail, "case_list_ids", *absent)
            )
    return findings
