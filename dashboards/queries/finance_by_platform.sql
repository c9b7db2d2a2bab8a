-- Question: what was earned in the sessions of each platform?
-- Columns: platform (outside: in no session), currency, gross, refunds, net (money), orders (paid, count), share (of the
--   currency's gross). Rows in which no chosen account has anything are left out.
WITH {{finance_credited}},
{{finance_by_session}}
SELECT if(by_session.session_id = '', 'outside', coalesce(nullIf(toString(sessions.platform), ''), 'unknown')) AS platform,
    by_session.currency AS currency,
    toDecimal128(sum(by_session.gross), 4) / {{row_units}} AS gross,
    toDecimal128(sum(by_session.refunds), 4) / {{row_units}} AS refunds,
    toDecimal128(sum(by_session.gross - by_session.refunds), 4) / {{row_units}} AS net,
    sum(by_session.orders) AS orders,
    sum(by_session.gross) / nullIf(sum(sum(by_session.gross)) OVER (PARTITION BY currency), 0) AS share
FROM by_session
LEFT JOIN roster_sessions AS sessions FINAL ON by_session.session_id = sessions.session_id
GROUP BY platform, currency
HAVING gross != 0 OR refunds != 0 OR sum(listed) != 0
ORDER BY currency, gross DESC, platform
