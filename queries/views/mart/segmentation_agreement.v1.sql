-- title: How well two masks of one region agree
-- grain: two segmentations of one region
-- reference: Dice 1945, doi 10.2307/1932409
-- since: 0.1.0
--
-- Pairs of raters, and of repetitions of one rater (then rater_a equals rater_b). A measure is
-- NULL where it is not defined, and status says why: both_empty or one_empty. The volume
-- difference is that of a minus that of b.
SELECT
  segmentation_overlap.cohort_id,
  patient.person_id,
  drawn_a.patient_id,
  drawn_a.timepoint_id,
  drawn_a.region,
  drawn_a.lesion_id,
  drawn_a.rater_id AS rater_a,
  drawn_b.rater_id AS rater_b,
  drawn_a.repeat_no AS repeat_a,
  drawn_b.repeat_no AS repeat_b,
  segmentation_overlap.dice,
  segmentation_overlap.hd95_mm,
  segmentation_overlap.volume_difference_mm3,
  segmentation_overlap.status,
  segmentation_overlap.segmentation_id_a,
  segmentation_overlap.segmentation_id_b
FROM imaging.segmentation_overlap
JOIN imaging.segmentation AS drawn_a
  ON drawn_a.cohort_id = segmentation_overlap.cohort_id
  AND drawn_a.segmentation_id = segmentation_overlap.segmentation_id_a
JOIN imaging.segmentation AS drawn_b
  ON drawn_b.cohort_id = segmentation_overlap.cohort_id
  AND drawn_b.segmentation_id = segmentation_overlap.segmentation_id_b
JOIN study.patient
  ON patient.cohort_id = drawn_a.cohort_id
  AND patient.patient_id = drawn_a.patient_id
