-- title: Everything of a patient that has a day
-- grain: a patient of a cohort x what x name x study day
-- reference: study_day, start_day and collection_day of the stored tables
-- since: 0.1.0
--
-- One time line of visits, events, treatments, specimens, biomarkers, responses and response_labels
-- (whether a progression was true, by the day since which that is known: mart.response_label), in
-- days from the cohort's day zero. name is the timepoint_id, event_type, treatment, sample_id,
-- marker or criteria. study_day is NULL where it is not known. A specimen without a collection_day
-- and a response without a day of its own have the day of their visit; so have images, features and
-- clinical variables of a visit, which therefore need no row of their own. What a person has in two
-- cohorts stands under both patients: mart.person_day brings it to one day zero.
WITH visit AS (
  SELECT cohort_id, patient_id, timepoint_id, study_day
  FROM study.timepoint
),
dated AS (
  SELECT
    cohort_id, patient_id, 'visit' AS what, timepoint_id AS name, timepoint_id, study_day
  FROM visit
  UNION ALL
  SELECT
    cohort_id, patient_id, 'event' AS what, event_type AS name, NULL AS timepoint_id,
    start_day AS study_day
  FROM clinical.event
  UNION ALL
  SELECT
    cohort_id, patient_id, 'treatment' AS what, treatment AS name, NULL AS timepoint_id,
    start_day AS study_day
  FROM clinical.treatment
  UNION ALL
  SELECT
    sample.cohort_id, sample.patient_id, 'sample' AS what, sample.sample_id AS name,
    sample.timepoint_id, coalesce(sample.collection_day, visit.study_day) AS study_day
  FROM genomic.sample
  LEFT JOIN visit
    ON visit.cohort_id = sample.cohort_id
    AND visit.patient_id = sample.patient_id
    AND visit.timepoint_id = sample.timepoint_id
  UNION ALL
  SELECT
    cohort_id, patient_id, 'biomarker' AS what, marker AS name, NULL AS timepoint_id, study_day
  FROM genomic.biomarker
  UNION ALL
  SELECT
    response.cohort_id, response.patient_id, 'response' AS what, response.criteria AS name,
    response.timepoint_id, coalesce(response.study_day, visit.study_day) AS study_day
  FROM clinical.response
  LEFT JOIN visit
    ON visit.cohort_id = response.cohort_id
    AND visit.patient_id = response.patient_id
    AND visit.timepoint_id = response.timepoint_id
  UNION ALL
  SELECT
    cohort_id, patient_id, 'response_label' AS what, criteria AS name, timepoint_id,
    known_day AS study_day
  FROM mart_versions.response_label_v1
  WHERE candidate_label <> 'unconfirmed'
)
SELECT DISTINCT
  dated.cohort_id,
  patient.person_id,
  dated.patient_id,
  dated.what,
  dated.name,
  dated.timepoint_id,
  dated.study_day
FROM dated
JOIN study.patient
  ON patient.cohort_id = dated.cohort_id
  AND patient.patient_id = dated.patient_id
