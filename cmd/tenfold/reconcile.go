package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats"
)

// errNotWhole marks a file of a channel that has a problem.
var errNotWhole = errors.New("the file has problems")

func newReconcile() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reconcile",
		Short: "Compare payouts with the files of payment channels, banks and the marketplace",
	}
	cmd.AddCommand(newReconcileCheck(), newReconcileCompare(), newReconcileImport(), newReconcileRun())
	return group(group(cmd, importVerbs()), breakVerbs())
}

// chinaZone is the zone of the days of files.
func chinaZone() (*time.Location, error) { return time.LoadLocation("Asia/Shanghai") }

// channelFile is how a file of a channel is read.
type channelFile struct {
	format, account, day, mapping string
	// lines and sum are the totals that the caller knows from elsewhere.
	lines int
	sum   string
}

// flags adds the flags of a file to a command.
func (c *channelFile) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&c.format, "format", "", "format of the file: "+alternatives(formatNames())+"; without it the file is recognised by its beginning")
	f.StringVar(&c.account, "account", "", "number of the account at the channel; a file that names another is refused")
	f.StringVar(&c.day, "day", "", "day that the file is of, such as 2026-03-01")
	f.StringVar(&c.mapping, "mapping", "", "file in JSON that says what the columns of a csv file hold (docs/reconciliation.md)")
	f.IntVar(&c.lines, "lines", 0, "number of lines as the channel shows it elsewhere, for a file without totals of its own")
	f.StringVar(&c.sum, "sum", "", "sum of all lines as the channel shows it elsewhere, such as -1234.50CNY")
	completes(f, "format", formatNames()...)
}

func formatNames() []string {
	var all []string
	for _, f := range formats.Formats() {
		all = append(all, string(f))
	}
	return all
}

// options are the flags as the readers want them.
func (c *channelFile) options(cmd *cobra.Command, zone *time.Location) (formats.Options, error) {
	o := formats.Options{Format: formats.Format(c.format), Account: c.account}
	if c.format != "" && !slices.Contains(formatNames(), c.format) {
		return o, usageError{fmt.Errorf("%s must be %s, not %s", settingOf("format"), alternatives(formatNames()), shown(c.format))}
	}
	if c.day != "" {
		day, err := time.ParseInLocation(time.DateOnly, c.day, zone)
		if err != nil {
			return o, usageError{fmt.Errorf("%s must be a day such as 2026-03-01, not %s", settingOf("day"), shown(c.day))}
		}
		o.Day = day
	}
	if cmd.Flags().Changed("lines") != (c.sum != "") {
		return o, usageError{fmt.Errorf("%s and %s belong together", settingOf("lines"), settingOf("sum"))}
	}
	if c.sum != "" {
		sum, err := amountOf(strings.TrimPrefix(c.sum, "-"))
		if err != nil || c.lines < 0 {
			return o, usageError{fmt.Errorf("%s must be an amount such as -1234.50CNY, and %s not below zero", settingOf("sum"), settingOf("lines"))}
		}
		o.Told = &formats.Told{Lines: c.lines, Sum: money.Amount(sum.GetMinorUnits())}
		if strings.HasPrefix(c.sum, "-") {
			o.Told.Sum = -o.Told.Sum
		}
	}
	if c.mapping == "" {
		return o, nil
	}
	if o.Format == "" {
		o.Format = formats.CSV
	}
	var err error
	o.Mapping, err = readMapping(c.mapping)
	return o, err
}

// readFile reads a file of a channel, and gives its digest.
func readFile(path string, o formats.Options, take func(*formats.Line)) (*formats.Report, string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, "", usageError{fmt.Errorf("read the file: %w", err)}
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, "", fmt.Errorf("read the file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, "", usageError{fmt.Errorf("%s is no file of bytes", path)}
	}
	digest, err := formats.Digest(f, info.Size())
	if err != nil {
		return nil, "", fmt.Errorf("read the file: %w", err)
	}
	report, err := formats.Read(f, info.Size(), o, take)
	if err != nil {
		return nil, "", fmt.Errorf("read the file: %w", err)
	}
	return report, hex.EncodeToString(digest[:]), nil
}

// notWhole is the error of a file with problems.
func notWhole(path string, r *formats.Report) error {
	if r.Whole() {
		return nil
	}
	return fmt.Errorf("%s: %s (%w)", path, r.Problems[0], errNotWhole)
}
