package authenticator

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/tenfold-claims/tenfold/internal/calendar"
	"github.com/tenfold-claims/tenfold/internal/claim"
)

func text(most int, about string) form { return form{about: about, most: most} }

func words[W ~string](about string, list ...W) form {
	f := form{about: about}
	for _, w := range list {
		f.words = append(f.words, string(w))
	}
	return f
}

func object(about string, required []string, members map[string]form) form {
	return form{about: about, required: required, members: members}
}

func list(most int, about string, of form) form { return form{about: about, most: most, items: &of} }

// reportForm is the form of a signed report. What a claim is decided by is required; the rest
// of what ISO/IEC 17025:2017, 7.8, asks for is kept as it was signed.
var reportForm = object("The finding of a body on units of one order line.",
	[]string{"schema", "report", "issuer", "subject", "items", "sampleSource", "relatesOnlyToItemsTested"},
	map[string]form{
		"schema": words("The name of this schema, with its version.", ReportSchema),
		"report": object("The report.", []string{"number", "issuedAt"}, map[string]form{
			"number":   {about: "Its unique number (7.8.2.1 d).", most: 64, pattern: `^\S(.{0,62}\S)?$`},
			"issuedAt": {about: "When it was issued (7.8.2.1 j).", time: true},
			"title":    text(200, "Its title (7.8.2.1 a)."),
			"pages":    {about: "How many pages it has (7.8.2.1 d).", from: 1, to: 10_000},
			"endMark":  text(64, "What marks its end (7.8.2.1 d)."),
			"digest":   {about: "SHA-256 of the report as a file, in lower-case hex.", most: 64, pattern: "^[0-9a-f]{64}$"},
		}),
		"issuer": object("Who issued it.", []string{"authenticator"}, map[string]form{
			"authenticator": {about: "The id of the body in the registry.", most: 64, pattern: "^[A-Za-z0-9_-]{1,64}$"},
			"name":          text(200, "Its name (7.8.2.1 b)."),
			"address":       text(400, "Its address (7.8.2.1 b)."),
			"placeOfWork":   text(400, "Where it worked, if elsewhere (7.8.2.1 c)."),
			"accreditations": list(20, "Its accreditations, such as CNAS and CMA.", object("", []string{"scheme", "number"}, map[string]form{
				"scheme": text(32, "The scheme."), "number": text(64, "The number."),
			})),
		}),
		"customer": object("Who asked for it (7.8.2.1 e).", []string{"kind"}, map[string]form{
			"kind":      words("What the customer is.", "PLATFORM", "CONSUMER", "MERCHANT", "OTHER"),
			"reference": text(128, "The customer's number of the order, without personal data."),
		}),
		"subject": {
			about:    "What it is about: a claim, an order line, or an order on one line of which claims are filed.",
			required: []string{"merchant"}, oneOf: []string{"claim", "orderLine", "order"},
			members: map[string]form{
				"merchant":  {about: "The merchant's id.", most: 64, pattern: "^[A-Za-z0-9_-]{1,64}$"},
				"claim":     {about: "The claim's id.", most: 32, pattern: "^[A-Za-z0-9-]{1,32}$"},
				"orderLine": text(64, "The order line's id."),
				"order":     text(64, "The order's id."),
			},
		},
		"methods": list(50, "The methods (7.8.2.1 f).", object("", []string{"id"}, map[string]form{
			"id": text(128, "The method, such as GB/T 29679-2013."), "deviations": text(1000, "Deviations from it (7.8.2.1 n)."),
		})),
		"items": list(itemsMax, "The items that were tested, each with its finding (7.8.2.1 g, m).", object("", []string{"unit", "verdict"}, map[string]form{
			"unit":        {about: "The number of the unit in the order line, counted from 1.", from: 1, to: 10_000},
			"verdict":     words("The finding.", claim.Findings()...),
			"sampleId":    text(128, "The sample, as the steps of custody name it. It counts where every item has the same."),
			"description": text(1000, "What the item is."),
			"condition":   text(1000, "In which condition it was."),
			"seals":       list(20, "The numbers of its seals.", text(64, "")),
		})),
		"dates": object("The days of the work in Beijing (7.8.2.1 h, i), none before the one before it.", nil, map[string]form{
			"sampledOn": {about: "When the sample was taken.", day: true}, "receivedOn": {about: "When it was received.", day: true},
			"testedFrom": {about: "The first day of the test.", day: true}, "testedUntil": {about: "The last day of the test.", day: true},
		}),
		"sampling": object("How the sample was taken (7.8.2.1 k, 7.8.5).", nil, map[string]form{
			"plan": text(1000, "The plan and the method."), "place": text(400, "The place."),
		}),
		"sampleSource":             words("What was examined.", claim.SampleSources()...),
		"reinspection":             {about: "It is a re-inspection by a body that both sides agreed on or that was drawn by lot.", boolean: true},
		"custodyIntact":            {about: "The chain of custody has no gap and every seal matched.", boolean: true},
		"relatesOnlyToItemsTested": {about: "The results relate only to the items tested (7.8.2.1 l).", boolean: true, always: true},
		"authorisedBy": object("Who authorised it (7.8.2.1 o).", nil, map[string]form{
			"name": text(200, "The name."), "function": text(200, "The function."),
		}),
		"externalProviders": list(20, "Results of others in it (7.8.2.1 p).", object("", []string{"name"}, map[string]form{
			"name": text(200, "The provider."), "part": text(400, "Its part."),
		})),
		"trademark": object("The certificate of a right-holder.", nil, map[string]form{
			"number": text(64, "The registration number."), "appraiser": text(200, "Who appraised."),
			"powerOfAttorney": text(200, "By which authority."), "seal": text(200, "The seal."),
		}),
		"statement": {about: "The finding in words, without personal data.", most: 4000, lines: true},
	})

// SchemaOfReports is the published JSON Schema of signed reports.
func SchemaOfReports() []byte {
	s := reportForm.schema()
	s["$schema"], s["$id"], s["title"] = "https://json-schema.org/draft/2020-12/schema", "urn:tenfold:result:1", "Signed result"
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic("the schema of reports: " + err.Error()) // It is made of texts, numbers and lists.
	}
	return append(out, '\n')
}

func itoa(n int) string { return strconv.Itoa(n) }

// dayOf is the day of a time in Beijing.
func dayOf(t time.Time) string { return calendar.DateOf(t).String() }
