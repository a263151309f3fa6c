"""The parts of a load: profile, arrivals, the loop that sends, the tally of what came back."""
