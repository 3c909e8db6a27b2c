"""The audit trail's core: a tree and a chain over the log, signed notes, proofs, and their verification.

It does no I/O. Formats are those of C2SP (c2sp.org), RFC 6962, RFC 9162 and `docs/reference`, byte by byte.
"""
