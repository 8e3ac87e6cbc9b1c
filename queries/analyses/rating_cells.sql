-- title: The cells of a stability design in the place of mart.rating
-- grain: a feature of a target as one rater has it
-- reference: mart.icc, whose SQL reads them; they come sorted, each once
SELECT
  design, cohort_id, region, sequence, profile, engine, stability_key, feature, target, rater,
  rating_cells.value,
  n_raters, n_targets_of_key,
  NULL AS n_sites,
  false AS has_repeats,
  is_complete, feature_no, target_no, rater_no
FROM rating_cells
