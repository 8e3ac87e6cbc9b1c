-- title: One value a person before and after harmonization
-- grain: a row of mart.patient_feature x a current harmonization run that speaks of its feature
-- reference: Johnson, Li and Rabinovic 2007, doi 10.1093/biostatistics/kxj037
-- since: 0.1.0
--
-- Raw values of every visit with the parameters of the run, which were fitted on the values of one
-- visit and of the persons that was_fitted marks: persons says train, or all, and what is fitted on
-- all must not go into a prediction. harmonized_value is NULL where status is not_harmonized, with
-- the reason: batch_missing, unseen_batch (no person who was fitted is of it), covariate_missing
-- (or a class that was not fitted), or why the feature was left out of the fit: constant_in_batch,
-- too_few_in_batch, confounded, no_residual_variance. Of the mean of several lesions each is brought
-- by the batch it was measured in. Values of the reference batch are as they were. Changes between
-- visits are taken from harmonized values, never harmonized themselves: see mart.harmonized_delta.
-- How the joins stand is for DuckDB. It takes the places for very few, and so would the values be
-- that it joins to them: it would hash the values, not the lines. How many measurements there are it
-- knows, so they come first, and by their number alone, of which it knows the range: then a place is
-- looked up and not searched for, as long as no place holds a list. So is a line, by the numbers of
-- the cells, which come from their table once more, for of the columns of a CTE no range is known.
-- Two covariates are plain numbers, and the further ones come last, at no cost where there are none.
-- Below a CTE that is materialized every column is made, asked for or not, so of a value nothing but
-- harmonized_value is computed: places that have a reason stand in a part of their own.
WITH place AS MATERIALIZED (
  SELECT
    batch.run_name, batch.analysis_run_id, batch.persons, chosen.cohort_id, chosen.person_id,
    chosen.patient_id, chosen.timepoint_id, chosen.sequence, chosen.region, chosen.profile,
    chosen.engine, batch.batch, batch.was_fitted, batch.cell_no, chosen.measurement_id,
    chosen.averaged, chosen.n_lesions, chosen.lesion_id, chosen.volume_mm3,
    design.further_covariates,
    CASE
      WHEN batch.reason IS NOT NULL THEN batch.reason
      WHEN batch.n_covariates > 0 AND design.cohort_id IS NULL THEN 'covariate_missing'
    END AS reason,
    CASE WHEN batch.n_covariates = 0 THEN 0 ELSE design.covariate_1 END AS covariate_1,
    CASE WHEN batch.n_covariates = 0 THEN 0 ELSE design.covariate_2 END AS covariate_2
  FROM mart_versions.patient_measurement_v1 AS chosen
  JOIN mart_versions.measurement_batch_v1 AS batch
    ON batch.cohort_id = chosen.cohort_id
    AND batch.measurement_id = chosen.measurement_id
  LEFT JOIN mart_versions.harmonization_design_v1 AS design
    ON design.analysis_run_id = batch.analysis_run_id
    AND design.cohort_id = chosen.cohort_id
    AND design.patient_id = chosen.patient_id
    AND design.timepoint_id = chosen.timepoint_id
    AND design.sequence = chosen.sequence
    AND design.region = chosen.region
    AND design.profile = chosen.profile
    AND design.engine = chosen.engine
),
further_design AS (
  SELECT cell_no, measurement_id, further_covariates
  FROM place
  WHERE further_covariates IS NOT NULL
),
of_measurement AS (
  SELECT
    place.run_name, place.analysis_run_id, place.persons, place.cohort_id, place.person_id,
    place.patient_id, place.timepoint_id, place.sequence, place.region, place.profile,
    place.engine, place.batch, place.was_fitted, place.covariate_1, place.covariate_2,
    measurement.measurement_id, cell.cell_no
  FROM imaging.measurement
  LEFT JOIN place
    ON place.measurement_id = measurement.measurement_id
    AND NOT place.averaged
    AND place.reason IS NULL
  LEFT JOIN result.harmonization_cell AS cell ON cell.cell_no = place.cell_no
  WHERE measurement.cohort_id IN (SELECT cohort_id FROM result.harmonization_model)
),
of_lesion AS (
  SELECT
    place.run_name, place.analysis_run_id, place.persons, place.cohort_id, place.person_id,
    place.patient_id, place.timepoint_id, place.sequence, place.region, place.profile,
    place.engine, feature.feature, place.batch, place.was_fitted, feature_value.value,
    CASE
      WHEN place.reason IS NULL
        THEN line.slope * feature_value.value + line.intercept
          + line.shift_1 * place.covariate_1 + line.shift_2 * place.covariate_2
          + CASE
            WHEN further_line.further_betas IS NULL THEN 0
            ELSE (1 - line.slope)
              * list_inner_product(place.further_covariates, further_line.further_betas)
          END
    END AS harmonized_value,
    coalesce(place.reason, line.reason) AS reason,
    place.n_lesions, place.lesion_id, place.volume_mm3
  FROM place
  JOIN imaging.feature_value
    ON feature_value.cohort_id = place.cohort_id
    AND feature_value.measurement_id = place.measurement_id
  JOIN vocab.feature ON feature.feature_id = feature_value.feature_id
  JOIN mart_versions.harmonization_line_v1 AS line
    ON line.line_no = place.cell_no + 512 * feature_value.feature_id
  LEFT JOIN mart_versions.harmonization_further_line_v1 AS further_line
    ON further_line.line_no = line.line_no
  WHERE feature_value.value_status = 'ok'
    AND place.averaged
)
SELECT
  place.run_name,
  place.analysis_run_id,
  place.persons,
  place.cohort_id,
  place.person_id,
  place.patient_id,
  place.timepoint_id,
  place.sequence,
  place.region,
  place.profile,
  place.engine,
  feature.feature,
  place.batch,
  place.was_fitted,
  feature_value.value,
  line.slope * feature_value.value + line.intercept
  + line.shift_1 * place.covariate_1 + line.shift_2 * place.covariate_2
  + CASE
    WHEN further_line.further_betas IS NULL THEN 0
    ELSE (1 - line.slope)
      * list_inner_product(further_design.further_covariates, further_line.further_betas)
  END AS harmonized_value,
  line.status,
  line.reason,
  place.measurement_id
FROM of_measurement AS place
JOIN imaging.feature_value ON feature_value.measurement_id = place.measurement_id
JOIN vocab.feature ON feature.feature_id = feature_value.feature_id
JOIN mart_versions.harmonization_line_v1 AS line
  ON line.line_no = place.cell_no + 512 * feature_value.feature_id
LEFT JOIN mart_versions.harmonization_further_line_v1 AS further_line
  ON further_line.line_no = line.line_no
LEFT JOIN further_design
  ON further_design.cell_no = place.cell_no
  AND further_design.measurement_id = place.measurement_id
WHERE feature_value.value_status = 'ok'
UNION ALL
SELECT
  place.run_name,
  place.analysis_run_id,
  place.persons,
  place.cohort_id,
  place.person_id,
  place.patient_id,
  place.timepoint_id,
  place.sequence,
  place.region,
  place.profile,
  place.engine,
  line.feature,
  place.batch,
  place.was_fitted,
  feature_value.value,
  NULL AS harmonized_value,
  'not_harmonized' AS status,
  place.reason,
  place.measurement_id
FROM place
JOIN imaging.feature_value
  ON feature_value.cohort_id = place.cohort_id
  AND feature_value.measurement_id = place.measurement_id
JOIN mart_versions.harmonization_line_v1 AS line
  ON line.line_no = place.cell_no + 512 * feature_value.feature_id
WHERE feature_value.value_status = 'ok'
  AND NOT place.averaged
  AND place.reason IS NOT NULL
UNION ALL
SELECT
  run_name,
  analysis_run_id,
  persons,
  cohort_id,
  person_id,
  patient_id,
  timepoint_id,
  sequence,
  region,
  profile,
  engine,
  feature,
  CASE WHEN min(batch) = max(batch) THEN min(batch) END AS batch,
  bool_and(was_fitted) AS was_fitted,
  sum(value * volume_mm3 ORDER BY lesion_id) / sum(volume_mm3 ORDER BY lesion_id) AS value,
  CASE
    WHEN count(harmonized_value) = count(*)
      THEN sum(harmonized_value * volume_mm3 ORDER BY lesion_id)
        / sum(volume_mm3 ORDER BY lesion_id)
  END AS harmonized_value,
  CASE WHEN count(reason) = 0 THEN 'ok' ELSE 'not_harmonized' END AS status,
  min(reason) AS reason,
  NULL AS measurement_id
FROM of_lesion
GROUP BY
  run_name, analysis_run_id, persons, cohort_id, person_id, patient_id, timepoint_id, sequence,
  region, profile, engine, feature, n_lesions
HAVING count(*) = n_lesions
