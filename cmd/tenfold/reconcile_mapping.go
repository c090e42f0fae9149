package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/reconcile/formats"
)

// mappingMax bounds a file with a mapping.
const mappingMax = 64 << 10

// mappingFile is a mapping as people write it down.
type mappingFile struct {
	Separator      string            `json:"separator"`
	Encoding       string            `json:"encoding"`
	Amount         string            `json:"amount"`
	In             string            `json:"in"`
	Out            string            `json:"out"`
	Minor          bool              `json:"minor"`
	Inverted       bool              `json:"inverted"`
	Currency       string            `json:"currency"`
	CurrencyColumn string            `json:"currencyColumn"`
	Time           string            `json:"time"`
	TimeForm       string            `json:"timeForm"`
	Zone           string            `json:"zone"`
	OutNumber      string            `json:"outNumber"`
	Reference      string            `json:"reference"`
	Original       string            `json:"original"`
	OrderID        string            `json:"orderId"`
	Account        string            `json:"account"`
	Status         string            `json:"status"`
	Statuses       map[string]string `json:"statuses"`
	Kind           string            `json:"kind"`
	Kinds          map[string]string `json:"kinds"`
}

// readMapping reads a mapping as the readers want it.
func readMapping(path string) (*formats.Mapping, error) {
	m, err := readMappingFile(path)
	if err != nil {
		return nil, err
	}
	return m.mapping(), nil
}

// readMappingFile reads a mapping; what is wrong with it is wrong use of the command.
func readMappingFile(path string) (*mappingFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, usageError{fmt.Errorf("%s: read the mapping: %w", settingOf("mapping"), err)}
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, mappingMax+1))
	if err != nil {
		return nil, fmt.Errorf("read the mapping: %w", err)
	}
	if len(raw) > mappingMax {
		return nil, usageError{fmt.Errorf("%s: %s has more than %d bytes", settingOf("mapping"), path, mappingMax)}
	}
	var m mappingFile
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return nil, usageError{fmt.Errorf("%s: %s is no mapping: %w", settingOf("mapping"), path, err)}
	}
	if d.More() {
		return nil, usageError{fmt.Errorf("%s: %s must hold one mapping", settingOf("mapping"), path)}
	}
	return &m, nil
}

// mapping is the mapping as the readers want it.
func (m *mappingFile) mapping() *formats.Mapping {
	all := &formats.Mapping{
		Separator: m.Separator, Encoding: m.Encoding, Amount: m.Amount, In: m.In, Out: m.Out, Minor: m.Minor, Inverted: m.Inverted,
		Currency: m.Currency, CurrencyColumn: m.CurrencyColumn, Time: m.Time, TimeForm: m.TimeForm, Zone: m.Zone,
		OutNumber: m.OutNumber, Reference: m.Reference, Original: m.Original, OrderID: m.OrderID, Account: m.Account,
		Status: m.Status, Kind: m.Kind, Statuses: make(map[string]formats.Status), Kinds: make(map[string]formats.Kind),
	}
	for word, status := range m.Statuses {
		all.Statuses[word] = formats.Status(strings.ToUpper(status))
	}
	for word, kind := range m.Kinds {
		all.Kinds[word] = formats.Kind(strings.ToUpper(kind))
	}
	return all
}
