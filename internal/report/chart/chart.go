// Package chart draws reports as bars, in SVG and PNG. Amounts become lengths here, and nothing is
// computed from them.
package chart

import (
	"fmt"
	"io"
	"slices"

	"github.com/go-analyze/charts"
	"github.com/golang/freetype/truetype"

	"github.com/tenfold-claims/tenfold/internal/font"
)

// Format is that of a drawing.
type Format string

// The formats.
const (
	SVG Format = "svg"
	PNG Format = "png"
)

// BarsMax is how many bars a drawing has; people cannot tell more apart.
const BarsMax = 366

// Series is a part of every bar, in the order of the bars.
type Series struct {
	Name   string
	Values []float64
}

// Chart is a drawing.
type Chart struct {
	Title string
	// Bars are the names of the bars.
	Bars []string
	// Series are the parts of the bars, one upon another.
	Series []Series
	// Across draws the bars from left to right, so that their names have room.
	Across bool
	Format Format
}

// Sizes in dots.
const (
	width, height = 1200, 600
	barHeight     = 26
	nameMax       = 40
)

// Draw writes the drawing.
func Draw(to io.Writer, c *Chart) error {
	if len(c.Bars) == 0 || len(c.Bars) > BarsMax {
		return fmt.Errorf("a chart has 1 to %d bars, not %d", BarsMax, len(c.Bars))
	}
	face, err := truetype.Parse(font.Bytes())
	if err != nil {
		return fmt.Errorf("read the font: %w", err)
	}
	var values [][]float64
	var names []string
	for _, s := range c.Series {
		values, names = append(values, s.Values), append(names, font.Printable(s.Name))
	}
	bars := make([]string, len(c.Bars))
	for i, name := range c.Bars {
		bars[i] = shortened(font.Printable(name))
	}
	tall := height
	if c.Across { // Bars that lie down are listed from below.
		tall = max(height, barHeight*len(bars)+4*barHeight)
		slices.Reverse(bars)
		for i := range values {
			values[i] = slices.Clone(values[i])
			slices.Reverse(values[i])
		}
	}
	style := charts.FontStyle{FontSize: 11, Font: face}
	o := charts.NewBarChartOptionWithData(values)
	o.Horizontal, o.StackSeries = c.Across, charts.Ptr(len(values) > 1)
	o.Title = charts.TitleOption{Text: font.Printable(c.Title), FontStyle: charts.FontStyle{FontSize: 14, Font: face}}
	o.Legend = charts.LegendOption{SeriesNames: names, FontStyle: style, Show: charts.Ptr(len(values) > 1)}
	o.CategoryAxis = charts.CategoryAxisOption{Labels: bars, LabelFontStyle: style}
	for i := range o.ValueAxis {
		o.ValueAxis[i].LabelFontStyle = style
	}
	p := charts.NewPainter(charts.PainterOptions{OutputFormat: string(c.Format), Width: width, Height: tall, Font: face})
	if err := p.BarChart(o); err != nil {
		return fmt.Errorf("draw the chart: %w", err)
	}
	drawn, err := p.Bytes()
	if err != nil {
		return fmt.Errorf("draw the chart: %w", err)
	}
	if _, err := to.Write(drawn); err != nil {
		return fmt.Errorf("write the chart: %w", err)
	}
	return nil
}

// shortened is a name as far as it has room.
func shortened(name string) string {
	if r := []rune(name); len(r) > nameMax {
		return string(r[:nameMax-1]) + "…"
	}
	return name
}
