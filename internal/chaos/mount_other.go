//go:build !linux

package chaos

import "errors"

func mount(string, int64) error { return errors.New("a small disk in memory can be mounted on Linux") }

func unmount(string) error { return nil }
