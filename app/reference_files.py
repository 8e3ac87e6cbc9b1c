"""Pages of the reference about the files that people write."""

from __future__ import annotations

from importlib.resources import files
from string import Template

import yaml

from roentgene.app.markdown import code, fenced, link, page
from roentgene.app.reference_keys import MISSING, Section, name_rule, section_blocks
from roentgene.app.reference_names import TABLES
from roentgene.schemas.analyses.association import Association
from roentgene.schemas.analyses.enrichment import Enrichment
from roentgene.schemas.analyses.harmonization import Harmonization
from roentgene.schemas.analyses.pathway_score import PathwayScore
from roentgene.schemas.analyses.selection_stability import SelectionStability
from roentgene.schemas.analyses.stability import Stability
from roentgene.schemas.analyses.survival import Survival
from roentgene.schemas.cohort import Cohort
from roentgene.schemas.release import ReleaseSpec
from roentgene.schemas.study import PACKAGED_PROFILES, STUDY_FILE, Study
from roentgene.schemas.table_source import MISSING_WORDS

_TOP = "Top level"
# what the templates of the demo leave open
_EXAMPLE = {
    "cohort_id": "DEMO",
    "expression_profile": "rna_tpm",
    "panel_genes": "IDH1, TP53",
    "profiled_samples": "DEMO-001-T, DEMO-002-T",
}


def cohort_page() -> str:
    """Write every key of a cohort file."""
    return page(
        "# The cohort file",
        "What an operator writes about one population: who it is, where its images and tables "
        "are, and what is to be measured. `roentgene ingest plan COHORT.yaml` says what would "
        "come of it, `roentgene ingest run COHORT.yaml` does it. Paths are relative to the file. "
        "A key that is not known is refused, with the nearest one that is.",
        name_rule(),
        "The study of `roentgene demo` is ingested from this one:",
        fenced(_example("cohort.yaml"), "yaml"),
        *section_blocks([Section(_TOP, Cohort)]),
        f"## {MISSING}",
        "A cell that holds nothing but one of these means no value, in every table that does not "
        "name its own words under `missing`:",
        ", ".join(code(word) if word else "the empty cell" for word in MISSING_WORDS) + ".",
    )


def study_page() -> str:
    """Write every key of ``study.yaml``, and the profiles that come with roentgene."""
    packaged = {
        name: profile.model_dump(mode="json", exclude_defaults=True)
        for name, profile in PACKAGED_PROFILES.items()
    }
    return page(
        "# The study file",
        f"The settings of one warehouse: {code(STUDY_FILE)} in its folder, made by "
        "`roentgene init DIR`. After a change of `gates`, or of a profile, the next `roentgene "
        "ingest run` measures again what it concerns. A change of `view_versions` or "
        "`patient_feature` holds from the next command on that writes to the warehouse.",
        *section_blocks([Section(_TOP, Study)]),
        "## Profiles that come with roentgene",
        "A study may add others under names of their own, but not change these:",
        fenced(yaml.safe_dump(packaged, sort_keys=False, default_flow_style=None), "yaml"),
    )


def analysis_page() -> str:
    """Write every key of an analysis file."""
    return page(
        "# The analysis file",
        "A question, written down before the answer. `roentgene analyze SPEC.yaml` asks it, and "
        f"records the run in {link('ops.analysis_run', 'ops.analysis_run', TABLES)}. The "
        "same question about the same data is one run. A filter that is left out lets everything "
        "in; the order of names means nothing.",
        name_rule(),
        "The demo asks these two:",
        fenced(_example("stability.yaml"), "yaml"),
        fenced(_example("association.yaml"), "yaml"),
        *section_blocks(
            [
                Section("analysis: stability", Stability),
                Section("analysis: selection_stability", SelectionStability),
                Section("analysis: harmonization", Harmonization),
                Section("analysis: association", Association),
                Section("analysis: survival", Survival),
                Section("analysis: enrichment", Enrichment),
                Section("analysis: pathway_score", PathwayScore),
            ]
        ),
    )


def release_page() -> str:
    """Write every key of a release file."""
    return page(
        "# The release file",
        "What a frozen data set holds: who, which columns, which target, which splits. `roentgene "
        "release create NAME --spec SPEC.yaml` makes it and records it in "
        f"{link('ops.release', 'ops.release', TABLES)}. A single word stands for a list of one. "
        "The name of a release has no blanks.",
        name_rule(),
        "The demo ends with this one:",
        fenced(_example("release.yaml"), "yaml"),
        *section_blocks([Section(_TOP, ReleaseSpec)]),
    )


def _example(template: str) -> str:
    file = files("roentgene.app.demo") / "templates" / template
    return Template(file.read_text(encoding="utf-8")).substitute(_EXAMPLE)
