package main

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/reconcile"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats"
)

// differencesMax is how many differences of two downloads are printed for people.
const differencesMax = 200

// fileDifference is a difference of two downloads, for programs.
type fileDifference struct {
	Kind    string   `json:"kind"`
	Number  string   `json:"number"`
	First   int      `json:"first,omitempty"`
	Second  int      `json:"second,omitempty"`
	Changes []string `json:"changes,omitempty"`
}

func newReconcileCompare() *cobra.Command {
	var c channelFile
	var out output
	cmd := &cobra.Command{
		Use:   "compare FIRST SECOND",
		Short: "Compare two downloads of one day, line by line",
		Long: "Compare two downloads of the same bill: which lines stand in one of them only, and which have changed, such as a refund\n" +
			"that was processing at first. Lines are the same by the channel's number. The command calls no server.\n\n" +
			"The exit code is 3 if the downloads differ, or one of them has a problem.",
		Example: "  tenfold reconcile compare bill-morning.csv bill-evening.csv",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.to(cmd); err != nil {
				return err
			}
			if err := out.inZone(); err != nil {
				return err
			}
			o, err := c.options(cmd, out.place)
			if err != nil {
				return err
			}
			return compareFiles(&out, o, args)
		},
	}
	c.flags(cmd)
	out.flag(cmd)
	out.zoneFlag(cmd)
	return cmd
}

// compareFiles compares two files and prints their differences.
func compareFiles(out *output, o formats.Options, paths []string) error {
	var downloads [2]*reconcile.Download
	var reports [2]*formats.Report
	for i, path := range paths {
		downloads[i] = reconcile.NewDownload()
		r, _, err := readFile(path, o, downloads[i].Take)
		if err != nil {
			return err
		}
		if err := notWhole(path, r); err != nil {
			return err
		}
		reports[i] = r
	}
	if a, b := reports[0], reports[1]; a.Format != b.Format || a.Account != b.Account && a.Account != "" && b.Account != "" {
		return usageError{fmt.Errorf("%s is a %s of %s, and %s a %s of %s; compare downloads of one bill",
			paths[0], a.Format, named(a.Account, "no account"), paths[1], b.Format, named(b.Account, "no account"))}
	}
	all := reconcile.Compare(downloads[0], downloads[1])
	if out.isJSON() {
		told := make([]fileDifference, 0, len(all))
		for _, d := range all {
			told = append(told, fileDifference{string(d.Kind), d.Number, d.First, d.Second, d.Changes})
		}
		if err := out.json(map[string]any{"differences": told}); err != nil {
			return err
		}
	} else {
		out.printDifferences(all)
	}
	if len(all) > 0 {
		return fmt.Errorf("%s: %w", counted(len(all), "difference"), errMismatch)
	}
	return nil
}

func (o *output) printDifferences(all []reconcile.Difference) {
	if len(all) == 0 {
		fmt.Fprintln(o.w, "the downloads have the same lines")
		return
	}
	t := o.newTable("Differences", column{title: "Difference"}, column{title: "Number"}, column{"First", true}, column{"Second", true}, column{title: "Changes"})
	for _, d := range all[:min(len(all), differencesMax)] {
		t.AppendRow(table.Row{string(d.Kind), d.Number, place(d.First), place(d.Second), strings.Join(d.Changes, ", ")})
	}
	o.render(t)
	if len(all) > differencesMax {
		fmt.Fprintf(o.w, "and %d more; --output json has all of them\n", len(all)-differencesMax)
	}
}

// place is a line of a file; nothing for none.
func place(line int) string {
	if line == 0 {
		return ""
	}
	return fmt.Sprint(line)
}
