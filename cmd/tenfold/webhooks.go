package main

import (
	"github.com/spf13/pflag"

	"github.com/tenfold-claims/tenfold/internal/webhook"
)

// webhookConfig says which addresses webhooks may have.
type webhookConfig struct {
	private bool
}

func (c *webhookConfig) flags(f *pflag.FlagSet) {
	f.BoolVar(&c.private, "webhook-private", false, "allow webhooks whose addresses are on this machine or in private networks")
}

func (c *webhookConfig) bounds() webhook.Config {
	b := webhook.Defaults()
	b.Private = c.private
	return b
}
