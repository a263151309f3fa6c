"""The parts of the tape on disk. Others import `diagnostics.tape`, the door."""
