-- title: What each source says of each marker of a patient
-- grain: a patient x marker x source, by its name and visit
-- reference: vocab.marker and vocab.marker_result, the packaged list of names and words
-- since: 0.1.0
--
-- Clinical variables of patients and of samples, biomarkers and the sex of the patient, as far as
-- vocab.marker knows the name of the column or marker and vocab.marker_result the word. A word that
-- stands in neither says nothing here. given are the words of the file, result what they stand for;
-- undecided says that no result was reached (Indeterminate, NOS). name is the variable, or the
-- biomarker with its method and day; place tells the rows of a patient apart. hugo_symbols are the
-- genes that the marker speaks of, protein_changes the changes that it is positive for, where no
-- other mutation counts. What the mutation tables say stands in mart.gene_status.
WITH said AS (
  SELECT
    variable.cohort_id,
    variable.patient_id,
    'clinical.variable' AS source,
    variable.variable AS name,
    variable.timepoint_id,
    coalesce(variable.value_text, variable.as_given) AS given,
    regexp_replace(lower(variable.variable), '[^a-z0-9]', '', 'g') AS folded
  FROM clinical.variable
  WHERE variable.as_given IS NOT NULL
  UNION ALL
  SELECT
    sample.cohort_id,
    sample.patient_id,
    'clinical.sample_variable' AS source,
    sample_variable.variable || ' of ' || sample_variable.sample_id AS name,
    NULL AS timepoint_id,
    coalesce(sample_variable.value_text, sample_variable.as_given) AS given,
    regexp_replace(lower(sample_variable.variable), '[^a-z0-9]', '', 'g') AS folded
  FROM clinical.sample_variable
  JOIN genomic.sample
    ON sample.cohort_id = sample_variable.cohort_id
    AND sample.sample_id = sample_variable.sample_id
  WHERE sample_variable.as_given IS NOT NULL
  UNION ALL
  SELECT
    biomarker.cohort_id,
    biomarker.patient_id,
    'genomic.biomarker' AS source,
    concat_ws(
      ' ', biomarker.marker, 'by ' || biomarker.method, 'on day ' || biomarker.study_day
    ) AS name,
    NULL AS timepoint_id,
    biomarker.result AS given,
    regexp_replace(lower(biomarker.marker), '[^a-z0-9]', '', 'g') AS folded
  FROM genomic.biomarker
  UNION ALL
  SELECT
    patient.cohort_id,
    patient.patient_id,
    'study.patient' AS source,
    'sex' AS name,
    NULL AS timepoint_id,
    patient.sex AS given,
    'sex' AS folded
  FROM study.patient
  WHERE patient.sex IS NOT NULL
)
SELECT
  said.cohort_id,
  patient.person_id,
  said.patient_id,
  said.source,
  said.name,
  said.timepoint_id,
  said.given,
  concat_ws('/', said.source, said.name, coalesce(said.timepoint_id, '')) AS place,
  marker.marker,
  marker.tells,
  marker.hugo_symbols,
  marker.protein_changes,
  marker_result.result
FROM said
JOIN study.patient
  ON patient.cohort_id = said.cohort_id
  AND patient.patient_id = said.patient_id
JOIN vocab.marker ON marker.equivalent = said.folded
JOIN vocab.marker_result
  ON marker_result.tells = marker.tells
  AND marker_result.word = regexp_replace(
    regexp_replace(lower(said.given), '[^a-z0-9+-]', '', 'g'),
    '-+([a-z0-9+])', '\1', 'g'
  )
