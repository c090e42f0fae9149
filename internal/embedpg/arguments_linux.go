package embedpg

import (
	"os"
	"strconv"
	"strings"
)

// arguments returns the command line of a live process, the program first. A process
// that has ended has none, even if it still waits for its parent. Everybody may read
// command lines, unlike the working directory.
func arguments(pid int, _ string) []string {
	line, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	if err != nil || len(line) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")
}

// childrenOf returns the processes that a process has started and that still live.
func childrenOf(pid int) ([]int, error) {
	tasks, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var children []int
	for _, task := range tasks {
		child, err := strconv.Atoi(task.Name())
		if err != nil {
			continue
		}
		line, err := os.ReadFile("/proc/" + task.Name() + "/stat")
		if err != nil {
			continue // It has ended meanwhile.
		}
		// The name before the last parenthesis may contain anything; then come the state
		// and the parent.
		fields := strings.Fields(string(line[strings.LastIndexByte(string(line), ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			children = append(children, child)
		}
	}
	return children, nil
}
