"""The boards in Grafana: our description as Grafana's own JSON and alert rules, checked, written down, published."""
