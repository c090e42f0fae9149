package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	apiclient "github.com/tenfold-claims/tenfold/client"
	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// authenticatorImport is how a file of authenticators is registered.
type authenticatorImport struct {
	remote
	note         string
	validateOnly bool
}

func newAuthenticatorImport() *cobra.Command {
	var c authenticatorImport
	cmd := c.command(principal.RoleOperator, &cobra.Command{
		Use:   "import FILE",
		Args:  cobra.ExactArgs(1),
		Short: "Register the authenticators of a file, all or none",
		Long: "Register brands, laboratories and other bodies from a file in CSV; FILE may be \"-\". The first line names the columns, in\n" +
			"any order (docs/verification.md). A body that is registered already gets the line as another revision. All of the file\n" +
			"is one request: either every line is taken, or none. A revision that widens trust waits for `tenfold authenticator\n" +
			"approve`, and needs --person. A file with a fault is not sent at all, and each fault is told with its line.",
		Example: "  tenfold authenticator import brands.csv --validate-only\n" +
			"  tenfold authenticator import brands.csv --note 'brands of the second quarter' --person oscar",
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		f, err := c.file(args[0], cmd.InOrStdin())
		if err != nil {
			return err
		}
		requestID, err := f.requestID(c.note)
		if err != nil {
			return err
		}
		shown := newProgress(cmd.ErrOrStderr())
		shown.show("registering authenticators", 0, len(f.items))
		got, err := tenfoldv1.NewAuthenticatorServiceClient(conn).BatchRegisterAuthenticators(cmd.Context(), &tenfoldv1.BatchRegisterAuthenticatorsRequest{
			RequestId: requestID, ValidateOnly: c.validateOnly, Items: f.items, Note: c.note,
		})
		shown.done()
		if err != nil {
			return f.ofLine(refusal(err))
		}
		return show(&c.out, got, func(o *output, r *tenfoldv1.BatchRegisterAuthenticatorsResponse) { c.print(o, f, r) })
	})
	cmd.Flags().StringVar(&c.note, "note", "", "the reason for revisions (default: imported from a file)")
	cmd.Flags().BoolVar(&c.validateOnly, "validate-only", false, "check the file, let the server decide it, and register nothing")
	saidOnce(cmd.Flags(), "note")
	return calling(cmd, "AuthenticatorService/BatchRegisterAuthenticators")
}

// file reads the file; what is wrong with it is wrong use of the command.
func (c *authenticatorImport) file(path string, in io.Reader) (*bodyFile, error) {
	if c.note == "" {
		c.note = "imported from a file"
	}
	if path != "-" {
		opened, err := os.Open(path)
		if err != nil {
			return nil, usageError{fmt.Errorf("read the authenticators: %w", err)}
		}
		defer opened.Close()
		in = opened
	}
	f := newBodyFile(path)
	bounded := &io.LimitedReader{R: in, N: bodyFileMax + 1}
	err := f.read(bounded)
	if bounded.N == 0 {
		return nil, usageError{fmt.Errorf("%s has more than %d bytes; divide it", path, bodyFileMax)}
	}
	if err != nil {
		return nil, usageError{err}
	}
	return f, nil
}

// requestID follows from the lines, so that the same file again registers nothing twice.
func (f *bodyFile) requestID(note string) (string, error) {
	words := []string{"import-authenticators", note}
	for _, x := range f.items {
		content, err := proto.MarshalOptions{Deterministic: true}.Marshal(x)
		if err != nil {
			return "", err
		}
		words = append(words, string(content))
	}
	return apiclient.RequestIDOf(words...), nil
}

// itemField is an item in the field at fault of a refusal.
var itemField = regexp.MustCompile(`\bitems\[([0-9]+)\]`)

// ofLine tells the line of the item that a refusal names.
func (f *bodyFile) ofLine(err error) error {
	m := itemField.FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	i, numberErr := strconv.Atoi(m[1])
	if numberErr != nil || i >= len(f.lines) {
		return err
	}
	return fmt.Errorf("%s:%d: nothing was registered: %w", f.File, f.lines[i], err)
}

// print shows the lines that wait for a second person, and counts the others.
func (c *authenticatorImport) print(o *output, f *bodyFile, r *tenfoldv1.BatchRegisterAuthenticatorsResponse) {
	if r.GetReplayed() {
		fmt.Fprintf(o.w, "the file was imported before with this note, and nothing was done; another --note imports it again\n")
		return
	}
	t := o.newTable("Waiting for a second person", column{"Line", true}, column{title: "Authenticator"}, column{title: "Widens"})
	var registered, revised, waiting, same int
	for i, x := range r.GetItems() {
		switch {
		case x.GetAction() == tenfoldv1.AuthenticatorAction_AUTHENTICATOR_ACTION_UNSPECIFIED:
			same++
		case x.GetAction() == tenfoldv1.AuthenticatorAction_AUTHENTICATOR_ACTION_REGISTERED:
			registered++
		case x.GetChangeState() == tenfoldv1.AuthenticatorChangeState_AUTHENTICATOR_CHANGE_STATE_OPEN:
			waiting++
			t.AppendRow(table.Row{f.lines[i], f.items[i].GetAuthenticatorId(), fmt.Sprint(x.GetWidens())})
		default:
			revised++
		}
	}
	if waiting > 0 {
		o.render(t)
	}
	how := ""
	if c.validateOnly {
		how = "; nothing was changed, as you asked"
	}
	fmt.Fprintf(o.w, "%d registered, %d revised, %d waiting for a second person, %d unchanged%s\n", registered, revised, waiting, same, how)
}
