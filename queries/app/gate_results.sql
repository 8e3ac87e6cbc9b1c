-- title: What the gates of a batch counted
-- grain: a rule of a gate
-- reference: ops.gate_result
SELECT
  stage,
  subject,
  rule,
  severity,
  n_checked,
  n_refused
FROM ops.gate_result
WHERE batch_id = $batch_id
ORDER BY
  list_position(['manifest', 'image', 'staged', 'catalogue'], stage),
  subject,
  rule
