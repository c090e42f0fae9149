package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// Would catch a limit that is read as another one, and one that nobody can have meant.
func TestDirectLimitIsRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]book.DirectLimit{
		"50000":                   {Whole: 50_000},
		"none":                    {},
		"300000.00CNY":            {Named: map[string]money.Amount{"CNY": 30_000_000}},
		"50000, 9000JPY,1.00 USD": {Whole: 50_000, Named: map[string]money.Amount{"JPY": 9_000, "USD": 100}},
	} {
		got, err := directLimitOf(strings.Split(text, ","))
		if err != nil || cmp.Diff(got, want) != "" {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"":                 "must be whole units",
		"0":                "whole units from 1",
		"-5":               "whole units from 1",
		"1000000000000001": "whole units from 1",
		"5,6":              "one number of whole units",
		"none,5":           "none alone",
		"5.5CNY":           "must have 2 decimals",
		"0.00CNY":          "greater than zero",
		"1.00CNY,2.00CNY":  "two limits for CNY",
		"a lot":            "must be whole units",
	} {
		if got, err := directLimitOf(strings.Split(text, ",")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v; want %q", text, got, err, want)
		}
	}
	if code, _, errOut := try(t, "serve", "--check-config", "--sandbox", "--insecure-loopback", "--direct-limit", "much"); code != exitUsage || !strings.Contains(errOut, settingOf("direct-limit")) {
		t.Errorf("exit %d, %q", code, errOut)
	}
}
