-- Every seventh of these minutes has a refund of half of what was sold in it.
INSERT INTO returns_minute (model, minute, currency, session_id, host_id, refunds)
SELECT model, minute, currency, session_id, host_id, intDiv(gross, 2)
FROM revenue_minute
WHERE cityHash64(session_id, minute) % 7 = 0
