-- title: How much a feature differs between two scans when nothing has changed
-- grain: a feature of a stability key
-- reference: Bland and Altman 1999, doi 10.1177/096228029900800204; Raunig 2015, doi 10.1177/0962280214537344
-- since: 0.1.0
--
-- The repeatability coefficient of the run, 1.96 x sqrt(2) x within_subject_sd: of two scans of a
-- lesion that did not change, 95 % differ by less, if the differences are normal and of one size for
-- small and large values. within_subject_sd is the root of the mean square within lesions, for two
-- scans sqrt(mean(d^2) / 2). From current stability runs of the design test_retest alone, and only where
-- it could be computed: agreement of raters says nothing of scanning twice. Where several runs
-- speak of a feature, the one with the most targets counts, then the one with the larger
-- within_subject_sd, then the first by analysis_run_id.
WITH repeated AS (
  SELECT
    cohort_id, region, sequence, profile, engine, feature, stability_key, n_targets, n_raters,
    within_subject_sd, repeatability_coefficient, run_name, analysis_run_id,
    row_number() OVER (
      PARTITION BY cohort_id, region, sequence, profile, engine, feature
      ORDER BY n_targets DESC, within_subject_sd DESC, analysis_run_id, stability_key
    ) AS place
  FROM mart_versions.feature_stability_v1
  WHERE design = 'test_retest'
    AND within_subject_sd IS NOT NULL
)
SELECT
  cohort_id,
  region,
  sequence,
  profile,
  engine,
  feature,
  stability_key,
  n_targets,
  n_raters,
  within_subject_sd,
  repeatability_coefficient,
  run_name,
  analysis_run_id
FROM repeated
WHERE place = 1
