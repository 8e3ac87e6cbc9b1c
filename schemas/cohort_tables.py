"""The tables of a cohort file: one model a kind, with its file, its columns and its id rules."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from roentgene.schemas.clinical_tables import ClinicalTable as ClinicalTable
from roentgene.schemas.clinical_tables import RedcapTable as RedcapTable
from roentgene.schemas.course_tables import BiomarkerTable as BiomarkerTable
from roentgene.schemas.course_tables import EventTable as EventTable
from roentgene.schemas.course_tables import OutcomeTable as OutcomeTable
from roentgene.schemas.course_tables import ResponseTable as ResponseTable
from roentgene.schemas.course_tables import TimepointTable as TimepointTable
from roentgene.schemas.course_tables import TreatmentTable as TreatmentTable
from roentgene.schemas.divided_ids import FEATURE_KEYS as FEATURE_KEYS
from roentgene.schemas.divided_ids import DividedIds as DividedIds
from roentgene.schemas.matrix_tables import AssayValueTable as AssayValueTable
from roentgene.schemas.matrix_tables import CopyNumberTable as CopyNumberTable
from roentgene.schemas.matrix_tables import ExpressionTable as ExpressionTable
from roentgene.schemas.matrix_tables import GisticTable as GisticTable
from roentgene.schemas.matrix_tables import MethylationTable as MethylationTable
from roentgene.schemas.matrix_tables import SegmentTable as SegmentTable
from roentgene.schemas.measured_tables import DvhTable as DvhTable
from roentgene.schemas.measured_tables import FeaturesTable as FeaturesTable
from roentgene.schemas.panel_tables import GenePanelMatrix as GenePanelMatrix
from roentgene.schemas.panel_tables import GenePanelTable as GenePanelTable
from roentgene.schemas.panel_tables import GeneSetTable as GeneSetTable
from roentgene.schemas.person_tables import PersonLinkTable as PersonLinkTable
from roentgene.schemas.person_tables import SampleTable as SampleTable
from roentgene.schemas.specimen_tables import SampleVariableTable as SampleVariableTable
from roentgene.schemas.specimen_tables import TimeLineTable as TimeLineTable
from roentgene.schemas.study_folder import StudyFolder as StudyFolder
from roentgene.schemas.table_source import MISSING_WORDS as MISSING_WORDS
from roentgene.schemas.table_source import IdRule as IdRule
from roentgene.schemas.table_source import TableSource as TableSource
from roentgene.schemas.variant_source import Profiled as Profiled
from roentgene.schemas.variant_tables import GenotypeTable as GenotypeTable
from roentgene.schemas.variant_tables import MutationTable as MutationTable
from roentgene.schemas.variant_tables import StructuralVariantTable as StructuralVariantTable

TableDeclaration = Annotated[
    ClinicalTable
    | OutcomeTable
    | ExpressionTable
    | CopyNumberTable
    | MethylationTable
    | AssayValueTable
    | SegmentTable
    | GisticTable
    | SampleTable
    | PersonLinkTable
    | TimepointTable
    | EventTable
    | RedcapTable
    | TreatmentTable
    | ResponseTable
    | BiomarkerTable
    | MutationTable
    | StructuralVariantTable
    | GenotypeTable
    | GenePanelTable
    | GenePanelMatrix
    | GeneSetTable
    | SampleVariableTable
    | TimeLineTable
    | StudyFolder
    | FeaturesTable
    | DvhTable,
    Field(discriminator="kind"),
]
