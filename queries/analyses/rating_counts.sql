-- title: How many targets and raters a feature has
-- grain: a feature of a stability key (cohort, region, sequence, profile, engine)
-- reference: Shrout and Fleiss 1979, doi 10.1037/0033-2909.86.2.420
--
-- Reads a relation `rating_cells`, the rows of analyses/stability_ratings. n_dropped counts the
-- targets of the key that lack a rating of this feature (or have one too many); n_rater_names
-- exceeds n_raters where targets were rated by different raters.
SELECT
  cohort_id, region, sequence, profile, engine, feature,
  any_value(n_raters) AS n_raters,
  count(DISTINCT target) FILTER (is_complete) AS n_targets,
  any_value(n_targets_of_key) - count(DISTINCT target) FILTER (is_complete) AS n_dropped,
  count(DISTINCT rater) FILTER (is_complete) AS n_rater_names
FROM rating_cells
GROUP BY ALL
ORDER BY cohort_id, region, sequence, profile, engine, feature
