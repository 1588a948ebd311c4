"""How much members of one population differ, each number beside what chance alone gives."""
