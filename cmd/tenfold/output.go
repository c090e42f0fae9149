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

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
	"golang.org/x/term"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/money"
)

// output is the form of a command's answer: aligned tables for people, JSON for
// programs.
type output struct {
	format string
	w      io.Writer
	// tz is the name of the time zone of everything on the screen, and place that zone;
	// nil for UTC.
	tz    string
	place *time.Location
}

// The formats of --output.
const (
	formatTable = "table"
	formatJSON  = "json"
)

// flag adds --output to a command.
func (o *output) flag(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&o.format, "output", "o", formatTable, "form of the answer: table or json")
	// A fixed list needs no file completion; the error is for a missing flag.
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{formatTable, formatJSON}, cobra.ShellCompDirectiveNoFileComp))
}

// zoneFlag adds --tz to a command.
func (o *output) zoneFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.tz, "tz", "Asia/Shanghai", "time zone of the times on the screen, such as Europe/Berlin or UTC")
	_ = cmd.RegisterFlagCompletionFunc("tz", cobra.NoFileCompletions) // The flag exists.
}

// inZone reads the time zone; it refuses one that nobody knows.
func (o *output) inZone() error {
	place, err := time.LoadLocation(o.tz)
	if err != nil || o.tz == "" || o.tz == "Local" {
		return usageError{fmt.Errorf("TENFOLD_TZ or --tz must be the name of a time zone, such as Asia/Shanghai or UTC, not %q", o.tz)}
	}
	o.place = place
	return nil
}

// when formats a time for people, in the zone of the screen; no time gives a dash.
func (o *output) when(t *timestamppb.Timestamp) string {
	if t == nil {
		return "–"
	}
	place := o.place
	if place == nil {
		place = time.UTC
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

// to directs the answer to the output of cmd; it refuses an unknown format.
func (o *output) to(cmd *cobra.Command) error {
	o.w = cmd.OutOrStdout()
	if o.format != formatTable && o.format != formatJSON {
		return usageError{fmt.Errorf("TENFOLD_OUTPUT or --output must be table or json, not %q", o.format)}
	}
	return nil
}

func (o *output) isJSON() bool { return o.format == formatJSON }

// json writes a value for programs.
func (o *output) json(v any) error {
	if m, ok := v.(proto.Message); ok {
		raw, err := protojson.MarshalOptions{Multiline: true, EmitDefaultValues: true}.Marshal(m)
		if err != nil {
			return fmt.Errorf("write JSON: %w", err)
		}
		_, err = fmt.Fprintln(o.w, string(raw))
		return err
	}
	e := json.NewEncoder(o.w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// isTerminal says whether w is a terminal. Colours and progress bars are for people
// only.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// colourful says whether w takes colours.
func colourful(w io.Writer) bool { return isTerminal(w) && os.Getenv("NO_COLOR") == "" }

// column is one column of a table.
type column struct {
	title string
	// right aligns the column to the right, as amounts are.
	right bool
}

// newTable begins a table under a title. Print it with Render.
func (o *output) newTable(title string, columns ...column) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(o.w)
	style := table.StyleLight
	style.Options.DrawBorder = false
	style.Options.SeparateColumns = false
	style.Format.Header = text.FormatDefault
	style.Format.Footer = text.FormatDefault
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	if colourful(o.w) {
		style.Title.Colors = text.Colors{text.Bold}
		style.Color.Header = text.Colors{text.FgHiCyan}
		style.Color.Footer = text.Colors{text.Bold}
	}
	t.SetStyle(style)
	t.SetTitle(title)
	header := make(table.Row, len(columns))
	configs := make([]table.ColumnConfig, len(columns))
	for i, c := range columns {
		header[i] = c.title
		configs[i] = table.ColumnConfig{Number: i + 1}
		if c.right {
			configs[i].Align, configs[i].AlignHeader, configs[i].AlignFooter = text.AlignRight, text.AlignRight, text.AlignRight
		}
	}
	t.AppendHeader(header)
	t.SetColumnConfigs(configs)
	return t
}

// render prints a table with a line below it.
func (o *output) render(t table.Writer) {
	t.Render()
	fmt.Fprintln(o.w)
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
