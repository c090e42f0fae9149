package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/tenfold-claims/tenfold/internal/pgtest"
)

// deploy is where what operators deploy stands.
const deploy = "../../deploy"

// alert is one rule of Prometheus, as far as it is looked at here.
type alert struct {
	Name        string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

func alerts(t *testing.T) []alert {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(deploy, "prometheus", "rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Name  string  `yaml:"name"`
			Rules []alert `yaml:"rules"`
		} `yaml:"groups"`
	}
	decoder := yaml.NewDecoder(strings.NewReader(string(content)))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		t.Fatal(err)
	}
	var all []alert
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	if len(all) == 0 {
		t.Fatal("there are no alerts")
	}
	return all
}

// expressions are those of every dashboard, by dashboard and panel.
func expressions(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(deploy, "grafana", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no dashboards: %v", err)
	}
	all := make(map[string][]string)
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var dashboard struct {
			Templating struct {
				List []struct{ Name, Query string }
			}
			Panels []struct {
				Type, Title string
				Targets     []struct{ Expr string }
			}
		}
		if err := json.Unmarshal(content, &dashboard); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, p := range dashboard.Panels {
			where := filepath.Base(name) + ", " + p.Title
			if p.Type != "row" && len(p.Targets) == 0 {
				t.Errorf("%s shows nothing", where)
			}
			for _, target := range p.Targets {
				all[where] = append(all[where], target.Expr)
			}
		}
		for _, v := range dashboard.Templating.List {
			if metric, ok := strings.CutPrefix(v.Query, "label_values("); ok {
				metric, _, _ = strings.Cut(metric, ",")
				all[filepath.Base(name)+", variable "+v.Name] = []string{metric}
			}
		}
	}
	return all
}

// What is no metric in an expression: texts, selections of labels and of time,
// lists of labels, functions, words of the language.
var (
	durations  = regexp.MustCompile(`\b[0-9]+(ms|[smhdwy])\b`)
	quoted     = regexp.MustCompile(`"[^"]*"`)
	selections = regexp.MustCompile(`\{[^}]*\}|\[[^\]]*\]`)
	lists      = regexp.MustCompile(`\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)`)
	functions  = regexp.MustCompile(`\b[a-z_0-9]+\s*\(`)
	names      = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*`)
	selectors  = regexp.MustCompile(`([a-z_0-9]+)\{([^}]*)\}`)
	matchers   = regexp.MustCompile(`([a-z_]+)(=~|!~|!=|=)"([^"]*)"`)
	words      = []string{"and", "or", "unless", "bool", "offset"}
)

// metricsOf gives the metrics that an expression names.
func metricsOf(expression string) []string {
	for _, no := range []*regexp.Regexp{quoted, durations, selections, lists, functions} {
		expression = no.ReplaceAllString(expression, " ")
	}
	return slices.DeleteFunc(names.FindAllString(expression, -1), func(w string) bool { return slices.Contains(words, w) })
}

// exposed is what a server shows, by the name of the metric.
type exposed map[string][]string

func exposedIn(metrics string) exposed {
	e := make(exposed)
	for line := range strings.Lines(metrics) {
		if name := names.FindString(line); name != "" && !strings.HasPrefix(line, "#") {
			e[name] = append(e[name], line)
		}
	}
	return e
}

// lacks says what of an expression a server does not show; empty for nothing.
// Which replica a line is of, and whether it answers, is for Prometheus to add.
func (e exposed) lacks(expression string) (missing []string) {
	for _, m := range metricsOf(expression) {
		if e[m] == nil && m != "up" {
			missing = append(missing, m)
		}
	}
	for _, s := range selectors.FindAllStringSubmatch(expression, -1) {
		for _, m := range matchers.FindAllStringSubmatch(s[2], -1) {
			label := m[1] + `="`
			if m[2] == "=" {
				label += m[3] + `"`
			}
			if m[1] != "instance" && m[1] != "job" && !strings.Contains(strings.Join(e[s[1]], ""), label) {
				missing = append(missing, s[1]+"{"+label+"}")
			}
		}
	}
	return missing
}

// Would catch a dashboard or an alert that asks for a metric, a label or a value
// that no server shows: it would stay empty, or silent, for ever.
func TestDashboardsAndAlertsNameMetricsThatExist(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	o := operatedOver(t, db.AppURL)
	o.work()
	o.pay()
	metrics := o.scrape("tenfold_payouts{", "tenfold_relay_leading 1", "tenfold_audit_last_success_seconds ", "rpc_client_call_duration_seconds_count")
	// The books that a server finds when it starts are summed up at once.
	shown := exposedIn(metrics + operatedOver(t, db.AppURL).scrape("tenfold_ledger_balance{"))
	// Another test shows that a server with certificates has it.
	shown["tenfold_certificate_expires_seconds"] = []string{`{use="gateway"}`}
	for where, list := range expressions(t) {
		for _, expression := range list {
			if missing := shown.lacks(expression); missing != nil {
				t.Errorf("%s: no server shows %v, which %s asks for", where, missing, expression)
			}
		}
	}
	for _, a := range alerts(t) {
		if missing := shown.lacks(a.Expr); missing != nil {
			t.Errorf("%s: no server shows %v, which %s asks for", a.Name, missing, a.Expr)
		}
	}
	// The check itself must find what is missing.
	if got := shown.lacks(`sum by (state) (rate(tenfold_payout{state="open"}[5m])) / max(tenfold_payouts{state="odd"})`); len(got) != 3 {
		t.Errorf("of three things that are missing %v were found", got)
	}
}

// Would catch an alert that wakes somebody and does not tell what to do, and a page
// that no alert leads to.
func TestEveryAlertHasItsRunbook(t *testing.T) {
	t.Parallel()
	const runbooks = "docs/runbooks/"
	led := make(map[string]bool)
	for _, a := range alerts(t) {
		page := runbooks + a.Name + ".md"
		led[a.Name+".md"] = true
		if a.Annotations["runbook"] != page || !strings.HasSuffix(a.Annotations["runbook_url"], "/"+page) || a.Annotations["summary"] == "" {
			t.Errorf("%s must name %s and have a summary, not %v", a.Name, page, a.Annotations)
		}
		if severity := a.Labels["severity"]; severity != "page" && severity != "ticket" {
			t.Errorf("%s has the severity %q", a.Name, severity)
		}
		content, err := os.ReadFile("../../" + page)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, part := range []string{"# " + a.Name + "\n", "\n## What it means\n", "\n## What to do\n"} {
			if !strings.Contains(string(content), part) {
				t.Errorf("%s lacks %q", page, strings.TrimSpace(part))
			}
		}
	}
	pages, err := os.ReadDir("../../" + runbooks)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pages {
		if !led[p.Name()] {
			t.Errorf("no alert leads to %s%s", runbooks, p.Name())
		}
	}
}

// Would catch a container that is configured by a setting that does not exist: the
// server would start without it.
func TestContainersNameSettingsThatExist(t *testing.T) {
	t.Parallel()
	settings := map[string]bool{
		// The two that the script of the database reads.
		"TENFOLD_OWNER_PASSWORD": true, "TENFOLD_APP_PASSWORD": true,
	}
	for _, command := range newRoot().Commands() {
		command.Flags().VisitAll(func(f *pflag.Flag) { settings[variableOf(f.Name)] = true })
	}
	variables := regexp.MustCompile(`TENFOLD_[A-Z_]+`)
	for _, name := range []string{"Containerfile", "compose.yaml", "postgres/roles.sh", "passwords.env.example"} {
		content, err := os.ReadFile(filepath.Join(deploy, name))
		if err != nil {
			t.Fatal(err)
		}
		found := variables.FindAllString(string(content), -1)
		if len(found) == 0 {
			t.Errorf("%s configures nothing", name)
		}
		for _, v := range found {
			if !settings[v] {
				t.Errorf("%s sets %s, which is no setting", name, v)
			}
		}
	}
}

// Would catch files of a deployment that cannot be read at all.
func TestDeploymentFilesAreYAML(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"compose.yaml", "prometheus/prometheus.yaml",
		"grafana/provisioning/datasources/prometheus.yaml", "grafana/provisioning/dashboards/tenfold.yaml",
	} {
		content, err := os.ReadFile(filepath.Join(deploy, name))
		if err != nil {
			t.Fatal(err)
		}
		var file map[string]any
		if err := yaml.Unmarshal(content, &file); err != nil || len(file) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
