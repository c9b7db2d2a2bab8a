"""Where events come from: files, histories of other make, and the webhooks of platforms, one module each.

A platform's module says what it needs, how it signs, and has one total function per payload kind; `table` names them
all. What they book, and when, is in docs/SOURCES.md.
"""
