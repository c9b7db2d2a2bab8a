"""The worker: Faust brings records and keeps the group, lanes make books of them, offsets follow the store.

Faust is used in the way that loses nothing: `noack_take` with our own acknowledgements after the store, retries inside,
concurrency 1, a hard exit on what we do not understand. No money lives in its tables.
"""
