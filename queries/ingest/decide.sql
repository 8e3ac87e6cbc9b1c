-- title: Write down what was decided about refusals
-- grain: the refusals named
-- reference: ops.quarantine
--
-- What is resolved stays resolved: there is nothing left to decide about.
UPDATE ops.quarantine
SET
  state = $state,
  decided_by = $author,
  decided_at = $decided_at,
  decision_reason = $reason
WHERE list_contains(CAST($refusal_ids AS VARCHAR[]), refusal_id)
  AND state <> 'resolved'
