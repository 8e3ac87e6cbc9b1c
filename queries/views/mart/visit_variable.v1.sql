-- title: What is known of a patient at a visit, as numbers and words
-- grain: a variable of a patient at a visit
-- reference: study.patient, mart.visit_clinical_value, mart.patient_marker_result
-- since: 0.1.0
--
-- source says where a variable is: patient (sex, age_at_day_zero, site), clinical
-- (mart.visit_clinical_value) and biomarker (the result of mart.patient_marker_result where its
-- result_status is ok; at every visit).
-- value_number is the value where it is a number, value_text is the value as a word. A variable
-- without a value has no row.
WITH visit AS (
  SELECT
    timepoint.cohort_id, patient.person_id, timepoint.patient_id, timepoint.timepoint_id,
    patient.sex, patient.age_at_day_zero, patient.site
  FROM study.timepoint
  JOIN study.patient
    ON patient.cohort_id = timepoint.cohort_id
    AND patient.patient_id = timepoint.patient_id
)
SELECT
  cohort_id, person_id, patient_id, timepoint_id,
  'patient' AS source,
  'sex' AS variable,
  CAST(NULL AS DOUBLE) AS value_number,
  sex AS value_text
FROM visit
WHERE sex <> 'unknown'
UNION ALL
SELECT
  cohort_id, person_id, patient_id, timepoint_id,
  'patient', 'age_at_day_zero', CAST(age_at_day_zero AS DOUBLE), CAST(age_at_day_zero AS VARCHAR)
FROM visit
WHERE age_at_day_zero IS NOT NULL
UNION ALL
SELECT
  cohort_id, person_id, patient_id, timepoint_id,
  'patient', 'site', NULL, site
FROM visit
WHERE site IS NOT NULL
UNION ALL
SELECT
  visit.cohort_id, visit.person_id, visit.patient_id, visit.timepoint_id,
  'clinical', clinical.variable, clinical.value_number, clinical.value_text
FROM visit
JOIN mart_versions.visit_clinical_value_v1 AS clinical
  ON clinical.cohort_id = visit.cohort_id
  AND clinical.patient_id = visit.patient_id
  AND clinical.timepoint_id = visit.timepoint_id
UNION ALL
SELECT
  visit.cohort_id, visit.person_id, visit.patient_id, visit.timepoint_id,
  'biomarker', marker_result.marker, NULL, marker_result.result
FROM visit
JOIN mart_versions.patient_marker_result_v1 AS marker_result
  ON marker_result.cohort_id = visit.cohort_id
  AND marker_result.patient_id = visit.patient_id
WHERE marker_result.result_status = 'ok'
