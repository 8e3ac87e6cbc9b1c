-- title: How well two masks of one region agree
-- grain: two segmentations of one region
-- reference: Dice 1945, doi 10.2307/1932409; Huttenlocher et al. 1993, doi 10.1109/34.232073
-- since: 0.1.0
--
-- Pairs of raters (design inter_rater), and of repetitions of one rater (intra_rater; then rater_a
-- equals rater_b). A measure is NULL where it is not defined, and status says why: both_empty or
-- one_empty. hd95_mm is the 95th percentile of the surface distances of both directions together.
-- The volume differences are those of a minus b; the relative one is divided by the mean of the
-- two volumes, for neither rater is the truth: from -2 to 2, NULL where both are empty.
SELECT
  segmentation_overlap.cohort_id,
  patient.person_id,
  drawn_a.patient_id,
  drawn_a.timepoint_id,
  drawn_a.region,
  drawn_a.lesion_id,
  CASE WHEN drawn_a.rater_id = drawn_b.rater_id THEN 'intra_rater' ELSE 'inter_rater' END AS design,
  drawn_a.rater_id AS rater_a,
  drawn_b.rater_id AS rater_b,
  drawn_a.repeat_no AS repeat_a,
  drawn_b.repeat_no AS repeat_b,
  segmentation_overlap.dice,
  segmentation_overlap.hd95_mm,
  drawn_a.volume_mm3 AS volume_a_mm3,
  drawn_b.volume_mm3 AS volume_b_mm3,
  segmentation_overlap.volume_difference_mm3,
  2 * segmentation_overlap.volume_difference_mm3
    / nullif(drawn_a.volume_mm3 + drawn_b.volume_mm3, 0) AS volume_difference_relative,
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
