"""The tiny models of the rehearsal, made on the spot."""
