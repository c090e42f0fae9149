package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"mvdan.cc/sh/v3/syntax"

	"github.com/tenfold-claims/tenfold/cmd/gatewaystub/payments"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// walk is how a page is followed by somebody who is new to it: every statement of its shell
// blocks is run, one after the other, but for those of skip.
type walk struct {
	page string
	// serve is the server of a page that starts none.
	serve string
	// begin starts the server of a page in another way, and end looks at it when the page was followed.
	begin, end func(t *testing.T, f *walker)
	// refuses says that the blocks of text of the page are statements that are refused: COMMAND => REASON.
	refuses bool
	// skip are statements that a test cannot run, and why.
	skip map[string]string
	// files are what the page has its reader write first, by name.
	files func(t *testing.T) map[string]string
	// want are words that the commands print.
	want []string
	// zsh is why the page is only read by zsh, and not run; empty if it is run.
	zsh string
}

const backupStatement = "pg_basebackup -D /backup/2026-11-27 -U backup -c fast -X none"

const databaseStatement = "export TENFOLD_DATABASE_URL='host=/tmp/tenfold-3/socket user=tenfold_app dbname=tenfold'"

const ownerOfBinary = "the walk calls the program under test"

var walks = []walk{
	{
		page: "../../README.md",
		skip: map[string]string{
			"make demo":  "TestDemo runs the demo",
			"make test":  "it would run this test again",
			"make build": ownerOfBinary,
		},
		want: []string{`"merchants/m1"`, `"state":"CLAIM_STATE_AUTHENTICATING"`, "is AUTHENTICATING, PENDING", "shop-1/1", "book_opened",
			"shop-1/2", "claim_filed", "payouts instructed", "PAYING", "PAID since", "compensation paid"},
	},
	{page: "../../docs/http.md", want: []string{"CLAIM_STATE_NOTIFIED"}},
	{
		page: "../../docs/sandbox.md",
		skip: map[string]string{
			"tenfold sandbox reset --data-dir /tmp/tenfold --dry-run": "TestSandboxReset counts so, on a database of its own",
			"tenfold sandbox reset --data-dir /tmp/tenfold --yes":     "TestSandboxResetOfADirectory stops a server, and resets its directory so",
		},
		want: []string{"2026-03-09", "2026-04-01", "NOTIFIED", "PAID since"},
	},
	{
		page: "../../docs/finance.md",
		skip: map[string]string{
			databaseStatement: "the test has a database of its own, and its URL in the environment",
		},
		want: []string{"5,000.00  2,200.00      0.00   2,800.00", "1  2,200.00 CNY", "found by OUT_NUMBER                       2",
			"found by ORDER                            1", "0 breaks opened, 0 settled", "1 books audited in", "0 discrepancies", "state   closed", "Late transfers by kind", "bank-19",
			"Age,Kind,Debts,Open", "2026-03-16T00:00:00+08:00,1,2200.00,0.00,CNY"},
	},
	{
		page: "../../docs/policies.md", files: policyFiles, want: []string{"PUBLISHED", "promise-tenfold"},
		serve: "tenfold serve --sandbox --insecure-loopback --sandbox-start 2026-12-01T09:00:00Z",
		zsh:   "its lines are plain commands of tenfold",
	},
	{
		page: bodiesDocument, refuses: true, begin: provedMarket, end: nothingOfTheConsumer,
		want: []string{"KEY_ADDED", "APPLIED", "is the seal genuine?", "RECEIVED", "DECLINED", "CTI-2026-117", "REPORTED", "REVOKED", "1 result would be recorded",
			"1 result recorded", "DIOR-2026-42", "REPORT", "taken back", "refused with KEY_REVOKED", "refused with RESULT_NOT_FOUND"},
		zsh: "its lines are plain commands of tenfold",
	},
	{
		page: "../../docs/gateway.md", want: []string{"NOT_AFTER_ENDS", "FINAL_STAYS"},
		zsh: "its lines are plain commands of tenfold, and the check waits for a payment to end",
	},
	{
		page: "../../docs/operating.md",
		skip: map[string]string{
			"sha256sum --check SHA256SUMS": "`make check-release` makes a release and checks its sums",
			backupStatement:                "TestRestoredDatabaseGoesOn takes its base backup by this statement",
		},
		serve: "tenfold serve --sandbox --insecure-loopback",
		want:  []string{"which is that of this binary", "already at version", "nothing names this person", "0 records would be deleted"},
		zsh:   "its lines are plain commands of tenfold",
	},
}

// fence is a block of code of a page.
type fence struct{ language, text string }

func fences(t *testing.T, page string) (list []fence) {
	t.Helper()
	content, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$").FindAllStringSubmatch(string(content), -1) {
		list = append(list, fence{m[1], m[2]})
	}
	return list
}

// step is one statement of a page.
type step struct {
	// text is the statement as it stands there, and line the same in one form.
	text, line string
	// comment says that there is a remark beside it.
	comment bool
}

// steps are the statements of a block.
func steps(t *testing.T, page, block string) (list []step) {
	t.Helper()
	file, err := syntax.NewParser(syntax.KeepComments(true)).Parse(strings.NewReader(block), "")
	if err != nil {
		t.Fatalf("%s: %v in\n%s", page, err, block)
	}
	for i, s := range file.Stmts {
		end := uint(len(block))
		if i+1 < len(file.Stmts) {
			end = file.Stmts[i+1].Pos().Offset()
		}
		commented := len(s.Comments) > 0 || len(file.Last) > 0
		s.Comments = nil
		var line strings.Builder
		if err := syntax.NewPrinter(syntax.SingleLine(true)).Print(&line, s); err != nil {
			t.Fatal(err)
		}
		list = append(list, step{block[s.Pos().Offset():end], strings.Join(strings.Fields(strings.ReplaceAll(line.String(), "\\\n", " ")), " "), commented})
	}
	return list
}

// Would catch a block of a walked page that no walk can tell from a block of commands, a
// remark beside a command, which an interactive zsh takes for arguments, a page with
// commands that nobody walks, and an exception for a statement that is gone.
func TestWalksCoverTheirPages(t *testing.T) {
	t.Parallel()
	languages := []string{"sh", "text", "json", "yaml", "csv", "ini", "go"}
	for _, page := range []string{
		"../../README.md", "../../docs/sandbox.md", "../../docs/http.md", "../../docs/gateway.md", "../../docs/policies.md", "../../docs/operating.md",
		"../../docs/finance.md", bodiesDocument,
	} {
		at := slices.IndexFunc(walks, func(w walk) bool { return w.page == page })
		if at < 0 {
			t.Errorf("nobody walks %s", page)
			continue
		}
		var lines []string
		for _, f := range fences(t, page) {
			if !slices.Contains(languages, f.language) {
				t.Errorf("%s: a block is in %q; it must be in one of %v, and commands in sh:\n%s", page, f.language, languages, f.text)
			}
			if f.language != "sh" {
				continue
			}
			for _, s := range steps(t, page, f.text) {
				lines = append(lines, s.line)
				if s.comment {
					t.Errorf("%s: a remark stands beside a command:\n%s", page, f.text)
				}
			}
		}
		if len(lines) < 3 {
			t.Errorf("%s has %d commands", page, len(lines))
		}
		for line, why := range walks[at].skip {
			if why == "" || !slices.Contains(lines, line) {
				t.Errorf("%s: %q is left out because %q; it is none of its statements:\n%s", page, line, why, strings.Join(lines, "\n"))
			}
		}
	}
}

// Would catch a page whose commands cannot be followed one after the other: in bash, or in
// zsh, the default of macOS, where it is installed.
func TestWalks(t *testing.T) {
	t.Parallel()
	_, err := exec.LookPath("zsh")
	for _, w := range walks {
		t.Run(filepath.Base(w.page), func(t *testing.T) {
			t.Parallel()
			w.follow(t, "bash")
		})
		t.Run(filepath.Base(w.page)+" in zsh", func(t *testing.T) {
			t.Parallel()
			switch {
			case err != nil:
				t.Skip("zsh is not installed; `make setup` installs it")
			case w.zsh != "":
				w.parse(t)
			default:
				w.follow(t, "zsh")
			}
		})
	}
}

// parse has zsh read the commands of a page, and not run them.
func (w *walk) parse(t *testing.T) {
	t.Helper()
	for _, f := range fences(t, w.page) {
		if f.language == "sh" {
			if out, err := exec.CommandContext(t.Context(), "zsh", "-n", "-f", "-c", f.text).CombinedOutput(); err != nil {
				t.Errorf("%v: %s\n%s", err, out, f.text)
			}
		}
	}
}

// walker follows a page in one shell.
type walker struct {
	t          *testing.T
	shell, dir string
	db         *pgtest.DB
	// places are where the addresses of the page are on this machine.
	places map[string]string
	// script is what the shell will run, and answers are what its blocks answer.
	script  strings.Builder
	answers []*example
	printed strings.Builder
}

const endOfExample = "== end of example =="

func (w *walk) follow(t *testing.T, shell string) {
	t.Helper()
	f := &walker{t: t, shell: shell, dir: t.TempDir(), places: make(map[string]string)}
	f.commands()
	if w.files != nil {
		for name, content := range w.files(t) {
			if err := os.WriteFile(filepath.Join(f.dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if w.serve != "" {
		f.serve(strings.Fields(w.serve)[2:])
	}
	if w.begin != nil {
		w.begin(t, f)
	}
	all := fences(t, w.page)
	for i, block := range all {
		if block.language == "text" && w.refuses {
			f.refused(block.text)
		}
		if block.language != "sh" {
			continue
		}
		for _, s := range steps(t, w.page, block.text) {
			if w.skip[s.line] == "" {
				f.step(s)
			}
		}
		var e *example
		if i+1 < len(all) && all[i+1].language == "json" && !w.refuses {
			e = &example{block.text, all[i+1].text}
		}
		f.answers = append(f.answers, e)
		fmt.Fprintf(&f.script, "printf '\\n%s\\n'\n", endOfExample)
	}
	f.run()
	for _, want := range w.want {
		if !strings.Contains(f.printed.String(), want) {
			t.Errorf("nothing says %q:\n%s", want, f.printed.String())
		}
	}
	if w.end != nil {
		w.end(t, f)
	}
}

// commands puts the program under the names by which pages call it, and grpcurl beside it.
func (f *walker) commands() {
	f.t.Helper()
	self, err := os.Executable()
	if err != nil {
		f.t.Fatal(err)
	}
	bin := filepath.Join(f.dir, ".bin")
	if err := os.Mkdir(bin, 0o700); err != nil {
		f.t.Fatal(err)
	}
	for name, to := range map[string]string{"tenfold": program(f.t), grpcurlName: self} {
		if err := os.Symlink(to, filepath.Join(bin, name)); err != nil {
			f.t.Fatal(err)
		}
	}
}

// step takes a statement into the script, or starts what it starts. What comes after a server
// runs in another shell, as it does for a reader.
func (f *walker) step(s step) {
	words := strings.Fields(s.line)
	switch {
	case strings.HasPrefix(s.line, "tenfold serve "), strings.HasPrefix(s.line, ".bin/tenfold serve "):
		f.run()
		f.serve(words[2:])
	case strings.HasPrefix(s.line, "go run ./cmd/gatewaystub "):
		f.run()
		f.stub(words[3:])
	default:
		f.script.WriteString(s.text + "\n")
	}
}

// here replaces the addresses of a page.
func (f *walker) here(text string) string {
	var pairs []string
	for _, from := range slices.Sorted(maps.Keys(f.places)) {
		pairs = append(pairs, from, f.places[from])
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// serve starts a server as the page does, at other addresses and on another database.
func (f *walker) serve(words []string) {
	f.t.Helper()
	f.db = pgtest.New(f.t)
	for _, address := range []string{"127.0.0.1:7410", "127.0.0.1:7412", "nats://127.0.0.1:4222"} {
		f.places[address] = freeAddress(f.t)
	}
	args := []string{"--listen", f.places["127.0.0.1:7410"], "--ops-listen", noOps, "--database-url", f.db.AppURL, "--log-level", "error"}
	for i := 0; i < len(words); i++ {
		switch words[i] {
		case "--data-dir":
			i++ // The test has a database.
		case "--nats-embedded":
			args = append(args, words[i], "--nats-listen", f.places["nats://127.0.0.1:4222"], "--nats-dir", f.t.TempDir())
		default:
			args = append(args, f.here(words[i]))
		}
	}
	served(f.t, args...)
}

// stub starts the payment service to start from, as its program does.
func (f *walker) stub(words []string) {
	f.t.Helper()
	if len(words) != 2 || words[0] != "-listen" {
		f.t.Fatalf("the walk knows no settings %v of the stub", words)
	}
	service, err := payments.Open(filepath.Join(f.dir, "payments.jsonl"), time.Now)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = service.Close() })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.t.Fatal(err)
	}
	server := grpc.NewServer()
	tenfoldv1.RegisterPayoutGatewayServiceServer(server, service)
	healthv1.RegisterHealthServer(server, health.NewServer())
	go func() { _ = server.Serve(listener) }() // Ends with Stop, which is no error.
	f.t.Cleanup(server.Stop)
	f.places[words[1]] = listener.Addr().String()
}

// run runs what was collected, and compares what the page shows of it.
func (f *walker) run() {
	f.t.Helper()
	if f.script.Len() == 0 {
		return
	}
	script := "set -euo pipefail\n" + f.here(f.script.String())
	shell := exec.CommandContext(f.t.Context(), "bash", "-c", script)
	if f.shell == "zsh" {
		// Without the settings of whoever runs the test.
		shell = exec.CommandContext(f.t.Context(), "zsh", "-f", "-c", script)
	}
	shell.Dir = f.dir
	shell.Env = append(os.Environ(), asProgram+"=1", "PATH="+filepath.Join(f.dir, ".bin")+":"+os.Getenv("PATH"),
		"TENFOLD_SERVER="+f.places["127.0.0.1:7410"], "TENFOLD_NATS_URL=nats://"+f.places["nats://127.0.0.1:4222"])
	if f.db != nil {
		shell.Env = append(shell.Env, "TENFOLD_OWNER_URL="+f.db.OwnerURL, "TENFOLD_DATABASE_URL="+f.db.AppURL)
	}
	var errOut strings.Builder
	shell.Stderr = &errOut
	out, err := shell.Output()
	if err != nil {
		f.t.Fatalf("%v: %s\n%s\nof\n%s", err, errOut.String(), out, script)
	}
	f.printed.Write(out)
	f.printed.WriteString(errOut.String())
	for i, answer := range strings.Split(string(out), "\n"+endOfExample+"\n") {
		if i < len(f.answers) && f.answers[i] != nil {
			f.answers[i].compare(f.t, answer)
		}
	}
	f.script.Reset()
	f.answers = nil
}

// compare compares an answer with what a page shows of it.
func (e *example) compare(t *testing.T, answer string) {
	t.Helper()
	var shown, got any
	if err := json.Unmarshal([]byte(e.answer), &shown); err != nil {
		t.Errorf("the page shows no JSON: %v\n%s", err, e.answer)
	}
	if err := json.Unmarshal([]byte(answer), &got); err != nil || !shows(shown, got) {
		t.Errorf("%s\nanswers %s\nthe page shows %s", e.commands, answer, e.answer)
	}
}
