-- Fragment: neither a host nor a kind is chosen.
($__conditionalAll(1 = 0, $host) AND $__conditionalAll(1 = 0, $kind))
