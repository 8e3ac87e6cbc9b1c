-- title: Images that stand under two persons
-- grain: two patients that share an image, at least one of them of the cohort
-- reference: imaging.series by its content_hash, study.patient for the person
WITH owner AS (
  SELECT
    series.content_hash,
    series.cohort_id,
    series.patient_id,
    -- a patient without a row is a person of their own; the reference gate tells of the missing row
    coalesce(
      any_value(patient.person_id),
      concat(series.cohort_id, ':', series.patient_id)
    ) AS person_id,
    min(series.file_path) AS file_path
  FROM imaging.series AS series
  LEFT JOIN study.patient AS patient
    ON patient.cohort_id = series.cohort_id
    AND patient.patient_id = series.patient_id
  WHERE series.content_hash IS NOT NULL
  GROUP BY series.content_hash, series.cohort_id, series.patient_id
)
SELECT
  one.content_hash,
  one.cohort_id AS cohort_id_a,
  one.patient_id AS patient_id_a,
  one.file_path AS file_path_a,
  other.cohort_id AS cohort_id_b,
  other.patient_id AS patient_id_b,
  other.file_path AS file_path_b
FROM owner AS one
JOIN owner AS other
  ON other.content_hash = one.content_hash
  AND other.person_id <> one.person_id
WHERE one.cohort_id = $cohort_id
  -- within the cohort each pair once
  AND (other.cohort_id <> $cohort_id OR one.patient_id < other.patient_id)
ORDER BY patient_id_a, cohort_id_b, patient_id_b, one.content_hash
