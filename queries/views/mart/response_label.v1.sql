-- title: Whether a recorded progression was true, and since which day that is known
-- grain: a progression that began, of a patient of a cohort under one set of criteria
-- reference: Wen 2010 (RANO), doi 10.1200/JCO.2009.26.3541; Wen 2023 (RANO 2.0), doi 10.1200/JCO.23.01059; Seymour 2017 (iRECIST), doi 10.1016/S1470-2045(17)30074-8
-- since: 0.1.0
--
-- A progression begins where clinical.response records PD, or pseudoprogression, and the last
-- evaluable assessment before was no PD. Its confirmation is the first later assessment at least 28
-- days (4 weeks) on that can be evaluated, or an earlier one on which the file itself says
-- confirmed or pseudoprogression. candidate_label: true, if that one is PD or says confirmed;
-- pseudo, if it is CR, PR, MR or SD or says pseudoprogression; unconfirmed, if there is none
-- (label_reason: day_unknown; no_later_scan; too_early, all later ones come within 28 days;
-- not_evaluable) or if the category got better after a surgery, radiotherapy or another treatment
-- began from the day of the progression on (treatment_between: the better scan then says nothing).
-- What the file says of the assessment itself goes before (label_rule recorded; else confirmation,
-- or none). known_day is the day of the confirmation: before it nobody could know the label. A word
-- on the assessment itself was written in retrospect, so that it too counts as known from the first
-- later assessment at least 28 days on, and known_day is NULL where there is none. mart.dated_row
-- has the labels by that day, so that mart.anchor_guard and mart.known_before keep a label from
-- predicting its own past. in_rt_window says whether the progression came within 84 days (12 weeks)
-- after the last radiotherapy that had ended by then, in which RANO distrusts it most; NULL where
-- no end is known.
WITH assessment AS (
  SELECT
    response.cohort_id, response.patient_id, response.timepoint_id, response.criteria,
    response.response, response.progression,
    coalesce(response.study_day, timepoint.study_day) AS study_day,
    coalesce(timepoint.visit_order, -1) AS visit_order
  FROM clinical.response
  LEFT JOIN study.timepoint
    ON timepoint.cohort_id = response.cohort_id
    AND timepoint.patient_id = response.patient_id
    AND timepoint.timepoint_id = response.timepoint_id
),
ordered AS (
  SELECT
    cohort_id, patient_id, timepoint_id, criteria, response, progression, study_day,
    -- an assessment without a day is before and after none
    CASE
      WHEN study_day IS NOT NULL THEN last_value(
        CASE WHEN response <> 'NE' AND study_day IS NOT NULL THEN response END IGNORE NULLS
      ) OVER (
        PARTITION BY cohort_id, patient_id, criteria
        ORDER BY study_day NULLS LAST, visit_order, timepoint_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
      )
    END AS previous_response
  FROM assessment
),
onset AS (
  SELECT
    cohort_id, patient_id, timepoint_id, criteria, response, progression, study_day
  FROM ordered
  WHERE (response = 'PD' OR progression = 'pseudoprogression')
    AND coalesce(previous_response, 'none') <> 'PD'
),
later AS (
  SELECT
    onset.cohort_id, onset.patient_id, onset.timepoint_id, onset.criteria,
    count(*) AS n_later,
    count(*) FILTER (ordered.study_day >= onset.study_day + 28) AS n_late_enough,
    min(ordered.study_day) FILTER (ordered.study_day >= onset.study_day + 28) AS late_enough_day,
    -- the first of them, for a row is compared by its fields in their order
    min(
      {
        'study_day': ordered.study_day,
        'timepoint_id': ordered.timepoint_id,
        'response': ordered.response,
        'progression': ordered.progression
      }
    ) FILTER (
      (ordered.study_day >= onset.study_day + 28 AND ordered.response <> 'NE')
      OR ordered.progression IN ('confirmed', 'pseudoprogression')
    ) AS confirmation
  FROM onset
  JOIN ordered
    ON ordered.cohort_id = onset.cohort_id
    AND ordered.patient_id = onset.patient_id
    AND ordered.criteria = onset.criteria
    AND ordered.study_day > onset.study_day
  GROUP BY onset.cohort_id, onset.patient_id, onset.timepoint_id, onset.criteria
),
begun AS (
  SELECT cohort_id, patient_id, start_day
  FROM clinical.treatment
  UNION
  SELECT cohort_id, patient_id, start_day
  FROM clinical.event
  WHERE event_type IN ('surgery', 'rt_start', 'radiotherapy')
),
treated AS (
  SELECT DISTINCT later.cohort_id, later.patient_id, later.timepoint_id, later.criteria
  FROM later
  JOIN onset
    ON onset.cohort_id = later.cohort_id
    AND onset.patient_id = later.patient_id
    AND onset.timepoint_id = later.timepoint_id
    AND onset.criteria = later.criteria
  JOIN begun
    ON begun.cohort_id = later.cohort_id
    AND begun.patient_id = later.patient_id
    AND begun.start_day >= onset.study_day
    AND begun.start_day < later.confirmation.study_day
),
irradiated AS (
  SELECT
    onset.cohort_id, onset.patient_id, onset.timepoint_id, onset.criteria,
    max(radiotherapy_end.rt_end_day) AS rt_end_day
  FROM onset
  JOIN mart_versions.radiotherapy_end_v1 AS radiotherapy_end
    ON radiotherapy_end.cohort_id = onset.cohort_id
    AND radiotherapy_end.patient_id = onset.patient_id
    AND radiotherapy_end.rt_end_day <= onset.study_day
  GROUP BY onset.cohort_id, onset.patient_id, onset.timepoint_id, onset.criteria
),
judged AS (
  SELECT
    onset.cohort_id, onset.patient_id, onset.timepoint_id, onset.criteria, onset.response,
    onset.progression, onset.study_day, irradiated.rt_end_day,
    later.confirmation.timepoint_id AS confirmation_timepoint_id,
    later.confirmation.study_day AS confirmation_day,
    later.confirmation.response AS confirmation_response,
    later.confirmation.progression AS confirmation_progression,
    later.late_enough_day,
    CASE
      WHEN onset.progression IN ('confirmed', 'pseudoprogression') THEN 'recorded'
      WHEN later.confirmation IS NULL THEN 'none'
      WHEN later.confirmation.progression IN ('confirmed', 'pseudoprogression') THEN 'recorded'
      WHEN later.confirmation.response <> 'PD' AND treated.cohort_id IS NOT NULL THEN 'none'
      ELSE 'confirmation'
    END AS label_rule,
    CASE
      WHEN onset.study_day IS NULL THEN 'day_unknown'
      WHEN later.n_later IS NULL THEN 'no_later_scan'
      WHEN later.n_late_enough = 0 THEN 'too_early'
      WHEN later.confirmation IS NULL THEN 'not_evaluable'
      ELSE 'treatment_between'
    END AS label_reason
  FROM onset
  LEFT JOIN later
    ON later.cohort_id = onset.cohort_id
    AND later.patient_id = onset.patient_id
    AND later.timepoint_id = onset.timepoint_id
    AND later.criteria = onset.criteria
  LEFT JOIN treated
    ON treated.cohort_id = onset.cohort_id
    AND treated.patient_id = onset.patient_id
    AND treated.timepoint_id = onset.timepoint_id
    AND treated.criteria = onset.criteria
  LEFT JOIN irradiated
    ON irradiated.cohort_id = onset.cohort_id
    AND irradiated.patient_id = onset.patient_id
    AND irradiated.timepoint_id = onset.timepoint_id
    AND irradiated.criteria = onset.criteria
),
labelled AS (
  SELECT
    cohort_id, patient_id, timepoint_id, criteria, response, progression, study_day, rt_end_day,
    confirmation_timepoint_id, confirmation_day, confirmation_response, confirmation_progression,
    late_enough_day, label_rule, label_reason,
    CASE
      WHEN label_rule = 'none' THEN 'unconfirmed'
      WHEN progression = 'confirmed' THEN 'true'
      WHEN progression = 'pseudoprogression' THEN 'pseudo'
      WHEN confirmation_progression = 'confirmed' THEN 'true'
      WHEN confirmation_progression = 'pseudoprogression' THEN 'pseudo'
      WHEN confirmation_response = 'PD' THEN 'true'
      ELSE 'pseudo'
    END AS candidate_label
  FROM judged
)
SELECT
  labelled.cohort_id,
  patient.person_id,
  labelled.patient_id,
  labelled.timepoint_id,
  labelled.criteria,
  labelled.study_day,
  labelled.response,
  labelled.progression,
  labelled.rt_end_day,
  labelled.study_day - labelled.rt_end_day AS days_since_rt_end,
  labelled.study_day - labelled.rt_end_day <= 84 AS in_rt_window,
  labelled.confirmation_timepoint_id,
  labelled.confirmation_day,
  labelled.confirmation_day - labelled.study_day AS days_to_confirmation,
  labelled.confirmation_response,
  labelled.candidate_label,
  labelled.label_rule,
  CASE WHEN labelled.label_rule = 'none' THEN labelled.label_reason END AS label_reason,
  CASE
    WHEN labelled.label_rule = 'none' THEN NULL
    WHEN labelled.progression IN ('confirmed', 'pseudoprogression') THEN labelled.late_enough_day
    ELSE labelled.confirmation_day
  END AS known_day
FROM labelled
JOIN study.patient
  ON patient.cohort_id = labelled.cohort_id
  AND patient.patient_id = labelled.patient_id
