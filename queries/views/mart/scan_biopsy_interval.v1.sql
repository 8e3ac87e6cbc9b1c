-- title: Days between each scan and each specimen or biopsy of a patient
-- grain: an imaging visit of a patient x specimen or biopsy
-- reference: study.timepoint, genomic.sample, clinical.event
-- since: 0.1.0
--
-- interval_days = biopsy_day - scan_day: positive where the tissue was taken after the scan. Tissue
-- are the specimens (source sample, but none that is normal tissue or blood) and the events of type
-- biopsy or surgery on whose day no specimen was collected (source event). Scans are visits with a
-- series. interval_status is no_scan_day or no_biopsy_day where a day is not known; then the
-- interval is NULL. nearest marks the scan with the shortest known interval to that tissue, of two
-- alike the one before it. lesion_id is the lesion that the tissue was taken from; lesion_drawn
-- says whether that lesion was drawn at the scan, index_lesion whether it is the one that
-- mart.index_lesion has; both are NULL where the lesion is not known.
WITH scan AS (
  SELECT
    timepoint.cohort_id, timepoint.patient_id, timepoint.timepoint_id, timepoint.study_day,
    timepoint.visit_order
  FROM study.timepoint
  SEMI JOIN imaging.series
    ON series.cohort_id = timepoint.cohort_id
    AND series.patient_id = timepoint.patient_id
    AND series.timepoint_id = timepoint.timepoint_id
),
specimen AS (
  SELECT cohort_id, patient_id, sample_id, sample_type, collection_day, lesion_id
  FROM genomic.sample
  WHERE NOT regexp_matches(lower(coalesce(sample_type, '')), 'normal|blood|saliva|buccal')
),
tissue AS (
  SELECT
    cohort_id, patient_id, 'sample' AS source, sample_id, sample_type, NULL AS event_type,
    collection_day AS biopsy_day, lesion_id
  FROM specimen
  UNION
  SELECT
    event.cohort_id, event.patient_id, 'event' AS source, NULL AS sample_id, NULL AS sample_type,
    event.event_type, event.start_day AS biopsy_day, NULL AS lesion_id
  FROM clinical.event
  ANTI JOIN specimen
    ON specimen.cohort_id = event.cohort_id
    AND specimen.patient_id = event.patient_id
    AND specimen.collection_day = event.start_day
  WHERE event.event_type IN ('biopsy', 'surgery')
),
drawn AS (
  SELECT DISTINCT cohort_id, patient_id, timepoint_id, lesion_id
  FROM imaging.segmentation
  WHERE coalesce(voxel_count, 1) > 0
    AND repeat_no <= 1000
),
paired AS (
  SELECT
    scan.cohort_id, scan.patient_id, scan.timepoint_id, scan.study_day AS scan_day,
    scan.visit_order, tissue.source, tissue.sample_id, tissue.sample_type, tissue.event_type,
    tissue.biopsy_day, tissue.lesion_id,
    tissue.biopsy_day - scan.study_day AS interval_days,
    row_number() OVER (
      PARTITION BY
        scan.cohort_id, scan.patient_id, tissue.source, tissue.sample_id, tissue.event_type,
        tissue.biopsy_day
      ORDER BY
        abs(tissue.biopsy_day - scan.study_day) NULLS LAST, scan.study_day, scan.visit_order,
        scan.timepoint_id
    ) AS place
  FROM scan
  JOIN tissue
    ON tissue.cohort_id = scan.cohort_id
    AND tissue.patient_id = scan.patient_id
)
SELECT
  paired.cohort_id,
  patient.person_id,
  paired.patient_id,
  paired.timepoint_id,
  paired.visit_order,
  paired.scan_day,
  paired.source,
  paired.sample_id,
  paired.sample_type,
  paired.event_type,
  paired.biopsy_day,
  paired.interval_days,
  CASE
    WHEN paired.scan_day IS NULL THEN 'no_scan_day'
    WHEN paired.biopsy_day IS NULL THEN 'no_biopsy_day'
    ELSE 'ok'
  END AS interval_status,
  coalesce(paired.place = 1 AND paired.interval_days IS NOT NULL, FALSE) AS nearest,
  paired.lesion_id,
  CASE WHEN paired.lesion_id IS NOT NULL THEN drawn.lesion_id IS NOT NULL END AS lesion_drawn,
  paired.lesion_id = index_lesion.lesion_id AS index_lesion
FROM paired
JOIN study.patient
  ON patient.cohort_id = paired.cohort_id
  AND patient.patient_id = paired.patient_id
LEFT JOIN drawn
  ON drawn.cohort_id = paired.cohort_id
  AND drawn.patient_id = paired.patient_id
  AND drawn.timepoint_id = paired.timepoint_id
  AND drawn.lesion_id = paired.lesion_id
LEFT JOIN mart_versions.index_lesion_v1 AS index_lesion
  ON index_lesion.cohort_id = paired.cohort_id
  AND index_lesion.patient_id = paired.patient_id
