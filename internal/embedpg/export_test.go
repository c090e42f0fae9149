package embedpg

// Running says whether a process is alive; one that has ended and waits for its
// parent is not.
func Running(pid int) bool { return len(arguments(pid, "")) > 0 }

// Adopted says whether the server was found running, left by a crashed holder.
func (s *Server) Adopted() bool { return s.adopted }

// DataDir is where the server keeps its files.
func (s *Server) DataDir() string { return s.dir.root }
