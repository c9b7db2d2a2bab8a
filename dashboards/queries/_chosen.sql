-- Fragment: a row with host_id and kind is one that the variables host and kind leave.
($__conditionalAll(host_id IN (${host:sqlstring}), $host) AND $__conditionalAll(kind IN (${kind:sqlstring}), $kind))
