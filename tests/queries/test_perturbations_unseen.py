"""Every query that reads segmentations says which repetitions it counts.

Perturbations are segmentations with a `repeat_no` above 1000. A view that forgets them counts each
mask many times over; what is listed here was looked at.
"""

from __future__ import annotations

import re
from pathlib import Path

import roentgene.queries

FOLDER = Path(roentgene.queries.__file__).parent
READS = re.compile(r"\b(FROM|JOIN)\s+imaging\.(segmentation|measurement)\b")
COUNTS = re.compile(r"\brepeat_no\s*(<=\s*1000|= 1|>\s*1000)")
#: Why each of these may see perturbations, or cannot.
EXCUSED = {
    "releases/dose_cells.sql": "nothing is perturbed on a dose",
    "releases/measurement_sources.sql": "of measurements that a release has taken",
    "trace/measurements.sql": "of one measurement that is named",
    "trace/value_of_feature.sql": "of one measurement that is named",
    "views/mart/feature_agreement.v1.sql": "of pairs, and perturbations are compared with nothing",
    "views/mart/harmonized_feature.v1.sql": "joined to those that mart.patient_measurement takes",
    "views/mart/segmentation_agreement.v1.sql": "perturbations are compared with nothing",
}
#: Folders whose queries look after stored rows, perturbed ones among them.
KEEPING = ("ingest/", "gates/", "warehouse/", "care/", "app/batches", "migrations/")


def test_every_query_on_segmentations_says_which_repetitions_it_counts() -> None:
    silent = set()
    for path in sorted(FOLDER.rglob("*.sql")):
        name, text = path.relative_to(FOLDER).as_posix(), path.read_text(encoding="utf-8")
        if READS.search(text) and not COUNTS.search(text) and not name.startswith(KEEPING):
            silent.add(name)
    assert silent - EXCUSED.keys() == set(), "count repeat_no <= 1000, or say here why not"
