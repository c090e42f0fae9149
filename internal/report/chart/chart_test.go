package chart_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/report/chart"
)

// Would catch a drawing that no program can read, that carries out what stands in a name, or that
// lacks a name.
func TestDraw(t *testing.T) {
	t.Parallel()
	for _, across := range []bool{false, true} {
		c := chart.Chart{
			Title: "垫付 CNY", Bars: []string{"2026-03-01", "<script>x</script>&\"", "龘" + strings.Repeat("x", 80)}, Across: across,
			Series: []chart.Series{{Name: "0 to 7 days", Values: []float64{1, 2000.5, 0}}, {Name: "8 to 30 days", Values: []float64{3, 4, 5}}},
		}
		var svg, picture bytes.Buffer
		if c.Format = chart.SVG; chart.Draw(&svg, &c) != nil {
			t.Fatal("no drawing")
		}
		d := xml.NewDecoder(bytes.NewReader(svg.Bytes()))
		texts := ""
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			switch x := token.(type) {
			case xml.StartElement:
				if x.Name.Local == "script" {
					t.Error("a name is carried out")
				}
			case xml.CharData:
				texts += string(x) + "\n"
			}
		}
		for _, want := range []string{"垫付 CNY", "2026-03-01", "8 to 30 days", `\u{9F98}x`, "<script>x</script>&\""} {
			// Names of bars that stand have little room; some are left out.
			if !strings.Contains(texts, want) && (across || want[0] != '<') {
				t.Errorf("%q is not in %q", want, texts)
			}
		}
		if c.Format = chart.PNG; chart.Draw(&picture, &c) != nil {
			t.Fatal("no picture")
		}
		if got, err := png.Decode(&picture); err != nil || got.Bounds().Dx() < 600 {
			t.Errorf("the picture: %v", err)
		}
	}
	for _, n := range []int{0, chart.BarsMax + 1} {
		if chart.Draw(io.Discard, &chart.Chart{Bars: make([]string, n), Format: chart.SVG}) == nil {
			t.Errorf("%d bars were drawn", n)
		}
	}
}
