package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tenfold-claims/tenfold/internal/caller"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/relay"
	"github.com/tenfold-claims/tenfold/internal/serveproc"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch a server whose events do not arrive at the NATS server that it was
// told to run, or that loses its stream when it is killed, and a replay that stores
// nothing.
func TestServeRelaysToItsOwnNATSServer(t *testing.T) {
	t.Parallel()
	db, address := pgtest.New(t), freeAddress(t)
	var log bytes.Buffer
	config := serveproc.Config{
		Args: []string{
			"--sandbox", "--insecure-loopback", "--listen", "127.0.0.1:0", "--database-url", db.AppURL,
			"--nats-embedded", "--nats-listen", address, "--nats-dir", filepath.Join(t.TempDir(), "nats"),
		},
		Env: []string{asProgram + "=1"}, Log: &log,
	}
	for round := range 2 {
		server, err := serveproc.Start(t.Context(), config)
		if err != nil {
			t.Fatalf("%v: %s", err, log.String())
		}
		end := server.Kill
		if round > 0 {
			end = func() error { return server.Stop(context.Background()) }
		}
		openAndAwait(t, server.Address(), address, []string{"m1", "m2"}[round])
		if round > 0 {
			for _, want := range []string{"2 events stored", "0 events stored"} {
				code, out, errOut := try(t, "relay", "replay", "--database-url", db.AppURL, "--nats-url", "nats://"+address)
				if code != exitOK || !strings.Contains(out, want) {
					t.Errorf("replay: exit %d, %q %q", code, out, errOut)
				}
			}
		}
		code, out, errOut := try(t, "relay", "show", "--nats-url", "nats://"+address)
		if want := []string{"m1/1", "m2/1"}[:round+1]; code != exitOK || strings.Count(out, "book_opened") != len(want) || !strings.Contains(out, want[round]) {
			t.Errorf("show: exit %d, %q %q", code, out, errOut)
		}
		if code, out, errOut := try(t, "relay", "show", "--nats-url", "nats://"+address, "--merchant", "nobody"); code != exitOK || out != "" {
			t.Errorf("show of another: exit %d, %q %q", code, out, errOut)
		}
		if err := end(); err != nil {
			t.Error(err)
		}
	}
	if code, _, errOut := try(t, "relay", "replay"); code != exitUsage || !strings.Contains(errOut, "--nats-url (TENFOLD_NATS_URL)") {
		t.Errorf("without addresses: exit %d, %q", code, errOut)
	}
}

// openAndAwait opens a merchant's book and waits for its event at the broker.
func openAndAwait(t *testing.T, server, broker, merchant string) {
	t.Helper()
	conn, err := caller.Identity{Workload: "test", Role: "operator"}.Dial(server)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = tenfoldv1.NewDepositServiceClient(conn).OpenBook(t.Context(), &tenfoldv1.OpenBookRequest{MerchantId: merchant, RequestId: "r1", CurrencyCode: "CNY"})
	if err != nil {
		t.Fatal(err)
	}
	reader, err := nats.Connect("nats://" + broker)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	js, err := jetstream.New(reader)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c, err := js.CreateConsumer(ctx, relay.StreamEvents, jetstream.ConsumerConfig{FilterSubject: "tenfold.events." + merchant + ".>"})
	if err != nil {
		t.Fatal(err)
	}
	m, err := c.Next(jetstream.FetchMaxWait(30 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if m.Subject() != "tenfold.events."+merchant+".book_opened" {
		t.Errorf("the first message of %s is on %s", merchant, m.Subject())
	}
}

// Would catch a server that starts with settings that contradict each other.
func TestServeChecksItsNATSSettings(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"--nats-url (TENFOLD_NATS_URL)":           {"--nats-url", "nats://x", "--nats-embedded"},
		"--nats-dir (TENFOLD_NATS_DIR) requires":  {"--nats-dir", "/x"},
		"--nats-dir (TENFOLD_NATS_DIR) is":        {"--nats-embedded", "--database-url", "postgres://x"},
		"--nats-listen (TENFOLD_NATS_LISTEN)":     {"--nats-embedded", "--nats-listen", "0.0.0.0:4222"},
		"--nats-replicas (TENFOLD_NATS_REPLICAS)": {"--nats-replicas", "6"},
	} {
		if code, _, errOut := try(t, append([]string{"serve", "--sandbox", "--insecure-loopback"}, args...)...); code != exitUsage || !strings.Contains(errOut, want) {
			t.Errorf("%v: exit %d, %q", args, code, errOut)
		}
	}
}
