"""Language models behind one door: who answers, how often we ask again, and what a run may spend."""
