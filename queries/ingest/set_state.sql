-- title: Say what has become of refusals
-- grain: a refusal
-- reference: ops.quarantine
UPDATE ops.quarantine
SET state = $state
WHERE refusal_id IN (SELECT unnest($refusal_ids))
