"""Does to a real organization what a step of a small world says, through the doors that its users have."""
