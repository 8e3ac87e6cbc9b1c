-- title: Dose metrics of persons at one visit
-- grain: a metric, in its unit, of a person in a region under a profile
-- reference: imaging.dose_feature; of several raters the reference_rater of study.yaml
--
-- sequence is the DoseSummationType of the grid. Several grids or lesions of a person are several
-- rows: the analysis refuses them.
WITH rule AS (
  SELECT max(value) FILTER (name = 'reference_rater') AS reference_rater
  FROM study.setting
)
SELECT
  patient.person_id,
  dose.cohort_id,
  patient.site,
  dose.timepoint_id,
  coalesce(dose.summation_type, 'dose') AS sequence,
  segmentation.region,
  extraction.profile,
  dose_feature.feature || ' [' || dose_feature.unit || ']' AS feature,
  feature.class IN ('shape', 'morphology') AS is_shape,
  1 AS n_lesions,
  dose_feature.value
FROM imaging.dose_feature
JOIN imaging.dose
  ON dose.cohort_id = dose_feature.cohort_id
  AND dose.dose_id = dose_feature.dose_id
JOIN imaging.segmentation ON segmentation.segmentation_id = dose_feature.segmentation_id
JOIN imaging.extraction ON extraction.extraction_id = dose_feature.extraction_id
JOIN study.patient
  ON patient.cohort_id = dose.cohort_id
  AND patient.patient_id = dose.patient_id
CROSS JOIN rule
LEFT JOIN vocab.feature
  ON feature.engine = extraction.engine
  AND feature.feature = dose_feature.feature
WHERE dose.cohort_id = ANY($cohorts)
  AND dose.timepoint_id = $timepoint
  AND segmentation.repeat_no = 1
  AND segmentation.rater_id = coalesce(rule.reference_rater, segmentation.rater_id)
  AND (
    $summation_types IS NULL
    OR list_contains(CAST($summation_types AS VARCHAR[]), dose.summation_type)
  )
  AND ($regions IS NULL OR list_contains(CAST($regions AS VARCHAR[]), segmentation.region))
  AND (
    $sequences IS NULL
    OR list_contains(CAST($sequences AS VARCHAR[]), coalesce(dose.summation_type, 'dose'))
  )
  AND ($profiles IS NULL OR list_contains(CAST($profiles AS VARCHAR[]), extraction.profile))
  AND (
    $features IS NULL
    OR list_contains(
      CAST($features AS VARCHAR[]), dose_feature.feature || ' [' || dose_feature.unit || ']'
    )
  )
  AND dose_feature.value_status = 'ok'
  AND dose_feature.value IS NOT NULL
ORDER BY sequence, segmentation.region, extraction.profile, feature, patient.person_id
