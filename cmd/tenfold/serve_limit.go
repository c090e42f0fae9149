package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// checkDirectLimit reads how much of a merchant's money one caller may move.
func (c *serveConfig) checkDirectLimit() error {
	limit, err := directLimitOf(c.directLimit)
	if err != nil {
		return fmt.Errorf("%s %w", settingOf("direct-limit"), err)
	}
	c.limit = limit
	return nil
}

// directLimitOf reads limits: a number of whole units, amounts with a currency, or none.
func directLimitOf(texts []string) (limit book.DirectLimit, err error) {
	for _, text := range texts {
		text = strings.TrimSpace(text)
		if text == "none" && len(texts) == 1 {
			return book.DirectLimit{}, nil
		}
		if whole, err := strconv.ParseInt(text, 10, 64); err == nil {
			if whole < 1 || whole > int64(money.MaxAmount) || limit.Whole != 0 {
				return limit, fmt.Errorf("must have one number of whole units from 1 to %d, not %s", money.MaxAmount, shown(text))
			}
			limit.Whole = whole
			continue
		}
		sum, err := amountOf(text)
		if err != nil {
			return limit, fmt.Errorf("must be whole units such as 50000, amounts such as 300000.00CNY, or none alone: an amount %w", err)
		}
		if _, twice := limit.Named[sum.GetCurrencyCode()]; twice {
			return limit, fmt.Errorf("has two limits for %s", sum.GetCurrencyCode())
		}
		if limit.Named == nil {
			limit.Named = make(map[string]money.Amount)
		}
		limit.Named[sum.GetCurrencyCode()] = money.Amount(sum.GetMinorUnits())
	}
	return limit, nil
}
