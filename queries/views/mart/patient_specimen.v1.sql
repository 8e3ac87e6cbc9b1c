-- title: Every specimen that may stand for its patient in an assay
-- grain: a specimen x assay
-- reference: genomic.sample, genomic.assay; specimen_rule in the cohort file
-- since: 0.1.0
--
-- place is 1 for the specimen that the cohort's specimen_rule prefers, and for several where the
-- rule does not tell them apart; it is 1 for all where the cohort has no rule, or averages. Each
-- step of the rule decides where the steps before it leave several: sample_type and timepoint by
-- the order of their words, earliest and latest by collection_day, sample_id by the id. What a
-- step knows nothing of comes last in it. Specimens whose sample_type says normal do not speak of
-- the tumour and are left out, but for genotypes. n_specimens counts those of the patient in the
-- assay.
WITH step AS (
  SELECT DISTINCT cohort_id, name, step_no, criterion
  FROM study.specimen_rule
),
specimen AS (
  SELECT
    assay.cohort_id, patient.person_id, sample.patient_id, assay.assay, sample.sample_id,
    sample.sample_type, sample.timepoint_id, sample.collection_day,
    -- ids in their order, as a number like all other criteria
    dense_rank() OVER (
      PARTITION BY assay.cohort_id, sample.patient_id ORDER BY sample.sample_id
    ) AS id_place
  FROM genomic.assay
  JOIN genomic.sample
    ON sample.cohort_id = assay.cohort_id
    AND sample.sample_id = assay.sample_id
  JOIN study.patient
    ON patient.cohort_id = sample.cohort_id
    AND patient.patient_id = sample.patient_id
  WHERE assay.assay = 'genotype'
    OR coalesce(sample.sample_type, '') NOT ILIKE '%normal%'
),
scored AS (
  SELECT
    specimen.cohort_id, specimen.assay, specimen.sample_id, step.name, step.step_no,
    step.criterion,
    CASE step.criterion
      WHEN 'sample_type' THEN coalesce(word.place, 1e9)
      WHEN 'timepoint' THEN coalesce(word.place, 1e9)
      WHEN 'earliest' THEN coalesce(specimen.collection_day, 1e9)
      WHEN 'latest' THEN coalesce(-specimen.collection_day, 1e9)
      WHEN 'sample_id' THEN specimen.id_place
      ELSE 0
    END AS score
  FROM specimen
  JOIN step ON step.cohort_id = specimen.cohort_id
  LEFT JOIN study.specimen_rule AS word
    ON word.cohort_id = specimen.cohort_id
    AND word.step_no = step.step_no
    AND word.word = CASE step.criterion
      WHEN 'sample_type' THEN specimen.sample_type
      WHEN 'timepoint' THEN specimen.timepoint_id
    END
),
judged AS (
  SELECT
    cohort_id, assay, sample_id, name,
    bool_or(criterion = 'mean') AS averages,
    list(score ORDER BY step_no) AS scores
  FROM scored
  GROUP BY cohort_id, assay, sample_id, name
)
SELECT
  specimen.cohort_id,
  specimen.person_id,
  specimen.patient_id,
  specimen.assay,
  specimen.sample_id,
  specimen.sample_type,
  specimen.timepoint_id,
  specimen.collection_day,
  judged.name AS specimen_rule,
  coalesce(judged.averages, FALSE) AS averages,
  rank() OVER (
    PARTITION BY specimen.cohort_id, specimen.patient_id, specimen.assay ORDER BY judged.scores
  ) AS place,
  count(*) OVER (
    PARTITION BY specimen.cohort_id, specimen.patient_id, specimen.assay
  ) AS n_specimens
FROM specimen
LEFT JOIN judged
  ON judged.cohort_id = specimen.cohort_id
  AND judged.assay = specimen.assay
  AND judged.sample_id = specimen.sample_id
