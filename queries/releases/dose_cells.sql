-- title: Dose metrics of patients
-- grain: a dose x structure x profile x feature x unit
-- reference: imaging.dose_feature
SELECT
  dose.cohort_id,
  dose.patient_id,
  dose.timepoint_id,
  timepoint.study_day,
  dose.dose_id,
  segmentation.region,
  segmentation.rater_id,
  extraction.profile,
  extraction.engine,
  extraction.engine_version,
  extraction.settings_hash,
  extraction.extraction_id,
  dose_feature.feature,
  dose_feature.unit,
  dose_feature.value,
  dose_feature.batch_id
FROM imaging.dose_feature
JOIN imaging.dose
  ON dose.cohort_id = dose_feature.cohort_id
  AND dose.dose_id = dose_feature.dose_id
JOIN imaging.segmentation ON segmentation.segmentation_id = dose_feature.segmentation_id
JOIN imaging.extraction ON extraction.extraction_id = dose_feature.extraction_id
LEFT JOIN study.timepoint
  ON timepoint.cohort_id = dose.cohort_id
  AND timepoint.patient_id = dose.patient_id
  AND timepoint.timepoint_id = dose.timepoint_id
WHERE dose_feature.value_status = 'ok'
  AND list_contains(CAST($cohorts AS VARCHAR[]), dose.cohort_id)
ORDER BY
  dose.cohort_id, dose.patient_id, dose.timepoint_id, dose.dose_id, segmentation.region,
  segmentation.rater_id, extraction.profile, dose_feature.feature, dose_feature.unit
