-- title: How the stability of a feature falls with the agreement of the masks
-- grain: a feature of a stability key and design x each current ICC of it
-- reference: Pavic et al. 2018, doi 10.1080/0284186X.2018.1445283; Spearman 1904, doi 10.2307/1412159
-- since: 0.1.0
--
-- Over the pairs of mart.feature_agreement: raters on their first repeats (design inter_rater), or
-- repetitions of one rater (intra_rater). difference_relative_mean says how far the feature differs
-- from mask to mask. spearman_dice is the rank correlation (average ranks for ties) of that
-- difference with Dice: -1 where the feature differs the more, the less the masks agree, near 0
-- where it does not heed them; spearman_hd95 and spearman_volume, with the distance and with the
-- size of the relative volume difference, have the other sign. They are NULL for fewer than three
-- pairs and where one side does not vary. Pairs share masks and patients, so there is no p-value.
-- Beside them stands what mart.feature_stability has of the same key, design and feature: a row for
-- each ICC form and run, and icc NULL where there is none. z-scored values are left out.
WITH pair AS (
  SELECT
    agreement.cohort_id,
    agreement.region,
    agreement.sequence,
    agreement.profile,
    agreement.engine,
    agreement.design,
    agreement.feature,
    agreement.feature_class,
    agreement.person_id,
    agreement.difference_relative,
    agreement.dice,
    agreement.hd95_mm,
    abs(agreement.volume_difference_relative) AS volume_difference
  FROM mart_versions.feature_agreement_v1 AS agreement
  WHERE agreement.difference_relative IS NOT NULL
    AND agreement.dice IS NOT NULL
    AND agreement.hd95_mm IS NOT NULL
    AND (agreement.design = 'intra_rater' OR (agreement.repeat_a = 1 AND agreement.repeat_b = 1))
),
ranked AS (
  SELECT
    pair.cohort_id, pair.region, pair.sequence, pair.profile, pair.engine, pair.design,
    pair.feature, pair.feature_class, pair.person_id,
    pair.difference_relative, pair.dice, pair.hd95_mm, pair.volume_difference,
    rank() OVER (of_feature ORDER BY pair.difference_relative) + (count(*) OVER (
      of_feature ORDER BY pair.difference_relative RANGE BETWEEN CURRENT ROW AND CURRENT ROW
    ) - 1) / 2 AS rank_difference,
    rank() OVER (of_feature ORDER BY pair.dice) + (count(*) OVER (
      of_feature ORDER BY pair.dice RANGE BETWEEN CURRENT ROW AND CURRENT ROW
    ) - 1) / 2 AS rank_dice,
    rank() OVER (of_feature ORDER BY pair.hd95_mm) + (count(*) OVER (
      of_feature ORDER BY pair.hd95_mm RANGE BETWEEN CURRENT ROW AND CURRENT ROW
    ) - 1) / 2 AS rank_hd95,
    rank() OVER (of_feature ORDER BY pair.volume_difference) + (count(*) OVER (
      of_feature ORDER BY pair.volume_difference RANGE BETWEEN CURRENT ROW AND CURRENT ROW
    ) - 1) / 2 AS rank_volume
  FROM pair
  WINDOW of_feature AS (PARTITION BY
    pair.cohort_id, pair.region, pair.sequence, pair.profile, pair.engine, pair.design,
    pair.feature
  )
),
summed AS (
  SELECT
    ranked.cohort_id, ranked.region, ranked.sequence, ranked.profile, ranked.engine,
    ranked.design, ranked.feature, ranked.feature_class,
    count(*) AS n_pairs,
    count(DISTINCT ranked.person_id) AS n_persons,
    avg(ranked.dice) AS dice_mean,
    min(ranked.dice) AS dice_min,
    avg(ranked.hd95_mm) AS hd95_mm_mean,
    avg(ranked.volume_difference) AS volume_difference_relative_mean,
    avg(ranked.difference_relative) AS difference_relative_mean,
    max(ranked.difference_relative) AS difference_relative_max,
    corr(ranked.rank_difference, ranked.rank_dice) AS spearman_dice,
    corr(ranked.rank_difference, ranked.rank_hd95) AS spearman_hd95,
    corr(ranked.rank_difference, ranked.rank_volume) AS spearman_volume
  FROM ranked
  GROUP BY
    ranked.cohort_id, ranked.region, ranked.sequence, ranked.profile, ranked.engine,
    ranked.design, ranked.feature, ranked.feature_class
)
SELECT
  summed.cohort_id,
  summed.region,
  summed.sequence,
  summed.profile,
  summed.engine,
  summed.design,
  summed.feature,
  summed.feature_class,
  summed.n_pairs,
  summed.n_persons,
  summed.dice_mean,
  summed.dice_min,
  summed.hd95_mm_mean,
  summed.volume_difference_relative_mean,
  summed.difference_relative_mean,
  summed.difference_relative_max,
  CASE
    WHEN summed.n_pairs >= 3 AND isfinite(summed.spearman_dice) THEN summed.spearman_dice
  END AS spearman_dice,
  CASE
    WHEN summed.n_pairs >= 3 AND isfinite(summed.spearman_hd95) THEN summed.spearman_hd95
  END AS spearman_hd95,
  CASE
    WHEN summed.n_pairs >= 3 AND isfinite(summed.spearman_volume) THEN summed.spearman_volume
  END AS spearman_volume,
  stability.stability_key,
  stability.icc_form,
  stability.icc,
  stability.ci95_low,
  stability.ci95_high,
  stability.n_targets,
  stability.n_raters,
  stability.status AS icc_status,
  stability.run_name,
  stability.analysis_run_id
FROM summed
LEFT JOIN mart_versions.feature_stability_v1 AS stability
  ON stability.cohort_id = summed.cohort_id
  AND stability.region = summed.region
  AND stability.sequence = summed.sequence
  AND stability.profile = summed.profile
  AND stability.engine = summed.engine
  AND stability.design = summed.design
  AND stability.feature = summed.feature
