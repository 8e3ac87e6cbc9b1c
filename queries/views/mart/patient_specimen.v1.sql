-- title: Every specimen, and its place by the specimen rule of its cohort
-- grain: a specimen
-- reference: genomic.sample; specimen_rule in the cohort file, stored as study.specimen_rule
-- since: 0.1.0
--
-- place orders the specimens of a patient, the preferred one being 1; those that the rule does not
-- tell apart share a place, and all do where the cohort has no rule, or one that averages. Each
-- step of the rule decides where the steps before it leave several: sample_type and timepoint by
-- the order of their words, earliest and latest by collection_day, sample_id by the id. What a
-- step knows nothing of comes last in it. normal says whether sample_type says so; such specimens
-- do not stand for the tumour.
WITH step AS (
  SELECT DISTINCT cohort_id, name, step_no, criterion
  FROM study.specimen_rule
),
specimen AS (
  SELECT
    sample.cohort_id, patient.person_id, sample.patient_id, sample.sample_id, sample.sample_type,
    sample.timepoint_id, sample.collection_day,
    -- ids in their order, as a number like all other criteria
    row_number() OVER (
      PARTITION BY sample.cohort_id, sample.patient_id ORDER BY sample.sample_id
    ) AS id_place
  FROM genomic.sample
  JOIN study.patient
    ON patient.cohort_id = sample.cohort_id
    AND patient.patient_id = sample.patient_id
),
scored AS (
  SELECT
    specimen.cohort_id, specimen.sample_id, step.name, step.step_no, step.criterion,
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
    cohort_id, sample_id, name,
    bool_or(criterion = 'mean') AS averages,
    list(score ORDER BY step_no) AS scores
  FROM scored
  GROUP BY cohort_id, sample_id, name
)
SELECT
  specimen.cohort_id,
  specimen.person_id,
  specimen.patient_id,
  specimen.sample_id,
  specimen.sample_type,
  specimen.timepoint_id,
  specimen.collection_day,
  coalesce(specimen.sample_type, '') ILIKE '%normal%' AS normal,
  judged.name AS specimen_rule,
  coalesce(judged.averages, FALSE) AS averages,
  rank() OVER (
    PARTITION BY specimen.cohort_id, specimen.patient_id ORDER BY judged.scores
  ) AS place
FROM specimen
LEFT JOIN judged
  ON judged.cohort_id = specimen.cohort_id
  AND judged.sample_id = specimen.sample_id
