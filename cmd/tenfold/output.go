package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // A container may have no time zones of its own.

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
	"golang.org/x/term"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/rpc"
)

// output is the form of a command's answer: aligned tables for people, JSON for
// programs.
type output struct {
	format string
	w      io.Writer
	// errOut takes what is said beside an answer.
	errOut io.Writer
	// lists says that the answer is one list, which has a form for spreadsheets; bom begins it
	// with a byte order mark.
	lists, bom bool
	// more are forms that only this answer has.
	more []string
	// failed is why a table could not be written.
	failed error
	// tz is the name of the time zone of everything on the screen, and place that zone;
	// nil for UTC.
	tz    string
	place *time.Location
}

// The formats of --output.
const (
	formatTable = "table"
	formatJSON  = "json"
	// formatLines is JSON with one entry of a list a line.
	formatLines = "jsonl"
	formatCSV   = "csv"
)

// flag adds --output to a command, and to a list what spreadsheets need.
func (o *output) flag(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&o.format, "output", "o", formatTable, "form of the answer: "+alternatives(o.formats()))
	completes(f, "output", o.formats()...)
	inGroup(f, outputGroup, "output")
	if o.lists {
		f.BoolVar(&o.bom, "bom", false, "begin CSV with a byte order mark, by which spreadsheets know UTF-8")
		inGroup(f, outputGroup, "bom")
	}
}

// formats are those that the command's answer has.
func (o *output) formats() []string {
	forms := []string{formatTable, formatJSON}
	if o.lists {
		forms = append(forms, formatLines, formatCSV)
	}
	return append(forms, o.more...)
}

// zoneFlag adds --tz to a command.
func (o *output) zoneFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.tz, "tz", "Asia/Shanghai", "time zone of the times on the screen, such as Europe/Berlin or UTC")
	inGroup(cmd.Flags(), outputGroup, "tz")
	completes(cmd.Flags(), "tz")
}

// inZone reads the time zone; it refuses one that nobody knows.
func (o *output) inZone() error {
	place, err := time.LoadLocation(o.tz)
	if err != nil || o.tz == "" || o.tz == "Local" {
		return usageError{fmt.Errorf("--tz (TENFOLD_TZ) must be the name of a time zone, such as Asia/Shanghai or UTC, not %q", o.tz)}
	}
	o.place = place
	return nil
}

// when formats a time for people, in the zone of the screen; no time gives a dash. In CSV it
// is in the form of RFC 3339, and no time is an empty cell.
func (o *output) when(t *timestamppb.Timestamp) string {
	place := o.place
	if place == nil {
		place = time.UTC
	}
	switch {
	case t == nil && o.format == formatCSV:
		return ""
	case t == nil:
		return "–"
	case o.format == formatCSV:
		return t.AsTime().In(place).Format(time.RFC3339)
	}
	return t.AsTime().In(place).Format(time.DateTime + " -07:00")
}

// since formats an optional time; no time gives no text.
func (o *output) since(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return o.when(t)
}

// listed joins the texts that there are.
func listed(separator string, texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(s string) bool { return s == "" }), separator)
}

// led is a text after the words that lead to it; nothing for an empty text.
func led(words, text string) string {
	if text == "" {
		return ""
	}
	return words + text
}

// counted is a number of things: "1 claim", "2 claims".
func counted(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// byWhom names who acted, as far as the caller may know.
func byWhom(workload, role, person string) string {
	if workload != "" && role != "" {
		role = "(" + role + ")"
	}
	return listed(" ", workload, role, person)
}

// to directs the answer to the output of cmd; it refuses a format that the answer does not have.
func (o *output) to(cmd *cobra.Command) error {
	o.w, o.errOut = cmd.OutOrStdout(), cmd.ErrOrStderr()
	if formats := o.formats(); !slices.Contains(formats, o.format) {
		return usageError{fmt.Errorf("--output (TENFOLD_OUTPUT) must be %s, not %s", alternatives(formats), shown(o.format))}
	}
	return nil
}

func (o *output) isJSON() bool { return o.format == formatJSON }

// json writes a value for programs: a message of the contract as callers over HTTP get it.
func (o *output) json(v any) error {
	if m, ok := v.(proto.Message); ok {
		raw, err := rpc.JSON(m)
		if err != nil {
			return fmt.Errorf("write JSON: %w", err)
		}
		v = json.RawMessage(raw)
	}
	e := json.NewEncoder(o.w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// isTerminal says whether w is a terminal. Colours and progress bars are for people
// only.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// widthOf is how many columns a terminal has; zero for anything else.
func widthOf(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// colourful says whether w takes colours.
func colourful(w io.Writer) bool { return isTerminal(w) && os.Getenv("NO_COLOR") == "" }

// column is one column of a table.
type column struct {
	title string
	// right aligns the column to the right, as amounts are.
	right bool
}

// verdict writes one of two words in green or red.
func (o *output) verdict(ok bool, yes, no string) string {
	word, colour := yes, text.FgGreen
	if !ok {
		word, colour = no, text.FgRed
	}
	if !colourful(o.w) {
		return word
	}
	return colour.Sprint(word)
}

// amount formats minor units for people: 12,345.60.
func amount(minor int64, currency string) string { return money.Format(money.Amount(minor), currency) }

// sum formats the amount of a message with its currency.
func sum(m interface {
	GetMinorUnits() int64
	GetCurrencyCode() string
}) string {
	return amount(m.GetMinorUnits(), m.GetCurrencyCode()) + " " + m.GetCurrencyCode()
}
