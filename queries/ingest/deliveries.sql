-- title: Deliveries that were taken in
-- grain: a delivery
-- reference: ops.event
SELECT subject, details
FROM ops.event
WHERE action = 'deliver'
ORDER BY happened_at, event_id
