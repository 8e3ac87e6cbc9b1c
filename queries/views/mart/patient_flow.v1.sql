-- title: The flow of patients, from the whole cohort to those analysed
-- grain: a cohort x step
-- reference: flow in the cohort file; STROBE item 13, CONSORT flow diagram; mart.patient_lost
-- since: 0.1.0
--
-- Step 0 is the whole cohort. n patients meet the step and all before it; n_lost were still there
-- at the step before and are not here, for the reason beside them. Who they are, mart.patient_lost
-- says. The steps are those of the cohort file, or, where it declares none, what it expects of
-- every patient.
WITH step AS (
  SELECT DISTINCT
    patient.cohort_id, 0 AS step_no, 'in the cohort' AS step, NULL AS reason
  FROM study.patient
  UNION ALL
  SELECT cohort_id, step_no, step, reason
  FROM study.flow_step
),
lost AS (
  SELECT cohort_id, step_no, count(*) AS n_lost
  FROM mart_versions.patient_lost_v1
  GROUP BY cohort_id, step_no
),
cohort AS (
  SELECT cohort_id, count(*) AS n_patients
  FROM study.patient
  GROUP BY cohort_id
)
SELECT
  step.cohort_id,
  step.step_no,
  step.step,
  CAST(cohort.n_patients - sum(coalesce(lost.n_lost, 0)) OVER (
    PARTITION BY step.cohort_id ORDER BY step.step_no
  ) AS BIGINT) AS n,
  coalesce(lost.n_lost, 0) AS n_lost,
  step.reason
FROM step
JOIN cohort ON cohort.cohort_id = step.cohort_id
LEFT JOIN lost
  ON lost.cohort_id = step.cohort_id
  AND lost.step_no = step.step_no
