package embedpg

// Running says whether a process is alive; one that has ended and waits for its
// parent is not.
func Running(pid int) bool { return len(arguments(pid, "")) > 0 }
