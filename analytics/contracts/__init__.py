"""Who captures the value: fees, likeness contracts, the AI label, what platforms allow, and what the seller keeps.

All of it is functions on frames. `states` says what the books hold of each order and account before and after a period;
`settlement` turns that into lines, one per order or session and step; a waterfall, a statement and a royalty are sums
of the same lines.
"""
