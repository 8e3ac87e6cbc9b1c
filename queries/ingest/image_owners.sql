-- title: Everybody under whom an image stands
-- grain: an image x patient
-- reference: imaging.series
--
-- A patient of the cohort is called by the id, one of another cohort also by that cohort. Who is
-- one person with a patient of the cohort is left out: a person may own an image twice.
SELECT DISTINCT
  series.content_hash,
  CASE
    WHEN series.cohort_id = $cohort_id THEN series.patient_id
    ELSE series.patient_id || ' of ' || series.cohort_id
  END AS owner
FROM imaging.series
JOIN study.patient
  ON patient.cohort_id = series.cohort_id
  AND patient.patient_id = series.patient_id
WHERE series.content_hash IS NOT NULL
  AND (
    series.cohort_id = $cohort_id
    OR patient.person_id NOT IN (
      SELECT own.person_id FROM study.patient AS own WHERE own.cohort_id = $cohort_id
    )
  )
