package main

import (
	"encoding/csv"
	"strings"
	"testing"
)

// Would catch a commission that cannot be given, followed or answered from a shell; a
// laboratory that cannot work there with its own role alone; and wrong use that is not told of.
func TestALaboratoryWorksFromAShell(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, lab := range []string{"cti", "sgs"} {
		d.says(exitOK, lab, "authenticator", "register", lab, "--kind", "accredited-lab", "--display-name", lab)
	}
	id := d.file("c1", "plain", "wallet-1")
	mine := func(args ...string) []string {
		return append(args, "--role", "authenticator", "--scope", "authenticators/cti")
	}
	d.says(exitUsage, "exactly one of", "commission", "make", id, "--due", "2026-03-20T09:00:00Z")
	d.says(exitUsage, "--draw", "commission", "make", id, "--authenticator", "cti", "--draw-exclude", "sgs", "--due", "2026-03-20T09:00:00Z")
	d.says(exitFailed, "field due_at", "commission", "make", id, "--authenticator", "cti", "--due", "2026-03-01T09:00:00Z")
	d.says(exitOK, "OFFERED", "commission", "make", id, "--authenticator", "cti", "--due", "2026-03-20T09:00:00Z", "--questions", "which batch?",
		"--units", "1", "--fee", "300.00CNY")
	x := "merchants/m1/claims/" + id + "/commissions/1"
	d.says(exitOK, "1 commission\n", mine("commission", "list", "--mine")...)
	d.says(exitUsage, "--scope", "commission", "list", "--mine")
	d.says(exitUsage, "MERCHANT/CLAIM/NUMBER", mine("commission", "get", "m1/1")...)
	d.says(exitOK, "which batch?", mine("commission", "get", "m1/"+id+"/1")...)
	d.says(exitOK, "ACCEPTED", mine("commission", "accept", x)...)
	d.says(exitOK, "SHIPPED", "custody", "add", id, "--sample", "S1", "--kind", "shipped", "--at", "2026-03-01 08:00", "--actor", "EMS", "--weight-milligrams", "310500")
	d.says(exitUsage, "--kind", mine("custody", "add", "merchants/m1/claims/"+id, "--sample", "S1", "--kind", "lost", "--at", "2026-03-01 09:00")...)
	d.says(exitFailed, "field kind", mine("custody", "add", "merchants/m1/claims/"+id, "--sample", "S1", "--kind", "bought", "--at", "2026-03-01 09:00", "--authenticator", "cti")...)
	d.says(exitOK, "330 g", mine("custody", "add", "merchants/m1/claims/"+id, "--sample", "S1", "--kind", "arrived", "--at", "2026-03-01 09:00", "--authenticator", "cti",
		"--weight-milligrams", "330000")...)
	d.says(exitOK, "WEIGHT_DIFFERS", "custody", "list", id, "--sample", "S1")
	steps, err := csv.NewReader(strings.NewReader(d.says(exitOK, "S1", "custody", "list", id, "-o", "csv"))).ReadAll()
	if err != nil || len(steps) < 2 {
		t.Errorf("steps in CSV: %v, %v", steps, err)
	}
	d.says(exitOK, "EMS-118", "commission", "ship", x, "--shipment", "EMS-118")
	d.says(exitOK, "1 time", "commission", "chase", x, "--note", "the merchant waits")
	d.says(exitOK, "RECEIVED", mine("commission", "receive", x)...)
	d.says(exitOK, "1 commission\n", "commission", "list", "--authenticator", "-", "--due-until", "2026-03-21T00:00:00Z")
	d.says(exitUsage, "merchants/MERCHANT/claims/CLAIM", mine("result", "record", id, "--authenticator", "cti", "--report", "CTI-1", "--genuine", "1",
		"--sample-source", "consumer-sample", "--issued-at", "2026-03-01 10:00", "--yes")...)
	d.says(exitOK, "GENUINE", mine("result", "record", "merchants/m1/claims/"+id, "--authenticator", "cti", "--report", "CTI-1", "--genuine", "1",
		"--custody-intact", "--sample-source", "consumer-sample", "--issued-at", "2026-03-01 10:00", "--yes")...)
	d.says(exitOK, "REPORTED", mine("commission", "get", x)...)
	d.says(exitOK, "0 commissions\n", mine("commission", "list", "--mine")...)
	d.says(exitOK, "1 result\n", mine("result", "list", "--mine", "--day", "2026-03-02", "--tz", "UTC")...)
	d.says(exitOK, "0 results\n", mine("result", "list", "--mine", "--day", "2026-03-03", "--tz", "UTC")...)
	d.says(exitUsage, "2026-03-02", mine("result", "list", "--mine", "--day", "yesterday")...)
	d.says(exitUsage, "exactly one", mine("result", "list", "merchants/m1/claims/"+id, "--mine")...)
	d.says(exitOK, "1, 0 of them late", mine("authenticator", "report", "cti", "--from", "2026-03-02T00:00:00Z")...)
	other := d.file("c2", "plain", "wallet-1")
	d.says(exitOK, "candidate", "commission", "make", other, "--draw", "--draw-exclude", "sgs", "--draw-exclude", "sandbox-lab", "--due", "2026-03-20T09:00:00Z")
	d.says(exitOK, "DECLINED", mine("commission", "decline", "m1/"+other+"/1", "--note", "no reference sample")...)
	d.says(exitOK, "sgs", "commission", "reassign", "m1/"+other+"/1", "--authenticator", "sgs", "--due", "2026-03-25T09:00:00Z", "--note", "declined")
	d.says(exitOK, "CANCELLED", "commission", "cancel", "m1/"+other+"/2", "--note", "not needed")
	d.says(exitOK, "2 commissions\n", "commission", "list", "--claim", other)
}
