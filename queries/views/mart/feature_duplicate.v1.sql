-- title: Columns that say nothing of their own: constants, and features that are another one again
-- grain: a cohort x timepoint x sequence x region x profile x engine x feature that is redundant
-- reference: mart.patient_feature
-- since: 0.1.0
--
-- redundancy constant: one value for all persons, of whom there are at least two. redundancy
-- duplicate: the same values for the same persons, two or more, as another feature of the cohort at
-- that visit: original_sequence to original_feature name the first of those that are alike, by
-- sequence, region, profile, engine and feature in the order of their names; it has no row
-- itself. That an image stands under two sequences, or a profile repeats another, shows here as
-- well. Columns are compared by count, smallest and largest value and a fingerprint of 128 bits
-- over all pairs of person and value, in which different columns do not meet by chance.
WITH printed AS (
  SELECT
    cohort_id, timepoint_id, sequence, region, profile, engine, feature,
    count(*) AS n_persons,
    min(value) AS lowest,
    max(value) AS highest,
    bit_xor(hash(person_id, value)) AS print_a,
    sum(hash(value, person_id)) AS print_b
  FROM mart_versions.patient_feature_v1
  GROUP BY cohort_id, timepoint_id, sequence, region, profile, engine, feature
),
compared AS (
  SELECT
    cohort_id, timepoint_id, sequence, region, profile, engine, feature, n_persons, lowest, highest,
    row_number() OVER alike AS place,
    first_value(sequence) OVER alike AS original_sequence,
    first_value(region) OVER alike AS original_region,
    first_value(profile) OVER alike AS original_profile,
    first_value(engine) OVER alike AS original_engine,
    first_value(feature) OVER alike AS original_feature
  FROM printed
  WINDOW alike AS (
    PARTITION BY cohort_id, timepoint_id, n_persons, lowest, highest, print_a, print_b
    ORDER BY sequence, region, profile, engine, feature
  )
)
SELECT
  cohort_id,
  timepoint_id,
  sequence,
  region,
  profile,
  engine,
  feature,
  n_persons,
  CASE WHEN lowest = highest THEN 'constant' ELSE 'duplicate' END AS redundancy,
  CASE WHEN lowest = highest THEN lowest END AS constant_value,
  CASE WHEN lowest < highest THEN original_sequence END AS original_sequence,
  CASE WHEN lowest < highest THEN original_region END AS original_region,
  CASE WHEN lowest < highest THEN original_profile END AS original_profile,
  CASE WHEN lowest < highest THEN original_engine END AS original_engine,
  CASE WHEN lowest < highest THEN original_feature END AS original_feature
FROM compared
WHERE n_persons > 1
  AND (lowest = highest OR place > 1)
