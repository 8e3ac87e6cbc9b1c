-- title: Everything that was refused, with what was decided about it
-- grain: a refusal
-- reference: ops.quarantine, ops.batch for when it was first met
SELECT
  quarantine.refusal_id,
  quarantine.cohort_id,
  quarantine.batch_id,
  batch.committed_at,
  quarantine.stage,
  quarantine.reason_code,
  quarantine.subject,
  quarantine.detail,
  quarantine.file_path,
  quarantine.row_number,
  quarantine.column_name,
  quarantine.content_hash,
  quarantine.state,
  quarantine.decided_by,
  quarantine.decided_at,
  quarantine.decision_reason
FROM ops.quarantine
LEFT JOIN ops.batch ON batch.batch_id = quarantine.batch_id
ORDER BY
  quarantine.cohort_id,
  quarantine.stage,
  quarantine.reason_code,
  quarantine.file_path,
  quarantine.row_number,
  quarantine.column_name,
  quarantine.refusal_id
