//go:build !linux

package embedpg

import (
	"os/exec"
	"strconv"
	"strings"
)

// arguments returns the words that a live process was started with, its program
// first. A process that is gone has none, and neither has one that has ended and
// waits for its parent. The base system has ps, which joins the words by spaces;
// a path may hold some, so -D and the cluster are looked for as one text.
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
