package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

const (
	// configFlag names the file of settings. The file cannot name another.
	configFlag = "config"
	// configMax bounds a file of settings, in bytes.
	configMax = 64 << 10
	// shownMax is how much of a wrong key or value an error repeats.
	shownMax = 60
)

// notInFile are flags that are no settings.
var notInFile = []string{configFlag, "check-config", "help"}

// sourceKey is the annotation of a flag that says where its value is from.
const sourceKey = "tenfold_source"

// setFrom sets a flag and notes where its value is from.
func setFrom(flags *pflag.FlagSet, f *pflag.Flag, value, source string) error {
	if err := flags.Set(f.Name, value); err != nil {
		return err
	}
	return flags.SetAnnotation(f.Name, sourceKey, []string{source})
}

// sourceOf says where the value of a flag is from.
func sourceOf(f *pflag.Flag) string {
	switch source := f.Annotations[sourceKey]; {
	case len(source) > 0:
		return source[0]
	case f.Changed:
		return "--" + f.Name
	}
	return "default"
}

// fromConfigFile sets every flag that neither the command line nor the environment set
// from the file that --config names. Returns an error, having set nothing, if the file
// has a key that is no setting, a key twice, or a value of a wrong kind; the error names
// the line.
func fromConfigFile(flags *pflag.FlagSet) error {
	f := flags.Lookup(configFlag)
	if f == nil || f.Value.String() == "" {
		return nil
	}
	path := f.Value.String()
	settings, err := readConfigFile(path, flags)
	if err != nil {
		return usageError{fmt.Errorf("%s: %w", path, err)}
	}
	for _, s := range settings {
		if s.flag.Changed {
			continue
		}
		if err := setFrom(flags, s.flag, s.value, fmt.Sprintf("%s:%d", path, s.line)); err != nil {
			return usageError{fmt.Errorf("%s:%d: %s: %.200s", path, s.line, s.flag.Name, err)}
		}
	}
	return nil
}

// fileSetting is one line of a file of settings.
type fileSetting struct {
	flag  *pflag.Flag
	value string
	line  int
}

func readConfigFile(path string, flags *pflag.FlagSet) ([]fileSetting, error) {
	content, err := readBounded(path, configMax)
	if err != nil {
		return nil, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var document, more yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return nil, nil // Nothing but comments.
	case err != nil:
		return nil, err
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("a file of settings has one document")
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: settings are lines such as `listen: 127.0.0.1:7410`", root.Line)
	}
	lines := make(map[string]int)
	var settings []fileSetting
	for i := 0; i < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		s, err := fileSettingOf(key, value, flags)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", key.Line, err)
		}
		if before, ok := lines[s.flag.Name]; ok {
			return nil, fmt.Errorf("line %d: %s is set twice, first in line %d", key.Line, s.flag.Name, before)
		}
		lines[s.flag.Name] = key.Line
		settings = append(settings, s)
	}
	return settings, nil
}

func readBounded(path string, most int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readAtMost(file, most)
}

// readAtMost reads to the end, and refuses more than a bound.
func readAtMost(in io.Reader, most int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(in, most+1))
	if err == nil && int64(len(content)) > most {
		err = fmt.Errorf("the file has more than %d bytes", most)
	}
	return content, err
}

func fileSettingOf(key, value *yaml.Node, flags *pflag.FlagSet) (fileSetting, error) {
	f := flags.Lookup(key.Value)
	if key.Kind != yaml.ScalarNode || f == nil || slices.Contains(notInFile, key.Value) {
		return fileSetting{}, fmt.Errorf("there is no setting %.*q%s", shownMax, key.Value, suggestion(key.Value, flags))
	}
	text, err := textOfNode(value, f)
	if err != nil {
		return fileSetting{}, fmt.Errorf("%s: %w", f.Name, err)
	}
	return fileSetting{flag: f, value: text, line: key.Line}, nil
}

// textOfNode is a value as the command line would give it. A list stands for a value
// with commas.
func textOfNode(value *yaml.Node, f *pflag.Flag) (string, error) {
	switch {
	case value.Kind == yaml.ScalarNode && value.Tag == "!!null":
		return "", errors.New("the value is missing")
	case value.Kind == yaml.ScalarNode:
		return value.Value, nil
	case value.Kind == yaml.SequenceNode && f.Value.Type() == "stringSlice":
		var parts []string
		for _, part := range value.Content {
			if part.Kind != yaml.ScalarNode || strings.ContainsAny(part.Value, ",\"\n") {
				return "", fmt.Errorf("line %d: an entry of the list is no plain text", part.Line)
			}
			parts = append(parts, part.Value)
		}
		return strings.Join(parts, ","), nil
	}
	return "", fmt.Errorf("the value must be a plain %s", f.Value.Type())
}

// suggestion names the setting that somebody may have meant.
func suggestion(typed string, flags *pflag.FlagSet) string {
	if len(typed) > shownMax {
		return ""
	}
	names := &cobra.Command{SuggestionsMinimumDistance: 2}
	flags.VisitAll(func(f *pflag.Flag) {
		if !slices.Contains(notInFile, f.Name) {
			names.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
		}
	})
	meant := names.SuggestionsFor(strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(typed, "TENFOLD_"), "_", "-")))
	if len(meant) == 0 {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", meant[0])
}
