-- Fragment: the sessions in which the hosts whose rows are seen were on air or have credits, of a table with a column session_id.
session_id IN (SELECT session_id FROM shifts UNION ALL SELECT toString(session_id) FROM revenue_minute)
