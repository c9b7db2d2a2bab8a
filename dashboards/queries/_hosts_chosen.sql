-- Fragment: the hosts and kinds that the variables leave, of a table with columns host_id and kind.
$__conditionalAll(host_id IN (${host:sqlstring}), $host) AND $__conditionalAll(kind IN (${kind:sqlstring}), $kind)
