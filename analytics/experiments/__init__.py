"""Experiments: who is shown what, drawn beforehand, and what may be concluded from it.

Switchbacks (human and digital alternate in blocks of time) and script A/B tests (the viewer is the unit). The methods,
their assumptions and their sources are in docs/METHODS.md. scipy and statsmodels are imported where they are used.
"""
