package main

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// terminal opens a terminal: what is written to person is typed into the command's input.
func terminal(t *testing.T) (person, command *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = person.Close() })
	control := func(request uintptr, value *int32) {
		if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, person.Fd(), request, uintptr(unsafe.Pointer(value))); e != 0 {
			t.Fatal(e)
		}
	}
	var locked, number int32
	control(syscall.TIOCSPTLCK, &locked)
	control(syscall.TIOCGPTN, &number)
	command, err = os.OpenFile("/dev/pts/"+strconv.Itoa(int(number)), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Close() })
	return person, command
}

// Would catch a command that moves money without showing what it does and being told to, one
// that asks when nothing is stored, and an answer other than yes that is taken for it.
func TestMoneyIsMovedAfterAYes(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	answered := func(answer string, args ...string) (int, string, string) {
		person, command := terminal(t)
		if _, err := person.WriteString(answer + "\n"); err != nil {
			t.Fatal(err)
		}
		var out, errOut bytes.Buffer
		code := run(t.Context(), append(args, "--server", d.address), command, &out, &errOut)
		return code, out.String(), errOut.String()
	}
	topUp := []string{"book", "top-up", "m1", "--amount", "70.00CNY", "--payment-reference", "p-1"}
	for _, no := range []string{"", "n", "nope", "yes please"} {
		code, out, errOut := answered(no, topUp...)
		if code != exitFailed || out != "" || !strings.Contains(errOut, "70.00 CNY free") || !strings.Contains(errOut, "nothing was changed") {
			t.Errorf("%q: exit %d, %q %q", no, code, out, errOut)
		}
	}
	if out := d.says(exitOK, "", "book", "get", "m1"); strings.Contains(out, "70.00") {
		t.Errorf("a refused top-up is booked:\n%s", out)
	}
	if code, out, errOut := answered("y", topUp...); code != exitOK || !strings.Contains(out, "70.00") || !strings.Contains(errOut, "[y/N]") {
		t.Errorf("yes: exit %d, %q %q", code, out, errOut)
	}
	if code, out, errOut := answered("", append(topUp, "--validate-only", "--request-id", "again")...); code != exitFailed || !strings.Contains(errOut, "REFERENCE_ALREADY_USED") {
		t.Errorf("validate-only: exit %d, %q %q", code, out, errOut)
	}
	id := d.file("a1", "sandbox-counterfeit", "wallet-1")
	d.says(exitOK, "results recorded", "sandbox", "run")
	code, _, errOut := answered("n", "claim", "accept", id, "--role", "operator")
	if code != exitFailed || !strings.Contains(errOut, "ACCEPT leads to PAYING") || !strings.Contains(errOut, "CAPTURE") {
		t.Errorf("the effect of consent is not told: exit %d, %q", code, errOut)
	}
}
