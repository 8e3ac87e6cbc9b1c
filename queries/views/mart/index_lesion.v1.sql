-- title: Index lesion of each patient
-- grain: a patient of a cohort
-- reference: patient_feature in study.yaml: reference_rater, index_region and lesion_rule
-- since: 0.1.0
--
-- The one lesion that stands for its patient at every visit and in every region, where lesion_rule
-- is index. index_rule says how it was chosen: named, by the patient's index_lesion that a clinical
-- table gave; only, where the patient has one lesion at baseline; largest, by volume_mm3 at
-- baseline, ties by lesion_id. Baseline is the patient's first visit (lowest visit_order) at which
-- a counted region was drawn. Counted are the first repeats of the reference_rater, or, without
-- one, of whoever drew alone; of index_region, or, without one, of every region that was drawn and
-- not derived, so that no ring decides; and only where voxels are in the mask. The volume of a
-- lesion is that of its largest counted region. There is no row where nothing is counted, several
-- raters drew and none is the reference, or there are several lesions and the volume of one is not
-- known. A named lesion needs nothing of this, not even an image.
WITH rule AS (
  SELECT
    max(value) FILTER (name = 'reference_rater') AS reference_rater,
    max(value) FILTER (name = 'index_region') AS index_region
  FROM study.setting
),
counted AS (
  SELECT
    segmentation.cohort_id, segmentation.patient_id, segmentation.lesion_id,
    segmentation.rater_id, segmentation.volume_mm3, timepoint.timepoint_id, timepoint.visit_order
  FROM imaging.segmentation
  JOIN study.timepoint
    ON timepoint.cohort_id = segmentation.cohort_id
    AND timepoint.patient_id = segmentation.patient_id
    AND timepoint.timepoint_id = segmentation.timepoint_id
  CROSS JOIN rule
  WHERE segmentation.repeat_no = 1
    AND coalesce(segmentation.voxel_count, 1) > 0
    AND coalesce(
      segmentation.region = rule.index_region,
      segmentation.source = 'table'
      OR segmentation.derivation = 'every value but 0'
      OR starts_with(segmentation.derivation, 'label ')
    )
    AND coalesce(segmentation.rater_id = rule.reference_rater, TRUE)
),
baseline AS (
  SELECT
    counted.cohort_id, counted.patient_id, counted.lesion_id, counted.rater_id,
    counted.volume_mm3, counted.timepoint_id,
    dense_rank() OVER (
      PARTITION BY counted.cohort_id, counted.patient_id ORDER BY counted.visit_order
    ) AS visit
  FROM counted
),
rated AS (
  SELECT cohort_id, patient_id, count(DISTINCT rater_id) AS n_raters
  FROM baseline
  WHERE visit = 1
  GROUP BY cohort_id, patient_id
),
lesion AS (
  SELECT
    baseline.cohort_id, baseline.patient_id, baseline.lesion_id, baseline.timepoint_id,
    max(baseline.volume_mm3) AS volume_mm3
  FROM baseline
  JOIN rated
    ON rated.cohort_id = baseline.cohort_id
    AND rated.patient_id = baseline.patient_id
  WHERE baseline.visit = 1
    AND rated.n_raters = 1
  GROUP BY
    baseline.cohort_id, baseline.patient_id, baseline.lesion_id, baseline.timepoint_id
),
ranked AS (
  SELECT
    cohort_id, patient_id, lesion_id, timepoint_id, volume_mm3,
    row_number() OVER (
      PARTITION BY cohort_id, patient_id ORDER BY volume_mm3 DESC NULLS LAST, lesion_id
    ) AS place,
    count(*) OVER (PARTITION BY cohort_id, patient_id) AS n_lesions,
    count(volume_mm3) OVER (PARTITION BY cohort_id, patient_id) AS n_volumes
  FROM lesion
)
SELECT
  patient.cohort_id,
  patient.patient_id,
  coalesce(patient.index_lesion, ranked.lesion_id) AS lesion_id,
  CASE
    WHEN patient.index_lesion IS NOT NULL THEN 'named'
    WHEN ranked.n_lesions = 1 THEN 'only'
    ELSE 'largest'
  END AS index_rule,
  CASE WHEN patient.index_lesion IS NULL THEN ranked.timepoint_id END AS timepoint_id,
  CASE WHEN patient.index_lesion IS NULL THEN ranked.volume_mm3 END AS volume_mm3,
  ranked.n_lesions
FROM study.patient
LEFT JOIN ranked
  ON ranked.cohort_id = patient.cohort_id
  AND ranked.patient_id = patient.patient_id
  AND ranked.place = 1
  AND (ranked.n_lesions = 1 OR ranked.n_volumes = ranked.n_lesions)
WHERE patient.index_lesion IS NOT NULL
  OR ranked.lesion_id IS NOT NULL
