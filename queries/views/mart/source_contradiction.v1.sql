-- title: Facts of which two sources say different things
-- grain: a patient x fact x pair of sources that contradict each other
-- reference: vocab.marker and vocab.marker_result, the packaged list of names and words
-- since: 0.1.0
--
-- Kind marker and kind sex: those of mart.marker_contradiction. Kind profiled: a gene is mutated
-- that no panel of the person holds. Kind age: the patient's own and those of clinical variables of
-- known names; ages differ by more than a year, and those at later scans do not count. Kind outcome:
-- rows that were passed over, or an event under one anchor that is none under another. Kind refused:
-- rows of a patient that a gate refused because they disagree; what they say stands in given_a.
-- given are the words of the file, result what they stand for. Every pair stands once.
WITH panelled AS (
  SELECT cohort_id, person_id
  FROM mart_versions.gene_status_v1
  GROUP BY cohort_id, person_id
  HAVING max(n_samples_profiled) > 0
),
age_claim AS (
  SELECT
    patient.cohort_id,
    patient.patient_id,
    'age at ' || cohort.day_zero AS fact,
    'study.patient' AS source,
    'age_at_day_zero' AS name,
    NULL AS timepoint_id,
    patient.age_at_day_zero AS age
  FROM study.patient
  JOIN study.cohort ON cohort.cohort_id = patient.cohort_id
  WHERE patient.age_at_day_zero IS NOT NULL
  UNION ALL
  SELECT
    variable.cohort_id,
    variable.patient_id,
    marker.marker AS fact,
    'clinical.variable' AS source,
    variable.variable AS name,
    variable.timepoint_id,
    variable.value_number AS age
  FROM clinical.variable
  JOIN vocab.marker
    ON marker.equivalent = regexp_replace(lower(variable.variable), '[^a-z0-9]', '', 'g')
  LEFT JOIN study.timepoint
    ON timepoint.cohort_id = variable.cohort_id
    AND timepoint.patient_id = variable.patient_id
    AND timepoint.timepoint_id = variable.timepoint_id
  WHERE marker.tells = 'age'
    AND variable.value_number IS NOT NULL
    AND (
      marker.marker <> 'age at baseline_scan'
      OR variable.timepoint_id IS NULL
      OR timepoint.visit_order = 0
      OR timepoint.study_day = 0
    )
),
contradiction AS (
  SELECT
    cohort_id, patient_id, kind, fact, contradiction, source_a, name_a, timepoint_a, result_a,
    given_a, source_b, name_b, timepoint_b, result_b, given_b
  FROM mart_versions.marker_contradiction_v1
  UNION ALL
  SELECT
    gene_status.cohort_id,
    patient.patient_id,
    'profiled' AS kind,
    gene_status.hugo_symbol AS fact,
    'opposite' AS contradiction,
    'genomic.mutation' AS source_a,
    gene_status.hugo_symbol AS name_a,
    NULL AS timepoint_a,
    'MUT' AS result_a,
    gene_status.hgvsp_short AS given_a,
    'genomic.assay' AS source_b,
    gene_status.hugo_symbol AS name_b,
    NULL AS timepoint_b,
    'NP' AS result_b,
    NULL AS given_b
  FROM mart_versions.gene_status_v1 AS gene_status
  JOIN panelled
    ON panelled.cohort_id = gene_status.cohort_id
    AND panelled.person_id = gene_status.person_id
  JOIN study.patient
    ON patient.cohort_id = gene_status.cohort_id
    AND patient.person_id = gene_status.person_id
  WHERE gene_status.status = 'MUT'
    AND gene_status.n_samples_profiled = 0
  UNION ALL
  SELECT
    a.cohort_id,
    a.patient_id,
    'age' AS kind,
    a.fact,
    'differs' AS contradiction,
    a.source AS source_a,
    a.name AS name_a,
    a.timepoint_id AS timepoint_a,
    CAST(a.age AS VARCHAR) AS result_a,
    CAST(a.age AS VARCHAR) AS given_a,
    b.source AS source_b,
    b.name AS name_b,
    b.timepoint_id AS timepoint_b,
    CAST(b.age AS VARCHAR) AS result_b,
    CAST(b.age AS VARCHAR) AS given_b
  FROM age_claim AS a
  JOIN age_claim AS b
    ON b.cohort_id = a.cohort_id
    AND b.patient_id = a.patient_id
    AND b.fact = a.fact
    AND concat_ws('/', a.source, a.name, coalesce(a.timepoint_id, ''))
    < concat_ws('/', b.source, b.name, coalesce(b.timepoint_id, ''))
    AND abs(a.age - b.age) > 1
  UNION ALL
  SELECT
    cohort_id,
    patient_id,
    'outcome' AS kind,
    endpoint AS fact,
    'differs' AS contradiction,
    'clinical.outcome' AS source_a,
    endpoint AS name_a,
    NULL AS timepoint_a,
    CAST(event AS VARCHAR) AS result_a,
    as_given AS given_a,
    'passed over by rule ' || choice AS source_b,
    endpoint AS name_b,
    NULL AS timepoint_b,
    NULL AS result_b,
    passed_over AS given_b
  FROM clinical.outcome
  WHERE choice IS NOT NULL
  UNION ALL
  SELECT
    a.cohort_id,
    a.patient_id,
    'outcome' AS kind,
    a.endpoint AS fact,
    'opposite' AS contradiction,
    'clinical.outcome' AS source_a,
    a.endpoint || ' from ' || a.start_anchor AS name_a,
    NULL AS timepoint_a,
    CAST(a.event AS VARCHAR) AS result_a,
    a.as_given AS given_a,
    'clinical.outcome' AS source_b,
    b.endpoint || ' from ' || b.start_anchor AS name_b,
    NULL AS timepoint_b,
    CAST(b.event AS VARCHAR) AS result_b,
    b.as_given AS given_b
  FROM clinical.outcome AS a
  JOIN clinical.outcome AS b
    ON b.cohort_id = a.cohort_id
    AND b.patient_id = a.patient_id
    AND b.endpoint = a.endpoint
    AND a.start_anchor < b.start_anchor
    AND a.event <> b.event
  UNION ALL
  SELECT
    quarantine.cohort_id,
    patient.patient_id,
    'refused' AS kind,
    coalesce(quarantine.column_name, quarantine.file_path) AS fact,
    'differs' AS contradiction,
    quarantine.file_path AS source_a,
    quarantine.column_name AS name_a,
    NULL AS timepoint_a,
    NULL AS result_a,
    quarantine.detail AS given_a,
    quarantine.file_path AS source_b,
    quarantine.column_name AS name_b,
    NULL AS timepoint_b,
    NULL AS result_b,
    NULL AS given_b
  FROM ops.quarantine
  JOIN study.patient
    ON patient.cohort_id = quarantine.cohort_id
    AND quarantine.subject IN (
      patient.patient_id,
      'study.patient ' || patient.cohort_id || ', ' || patient.patient_id
    )
  WHERE quarantine.reason_code = 'conflicting_rows'
    AND quarantine.state <> 'resolved'
)
SELECT
  contradiction.cohort_id,
  patient.person_id,
  contradiction.patient_id,
  contradiction.kind,
  contradiction.fact,
  contradiction.contradiction,
  contradiction.source_a,
  contradiction.name_a,
  contradiction.timepoint_a,
  contradiction.result_a,
  contradiction.given_a,
  contradiction.source_b,
  contradiction.name_b,
  contradiction.timepoint_b,
  contradiction.result_b,
  contradiction.given_b
FROM contradiction
JOIN study.patient
  ON patient.cohort_id = contradiction.cohort_id
  AND patient.patient_id = contradiction.patient_id
