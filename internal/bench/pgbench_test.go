package bench

import (
	"strings"
	"testing"
)

const pgbench15 = `pgbench (15.14 (Debian 15.14-0+deb12u1))
starting vacuum...end.
transaction type: <builtin: TPC-B (sort of)>
scaling factor: 64
query mode: prepared
number of clients: 16
number of threads: 2
maximum number of tries: 1
duration: 4 s
number of transactions actually processed: 12892
number of failed transactions: 0 (0.000%)
latency average = 4.963 ms
initial connection time = 21.905 ms
tps = 3223.855410 (without initial connection time)
`

const pgbench13 = `transaction type: <builtin: TPC-B (sort of)>
scaling factor: 64
query mode: prepared
number of clients: 16
number of threads: 2
duration: 4 s
number of transactions actually processed: 12892
latency average = 4.963 ms
tps = 3201.000000 (including connections establishing)
tps = 3223.855410 (excluding connections establishing)
`

// Would catch a figure read from the wrong line of any version's output.
func TestParsePgbench(t *testing.T) {
	t.Parallel()
	want := PgbenchRun{Transactions: 12892, PerSecond: 3223.855410, AverageMillis: 4.963}
	for name, text := range map[string]string{"version 15": pgbench15, "version 13": pgbench13} {
		got, err := parsePgbench([]byte(text))
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v; want %+v", name, got, err, want)
		}
	}
}

// Would catch a reference that counts failed transactions, or a zero that makes
// every ratio look good.
func TestParsePgbenchRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing":             "",
		"no rate":             strings.ReplaceAll(pgbench15, "tps = ", "rate = "),
		"failed transactions": strings.ReplaceAll(pgbench15, "failed transactions: 0 (0.000%)", "failed transactions: 7 (0.054%)"),
		"no number":           strings.ReplaceAll(pgbench15, "tps = 3223.855410", "tps = many"),
	} {
		if got, err := parsePgbench([]byte(text)); err == nil {
			t.Errorf("%s: taken for %+v", name, got)
		}
	}
}
