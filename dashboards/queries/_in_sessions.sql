-- Fragment: the sessions that the variables seller, platform and session leave, of a table with a column session_id.
$__conditionalAll(session_id IN (SELECT assumeNotNull(sessions.session_id) FROM roster_sessions AS sessions FINAL WHERE seller_id IN (${seller:sqlstring})), $seller)
    AND $__conditionalAll(session_id IN (SELECT assumeNotNull(sessions.session_id) FROM roster_sessions AS sessions FINAL WHERE platform IN (${platform:sqlstring})), $platform)
    AND $__conditionalAll(session_id IN (${session:sqlstring}), $session)
