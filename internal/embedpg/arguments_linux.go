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
