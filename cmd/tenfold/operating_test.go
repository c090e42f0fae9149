package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
)

const operatingPage = "../../docs/operating.md"

// Would catch a file of settings, in the page for operators or in the manifests, with a line
// that is no setting.
func TestDeployedSettingsAreSettings(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(operatingPage)
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(shown) == 0 {
		t.Fatal("the page shows no file of settings")
	}
	var files []string
	for _, s := range shown {
		files = append(files, s[1])
	}
	files = append(files, mapped(t))
	for _, content := range files {
		settings, err := readConfigFile(configFile(t, content), newServe().Flags())
		if err != nil || len(settings) < 5 {
			t.Errorf("%d settings, %v in:\n%s", len(settings), err, content)
		}
		for _, s := range settings {
			if err := newServe().Flags().Set(s.flag.Name, s.value); err != nil {
				t.Errorf("%s: %v", s.flag.Name, err)
			}
		}
	}
}

// mapped is the file of settings that the manifests map into a pod.
func mapped(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(deploy, "kubernetes", "tenfold.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var first struct {
		Kind string
		Data map[string]string
	}
	if err := yaml.NewDecoder(strings.NewReader(string(content))).Decode(&first); err != nil || first.Kind != "ConfigMap" {
		t.Fatalf("the first object is a %s, %v", first.Kind, err)
	}
	return first.Data["tenfold.yaml"]
}

// Would catch a command in the page, the unit or the manifests that does not exist, or that
// has no such flag.
func TestDeployedCommandsExist(t *testing.T) {
	t.Parallel()
	commands := make(map[string]string)
	find := func(file, pattern string, least int) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(pattern).FindAllStringSubmatch(string(content), -1)
		if len(found) < least {
			t.Errorf("%s names %d commands", file, len(found))
		}
		for _, f := range found {
			commands[f[1]] = file
		}
	}
	find(operatingPage, "`tenfold ([a-z][^`]*)`", 10)
	find(filepath.Join(deploy, "systemd", "tenfold.service"), `(?m)^ExecStart(?:Pre)?=\S*/tenfold (.*)$`, 2)
	for _, name := range []string{"tenfold.yaml", "migrate.yaml"} {
		content, err := os.ReadFile(filepath.Join(deploy, "kubernetes", name))
		if err != nil {
			t.Fatal(err)
		}
		args := regexp.MustCompile(`(?m)^ +args: \[(.*)\]$`).FindStringSubmatch(string(content))
		if args == nil {
			t.Fatalf("%s starts nothing", name)
		}
		commands[strings.ReplaceAll(args[1], ",", "")] = name
	}
	for line, file := range commands {
		if err := parses(line); err != nil {
			t.Errorf("%s: tenfold %s: %v", file, line, err)
		}
	}
}

// parses says what is wrong with the words of a command, apart from its arguments.
func parses(line string) error {
	words := regexp.MustCompile(`'[^']*'|\S+`).FindAllString(line, -1)
	root := newRoot()
	cmd, rest, err := root.Find(words)
	if err != nil {
		return err
	}
	cmd.RunE = func(*cobra.Command, []string) error { return nil }
	return cmd.ParseFlags(rest)
}
