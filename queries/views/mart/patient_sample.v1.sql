-- title: The specimen that stands for each patient
-- grain: a patient of a cohort x assay
-- reference: specimen_rule in the cohort file; mart.patient_specimen
-- since: 0.1.0
--
-- specimen_status says how it came: only, where the patient has one specimen in the assay; chosen,
-- by the cohort's specimen_rule, whose name stands beside it; mean, where the rule averages and no
-- specimen is picked; no_rule, where there are several and the cohort has no rule; tied, where its
-- rule leaves several. sample_id is NULL in the last three: nothing is guessed. n_specimens counts
-- the specimens that were there to choose from. Who has no specimen in an assay has no row.
SELECT
  cohort_id,
  person_id,
  patient_id,
  assay,
  CASE
    WHEN n_specimens = 1 THEN 'only'
    WHEN any_value(specimen_rule) IS NULL THEN 'no_rule'
    WHEN bool_or(averages) THEN 'mean'
    WHEN count(*) FILTER (place = 1) > 1 THEN 'tied'
    ELSE 'chosen'
  END AS specimen_status,
  CASE
    WHEN n_specimens = 1 OR (NOT bool_or(averages) AND count(*) FILTER (place = 1) = 1)
      THEN min(sample_id) FILTER (place = 1)
  END AS sample_id,
  any_value(specimen_rule) AS specimen_rule,
  n_specimens
FROM mart_versions.patient_specimen_v1
GROUP BY cohort_id, person_id, patient_id, assay, n_specimens
