"""Files that people hand in or organisers offer: pictures, downloads, attachments. Kept in the tenant's own schema, piece by piece.

Invariants: a file's bytes are what its type says (looked at, not believed), pictures are re-encoded so that nothing but the picture
remains, and a file leaves only by a signed link that expires or to whoever may see what it belongs to. Floor 1.
"""
