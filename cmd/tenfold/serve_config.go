package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tenfold-claims/tenfold/internal/identity"
)

// configReadMax is how long the check of settings may wait, for example for the key set
// of an issuer.
const configReadMax = 15 * time.Second

// checkConfig checks the settings and reads what they name, without a database, a port or
// a call of the gateway. It prints every setting that is not the default, and where it is
// from.
func (c *serveConfig) checkConfig(cmd *cobra.Command) error {
	if err := c.checkReadable(cmd.Context()); err != nil {
		var usage usageError
		if errors.As(err, &usage) {
			return err
		}
		return usageError{err}
	}
	return printSettings(cmd.OutOrStdout(), cmd.Flags())
}

// checkReadable reads what the settings name: certificates, keys, workloads.
func (c *serveConfig) checkReadable(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, configReadMax)
	defer cancel()
	quiet := slog.New(slog.DiscardHandler)
	if len(c.gateway.addresses) > 0 {
		conn, err := c.gateway.dial(c.gateway.addresses, quiet)
		if err != nil {
			return err
		}
		if err := conn.Close(); err != nil {
			return err
		}
	}
	if c.webhooks.keys != "" {
		if _, err := readKeys(c.webhooks.keys); err != nil {
			return err
		}
	}
	if err := c.evidence.checkReadable(ctx); err != nil {
		return err
	}
	if c.access.insecure {
		return nil
	}
	_, err := identity.New(ctx, c.access.identityConfig(), time.Now, quiet)
	return err
}

// identityConfig is the configuration of identities with the settings that have defaults.
func (c *accessConfig) identityConfig() identity.Config {
	config := c.Config
	config.Binding, config.Workloads.AgeMax, config.Persons.AgeMax = identity.Binding(c.binding), c.tokenAge, c.personAge
	return config
}

// printSettings prints the settings that were made, without passwords.
func printSettings(out io.Writer, flags *pflag.FlagSet) error {
	o := output{w: out}
	t := o.newTable("", column{title: "Setting"}, column{title: "Value"}, column{title: "From"})
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed && !slices.Contains(notInFile, f.Name) {
			t.AppendRow(table.Row{f.Name, withoutPassword(strings.Trim(f.Value.String(), "[]")), sourceOf(f)})
		}
	})
	if t.Length() > 0 {
		t.put()
	}
	_, err := fmt.Fprintln(out, "the settings are complete and fit together")
	return err
}

// withoutPassword hides the passwords in URLs and in lists of keywords and values, as
// connections to PostgreSQL are written.
func withoutPassword(value string) string {
	if u, err := url.Parse(value); err == nil && u.Host+u.Path != "" && u.Scheme != "" {
		query := u.Query()
		if query.Has("password") {
			query.Set("password", "xxxxx")
			u.RawQuery = query.Encode()
		}
		return u.Redacted()
	}
	if strings.Contains(value, "password") || strings.Contains(value, "@") {
		return "(hidden)"
	}
	return value
}
