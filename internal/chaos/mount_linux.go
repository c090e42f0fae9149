package chaos

import (
	"fmt"
	"syscall"
)

// mount mounts a file system of a size, in memory, which only root may.
func mount(dir string, bytes int64) error {
	if err := syscall.Mount("tenfold-chaos", dir, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, fmt.Sprintf("size=%d,mode=0755", bytes)); err != nil {
		return fmt.Errorf("only root may mount a small disk: %w", err)
	}
	return nil
}

func unmount(dir string) error {
	if err := syscall.Unmount(dir, 0); err != nil {
		return fmt.Errorf("unmount the disk of the database: %w", err)
	}
	return nil
}
