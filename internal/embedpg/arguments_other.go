//go:build !linux

package embedpg

import (
	"os/exec"
	"strconv"
	"strings"
)

// arguments returns the command line of a live process, the program first. A process
// that has ended has none, even if it still waits for its parent. The base system has
// ps, which joins the arguments by spaces. A path may contain spaces, so arguments
// searches for -D and the cluster as one text.
func arguments(pid int, cluster string) []string {
	out, err := exec.Command("ps", "-ww", "-o", "stat=", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return nil
	}
	state, line, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	if state == "" || strings.HasPrefix(state, "Z") {
		return nil
	}
	line = strings.TrimSpace(line)
	program, _, _ := strings.Cut(line, " -D ")
	args := []string{program}
	if strings.Contains(line+" ", " -D "+cluster+" ") {
		args = append(args, "-D", cluster)
	}
	return args
}

// childrenOf returns the processes that a process has started and that still live.
func childrenOf(pid int) ([]int, error) {
	out, err := exec.Command("ps", "-A", "-o", "pid=", "-o", "ppid=").Output()
	if err != nil {
		return nil, err
	}
	var children []int
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) != 2 || fields[1] != strconv.Itoa(pid) {
			continue
		}
		if child, err := strconv.Atoi(fields[0]); err == nil {
			children = append(children, child)
		}
	}
	return children, nil
}
