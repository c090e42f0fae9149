package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set in the build of a release.
var version = "development"

// versions is what a binary is made of.
type versions struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
}

func newVersion() *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version of this binary",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.to(cmd); err != nil {
				return err
			}
			return show(&out, versions{version, revision(), runtime.Version()}, func(o *output, v versions) {
				fmt.Fprintf(o.w, "tenfold %s (%s, %s)\n", v.Version, v.Commit, v.Go)
			})
		},
	}
	out.flag(cmd)
	return cmd
}

// revision is the commit of this binary.
func revision() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	return "unknown revision"
}
