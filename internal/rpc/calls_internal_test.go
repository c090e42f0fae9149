package rpc

import (
	"log/slog"
	"strings"
	"testing"
	"time"
)

// Would catch answered calls that are not logged at the level that was asked for.
func TestAnsweredCallsAreLoggedWhereAsked(t *testing.T) {
	t.Parallel()
	for at, logged := range map[slog.Level]bool{slog.LevelDebug: false, slog.LevelInfo: true} {
		var out strings.Builder
		c := chain{measure: time.Now, log: slog.New(slog.NewTextHandler(&out, nil)), callsAt: at}
		c.answered(t.Context(), caller{}, "/tenfold.v1.ClaimService/GetClaim", time.Now(), nil)
		if strings.Contains(out.String(), "method=ClaimService/GetClaim code=OK") != logged {
			t.Errorf("at %s: %q", at, out.String())
		}
	}
}
