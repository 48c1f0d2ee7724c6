"""The parts of the rehearsal that are built on the machine, each once, into a shared cache."""
