-- title: The asked features that are means over lesions
-- grain: a row x group of columns x feature
-- reference: mart.lesion_mean, which mart.patient_feature takes where lesion_rule is weighted_mean
--
-- release_place, release_group and release_feature are given: they say which number stands for what.
-- One is joined after the other: of tables whose size it does not know, DuckDB would make the product
-- first, every row with every column.
WITH lesion_mean AS MATERIALIZED (
  SELECT
    cohort_id, patient_id, timepoint_id, sequence, region, profile, engine, feature, value
  FROM mart.lesion_mean
  WHERE value IS NOT NULL
),
placed AS MATERIALIZED (
  SELECT
    release_place.row_no,
    lesion_mean.timepoint_id, lesion_mean.sequence, lesion_mean.region, lesion_mean.profile,
    lesion_mean.engine, lesion_mean.feature, lesion_mean.value
  FROM lesion_mean
  JOIN release_place
    ON release_place.cohort_id = lesion_mean.cohort_id
    AND release_place.patient_id = lesion_mean.patient_id
    AND release_place.timepoint_id = lesion_mean.timepoint_id
),
grouped AS MATERIALIZED (
  SELECT placed.row_no, release_group.group_no, placed.engine, placed.feature, placed.value
  FROM placed
  JOIN release_group
    ON release_group.timepoint_id = placed.timepoint_id
    AND release_group.sequence = placed.sequence
    AND release_group.region = placed.region
    AND release_group.profile = placed.profile
    AND release_group.engine = placed.engine
)
SELECT grouped.row_no, grouped.group_no, release_feature.feature_no, grouped.value
FROM grouped
JOIN release_feature
  ON release_feature.engine = grouped.engine
  AND release_feature.feature = grouped.feature
