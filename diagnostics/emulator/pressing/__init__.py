"""What makes an emulator slow, full and strict? The parts of `overload`, which is the door."""
