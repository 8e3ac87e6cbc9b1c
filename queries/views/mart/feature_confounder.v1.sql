-- title: What else than biology a feature may be telling: volume, site, scanner, kernel
-- grain: a cohort x timepoint x sequence x region x profile x engine x feature
-- reference: Spearman 1904 (rank correlation, ties by their mean rank); Fisher 1925 (eta squared)
-- since: 0.1.0
--
-- Over the persons that mart.patient_feature has at one visit, so that nobody counts twice.
-- spearman_volume is the rank correlation with volume_mm3 of the region. eta_squared_site, _scanner
-- and _kernel are the share of the variance that lies between the groups of a one-way layout,
-- SS_between / SS_total, over the persons whose group is known; with k groups of n persons chance
-- alone gives (k - 1) / (n - 1), so read it beside n_sites, n_scanners and n_kernels. Site is that
-- of the patient, scanner and convolution_kernel those of the series, scanner made of manufacturer
-- and model where it is not given. All are NULL where the feature or the volume is constant, or
-- there are fewer than two groups or three persons. n_persons counts the persons, n_measured all of
-- whom the region was measured, failures among them; share_missing = 1 - n_persons / n_measured.
-- constant says that there is one value; mart.feature_duplicate names columns that are alike.
WITH measured AS (
  SELECT
    segmentation.cohort_id, segmentation.timepoint_id, series.sequence, segmentation.region,
    extraction.profile, extraction.engine,
    count(DISTINCT patient.person_id) AS n_measured
  FROM imaging.measurement
  JOIN imaging.segmentation ON segmentation.segmentation_id = measurement.segmentation_id
  JOIN imaging.series ON series.series_id = measurement.series_id
  JOIN imaging.extraction ON extraction.extraction_id = measurement.extraction_id
  JOIN study.patient
    ON patient.cohort_id = segmentation.cohort_id
    AND patient.patient_id = segmentation.patient_id
  WHERE measurement.current
    AND segmentation.repeat_no = 1
  GROUP BY
    segmentation.cohort_id, segmentation.timepoint_id, series.sequence, segmentation.region,
    extraction.profile, extraction.engine
),
valued AS (
  SELECT
    patient_feature.cohort_id, patient_feature.timepoint_id, patient_feature.sequence,
    patient_feature.region, patient_feature.profile, patient_feature.engine,
    patient_feature.feature, patient_feature.value, patient_feature.volume_mm3, patient.site,
    coalesce(
      series.scanner,
      nullif(concat_ws(' ', series.manufacturer, series.manufacturer_model), '')
    ) AS scanner,
    series.convolution_kernel AS kernel
  FROM mart_versions.patient_feature_v1 AS patient_feature
  JOIN study.patient
    ON patient.cohort_id = patient_feature.cohort_id
    AND patient.patient_id = patient_feature.patient_id
  LEFT JOIN imaging.series
    ON series.cohort_id = patient_feature.cohort_id
    AND series.series_id = patient_feature.series_id
),
placed AS (
  SELECT
    cohort_id, timepoint_id, sequence, region, profile, engine, feature,
    -- those that are alike share the mean of their places
    rank() OVER by_value + (count(*) OVER value_peers - 1) / 2 AS value_rank,
    rank() OVER by_volume + (count(*) OVER volume_peers - 1) / 2 AS volume_rank
  FROM valued
  WHERE volume_mm3 IS NOT NULL
  WINDOW
    by_value AS (
      PARTITION BY cohort_id, timepoint_id, sequence, region, profile, engine, feature
      ORDER BY value
    ),
    value_peers AS (
      PARTITION BY cohort_id, timepoint_id, sequence, region, profile, engine, feature
      ORDER BY value RANGE BETWEEN CURRENT ROW AND CURRENT ROW
    ),
    by_volume AS (
      PARTITION BY cohort_id, timepoint_id, sequence, region, profile, engine, feature
      ORDER BY volume_mm3
    ),
    volume_peers AS (
      PARTITION BY cohort_id, timepoint_id, sequence, region, profile, engine, feature
      ORDER BY volume_mm3 RANGE BETWEEN CURRENT ROW AND CURRENT ROW
    )
),
ranked AS (
  SELECT
    cohort_id, timepoint_id, sequence, region, profile, engine, feature,
    CASE
      WHEN count(*) > 2
        AND min(value_rank) < max(value_rank)
        AND min(volume_rank) < max(volume_rank)
        THEN corr(value_rank, volume_rank)
    END AS spearman_volume
  FROM placed
  GROUP BY cohort_id, timepoint_id, sequence, region, profile, engine, feature
),
grouped AS (
  SELECT
    cohort_id, timepoint_id, sequence, region, profile, engine, feature,
    CASE
      WHEN grouping(site) = 0 THEN 'site'
      WHEN grouping(scanner) = 0 THEN 'scanner'
      WHEN grouping(kernel) = 0 THEN 'kernel'
      ELSE 'all'
    END AS factor,
    coalesce(site, scanner, kernel) AS level,
    count(*) AS n,
    avg(value) AS mean,
    var_pop(value) * count(*) AS ss_within,
    min(value) = max(value) AS constant
  FROM valued
  GROUP BY GROUPING SETS (
    (cohort_id, timepoint_id, sequence, region, profile, engine, feature),
    (cohort_id, timepoint_id, sequence, region, profile, engine, feature, site),
    (cohort_id, timepoint_id, sequence, region, profile, engine, feature, scanner),
    (cohort_id, timepoint_id, sequence, region, profile, engine, feature, kernel)
  )
),
centred AS (
  SELECT
    cohort_id, timepoint_id, sequence, region, profile, engine, feature, factor, n, mean,
    ss_within, constant,
    sum(n * mean) OVER factor_of / sum(n) OVER factor_of AS centre
  FROM grouped
  WHERE factor = 'all'
    OR level IS NOT NULL
  WINDOW factor_of AS (
    PARTITION BY
      cohort_id, timepoint_id, sequence, region, profile, engine, feature, factor
  )
),
layout AS (
  SELECT
    cohort_id, timepoint_id, sequence, region, profile, engine, feature, factor,
    sum(n) AS n,
    count(*) AS n_levels,
    sum(n * (mean - centre) * (mean - centre)) AS ss_between,
    sum(ss_within) AS ss_within,
    bool_and(constant) AND min(mean) = max(mean) AS constant
  FROM centred
  GROUP BY cohort_id, timepoint_id, sequence, region, profile, engine, feature, factor
),
share AS (
  SELECT
    cohort_id, timepoint_id, sequence, region, profile, engine, feature, factor, n, n_levels,
    constant,
    CASE
      WHEN n_levels > 1 AND n > 2 AND NOT constant AND ss_between + ss_within > 0
        THEN ss_between / (ss_between + ss_within)
    END AS eta_squared
  FROM layout
),
judged AS (
  SELECT
    cohort_id, timepoint_id, sequence, region, profile, engine, feature,
    max(n) FILTER (factor = 'all') AS n_persons,
    bool_or(constant) FILTER (factor = 'all') AS constant,
    max(eta_squared) FILTER (factor = 'site') AS eta_squared_site,
    coalesce(max(n_levels) FILTER (factor = 'site'), 0) AS n_sites,
    max(eta_squared) FILTER (factor = 'scanner') AS eta_squared_scanner,
    coalesce(max(n_levels) FILTER (factor = 'scanner'), 0) AS n_scanners,
    max(eta_squared) FILTER (factor = 'kernel') AS eta_squared_kernel,
    coalesce(max(n_levels) FILTER (factor = 'kernel'), 0) AS n_kernels
  FROM share
  GROUP BY cohort_id, timepoint_id, sequence, region, profile, engine, feature
)
SELECT
  judged.cohort_id,
  judged.timepoint_id,
  judged.sequence,
  judged.region,
  judged.profile,
  judged.engine,
  judged.feature,
  CAST(judged.n_persons AS BIGINT) AS n_persons,
  measured.n_measured,
  1 - judged.n_persons / measured.n_measured AS share_missing,
  judged.constant,
  ranked.spearman_volume,
  judged.eta_squared_site,
  judged.n_sites,
  judged.eta_squared_scanner,
  judged.n_scanners,
  judged.eta_squared_kernel,
  judged.n_kernels
FROM judged
JOIN measured USING (cohort_id, timepoint_id, sequence, region, profile, engine)
LEFT JOIN ranked USING (cohort_id, timepoint_id, sequence, region, profile, engine, feature)
