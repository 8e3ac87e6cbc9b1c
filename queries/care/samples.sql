-- title: Specimens of a person
-- grain: a sample
-- reference: study.patient, genomic.sample
SELECT
  samples.cohort_id,
  samples.sample_id
FROM genomic.sample AS samples
JOIN study.patient AS patients
  ON patients.cohort_id = samples.cohort_id
  AND patients.patient_id = samples.patient_id
WHERE patients.person_id = $person_id
ORDER BY samples.cohort_id, samples.sample_id
