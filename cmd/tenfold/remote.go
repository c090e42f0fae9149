package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// remote is a command that asks a server: the connection it asks over, and the form
// in which it shows the answer.
type remote struct {
	client client
	out    output
	paging paging
}

// command completes a command with the flags of connection and output, and with
// ask, which runs over an open connection. role is the role that it calls in unless
// another is named.
func (r *remote) command(role principal.Role, cmd *cobra.Command, ask func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := r.out.to(cmd); err != nil {
			return err
		}
		if err := r.out.inZone(); err != nil {
			return err
		}
		conn, err := r.client.connect()
		if err != nil {
			return err
		}
		defer conn.Close()
		return ask(cmd, conn, args)
	}
	r.client.flags(cmd, role)
	r.out.flag(cmd)
	r.out.zoneFlag(cmd)
	return cmd
}

// language is the language that the command's texts are asked for in.
func (r *remote) language() tenfoldv1.Language {
	if r.client.language == chinese {
		return tenfoldv1.Language_LANGUAGE_CHINESE
	}
	return tenfoldv1.Language_LANGUAGE_ENGLISH
}

// show writes an answer: in JSON for programs, printed for people and spreadsheets.
func show[Answer any](o *output, answer Answer, print func(*output, Answer)) error {
	switch o.format {
	case formatJSON:
		return o.json(answer)
	case formatLines:
		return o.lines(answer)
	}
	print(o, answer)
	return o.failed
}

// everyPage reads a list page after page: read gives the page of a token, and take
// takes it over.
func everyPage[Page interface{ GetNextPageToken() string }](read func(token string) (Page, error), take func(Page)) error {
	for token, more := "", true; more; more = token != "" {
		page, err := read(token)
		if err != nil {
			return refusal(err)
		}
		take(page)
		token = page.GetNextPageToken()
	}
	return nil
}

// choice reads the value of a flag that names a value of an enum, such as
// --kind top-up for DEBT_KIND_TOP_UP. Empty is unspecified.
func choice(flag, text string, values map[string]int32, prefix string, choices ...string) (int32, error) {
	if text == "" {
		return 0, nil
	}
	number, known := values[prefix+flagWord(text)]
	if !known || number == 0 {
		return 0, usageError{fmt.Errorf("%s must be %s, not %s", settingOf(flag), alternatives(choices), shown(text))}
	}
	return number, nil
}

// merchantNameOf accepts a merchant's name, or its id.
func merchantNameOf(text string) string {
	return "merchants/" + strings.TrimPrefix(text, "merchants/")
}
