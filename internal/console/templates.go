package console

import (
	"embed"
	"fmt"
	"html/template"
	"reflect"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/statement/pdf"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

//go:embed templates/*.html
var templateFiles embed.FS

// parsed are the pages in a language, with times of a zone.
func parsed(language string, zone *time.Location) (*template.Template, error) {
	t, err := template.New("").Funcs(funcs(language, zone)).ParseFS(templateFiles, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("read the pages of the console: %w", err)
	}
	return t, nil
}

// funcs are what templates call.
func funcs(language string, zone *time.Location) template.FuncMap {
	return template.FuncMap{
		"t": func(key string) (string, error) {
			if _, ok := texts[key]; !ok {
				return "", fmt.Errorf("there is no text %q", key)
			}
			return say(language, key), nil
		},
		"title": func(title string) string { return say(language, title) },
		"enum":  func(e protoreflect.Enum) string { return named(language, e) },
		"value": func(x protoreflect.EnumValueDescriptor) string { return namedValue(language, x) },
		"bare":  bare,
		"code": func(e protoreflect.Enum) string {
			if name := pdf.ChineseName(wordOf(e)); name != "" && language == chinese {
				return name
			}
			return named(english, e)
		},
		"role": func(role string) string {
			if word, ok := chineseWords[role]; ok && language == chinese {
				return word
			}
			return strings.ReplaceAll(role, "-", " ")
		},
		"money": moneyText,
		"time": func(at *timestamppb.Timestamp) string {
			if at == nil {
				return ""
			}
			return at.AsTime().In(zone).Format("2006-01-02 15:04")
		},
		"last": func(name string) string { return name[strings.LastIndexByte(name, '/')+1:] },
		"merchant": func(name string) string {
			id, _, _ := strings.Cut(strings.TrimPrefix(name, "merchants/"), "/")
			return id
		},
		"sum":       sum,
		"contested": contested,
		"verdicts": func() []protoreflect.EnumValueDescriptor {
			return slices.DeleteFunc(valuesOf(tenfoldv1.Verdict(0).Descriptor()), func(x protoreflect.EnumValueDescriptor) bool {
				return x.Number() == tenfoldv1.Verdict_VERDICT_PENDING.Number()
			})
		},
		"visibilities": func() []protoreflect.EnumValueDescriptor { return valuesOf(tenfoldv1.NoteVisibility(0).Descriptor()) },
		"seekOf":       func(fields []string, by, text string) seeking { return seeking{fields, by, text} },
		"shown":        func(x any) bool { return x != nil && !reflect.ValueOf(x).IsZero() },
	}
}

// moneyText is an amount with its currency; empty for none.
func moneyText(m *tenfoldv1.Money) string {
	if m == nil || m.GetCurrencyCode() == "" {
		return ""
	}
	return money.Format(money.Amount(m.GetMinorUnits()), m.GetCurrencyCode()) + " " + m.GetCurrencyCode()
}

// sum is the whole of an award.
func sum(a *tenfoldv1.Award) *tenfoldv1.Money {
	if a == nil {
		return nil
	}
	whole := &tenfoldv1.Money{CurrencyCode: a.GetRefund().GetCurrencyCode(), MinorUnits: a.GetRefund().GetMinorUnits() + a.GetCompensation().GetMinorUnits()}
	if whole.CurrencyCode == "" {
		whole.CurrencyCode = a.GetCompensation().GetCurrencyCode()
	}
	return whole
}

// contested says whether a verdict may still change: nobody should be promised its amount.
func contested(c *tenfoldv1.Claim) bool {
	undecided := []tenfoldv1.ClaimState{
		tenfoldv1.ClaimState_CLAIM_STATE_AUTHENTICATING, tenfoldv1.ClaimState_CLAIM_STATE_IN_REVIEW, tenfoldv1.ClaimState_CLAIM_STATE_APPEALED,
	}
	return c.GetRevision() > 0 && slices.Contains(undecided, c.GetState())
}

// seeking is the form by which claims are looked for.
type seeking struct {
	Seekable []string
	By, Text string
}
