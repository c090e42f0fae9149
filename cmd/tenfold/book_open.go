package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// bookBatch is how many books one call opens.
const bookBatch = 500

// openAs is how books are opened, and what refuses.
type openAs struct {
	currency     string
	validateOnly bool
}

func newBookOpen() *cobra.Command {
	var c remote
	var file string
	var as openAs
	cmd := c.command(principal.RoleFinance, &cobra.Command{
		Use:   "open [MERCHANT]...",
		Args:  cobra.ArbitraryArgs,
		Short: "Open the books of merchants; a run that was interrupted can be repeated",
		Long: "Open the books of merchants, as many as are named and stand in a file. A book that is open already counts as\n" +
			"opened, so a run that was interrupted can be repeated. It exits with 1 if a book was refused.",
		Example: "  tenfold book open shop-1 shop-2 --currency CNY\n  tenfold book open --file merchants.txt --validate-only",
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		merchants, err := merchantsToOpen(args, file, cmd.InOrStdin())
		if err != nil {
			return err
		}
		all, books := &tenfoldv1.BatchOpenBooksResponse{}, tenfoldv1.NewDepositServiceClient(conn)
		for chunk := range slices.Chunk(merchants, bookBatch) {
			got, err := books.BatchOpenBooks(cmd.Context(), as.batch(chunk))
			if err != nil {
				return refusal(err)
			}
			all.Items = append(all.Items, got.GetItems()...)
		}
		if err := show(&c.out, all, func(o *output, r *tenfoldv1.BatchOpenBooksResponse) { as.print(o, merchants, r) }); err != nil {
			return err
		}
		return refusedBooks(all)
	})
	cmd.Flags().StringVar(&file, "file", "", "also open the books of the merchants in this file, one id a line; - for standard input")
	cmd.Flags().StringVar(&as.currency, "currency", "CNY", "ISO 4217 code of the currency of the books")
	cmd.Flags().BoolVar(&as.validateOnly, "validate-only", false, "decide, but open nothing")
	return calling(cmd, "DepositService/BatchOpenBooks")
}

// merchantsToOpen are the merchants that a command names and those of its file, each once.
func merchantsToOpen(args []string, file string, in io.Reader) ([]string, error) {
	list := slices.Clone(args)
	if file != "" {
		if file != "-" {
			opened, err := os.Open(file)
			if err != nil {
				return nil, usageError{fmt.Errorf("read the merchants: %w", err)}
			}
			defer opened.Close()
			in = opened
		}
		lines := bufio.NewScanner(in)
		for lines.Scan() {
			if id := strings.TrimSpace(lines.Text()); id != "" {
				list = append(list, id)
			}
		}
		if err := lines.Err(); err != nil {
			return nil, usageError{fmt.Errorf("read the merchants: %w", err)}
		}
	}
	seen := make(map[string]bool, len(list))
	list = slices.DeleteFunc(list, func(id string) bool {
		id = strings.TrimPrefix(id, "merchants/")
		twice := seen[id]
		seen[id] = true
		return twice
	})
	if len(list) == 0 {
		return nil, usageError{fmt.Errorf("name a merchant, or a file of merchants with --file (TENFOLD_FILE)")}
	}
	return list, nil
}

// requestID follows from what is asked, so that the same command again finds what it did
// before.
func (as openAs) requestID(merchant string) string {
	h := sha256.Sum256([]byte("open book " + as.currency + " " + merchant))
	return hex.EncodeToString(h[:])
}

// batch asks for the books of merchants.
func (as openAs) batch(merchants []string) *tenfoldv1.BatchOpenBooksRequest {
	r := &tenfoldv1.BatchOpenBooksRequest{}
	for _, id := range merchants {
		id = strings.TrimPrefix(id, "merchants/")
		r.Requests = append(r.Requests, &tenfoldv1.OpenBookRequest{
			MerchantId: id, RequestId: as.requestID(id), CurrencyCode: as.currency, ValidateOnly: as.validateOnly,
		})
	}
	return r
}

func (as openAs) print(o *output, merchants []string, r *tenfoldv1.BatchOpenBooksResponse) {
	t := o.newTable("", column{title: "Merchant"}, column{title: "Outcome"}, column{title: "Why"})
	for i, item := range r.GetItems() {
		outcome, why := "opened", ""
		switch {
		case item.GetStatus().GetCode() != 0:
			outcome, why = "refused", word(item.GetStatus().GetReason())+": "+item.GetStatus().GetMessage()
		case item.GetReplayed():
			outcome = "had been opened before"
		case as.validateOnly:
			outcome = "can be opened"
		}
		t.AppendRow(table.Row{merchants[i], outcome, why})
	}
	o.render(t)
}

// refusedBooks ends the command with an error if any book was refused.
func refusedBooks(r *tenfoldv1.BatchOpenBooksResponse) error {
	refused := 0
	for _, item := range r.GetItems() {
		if item.GetStatus().GetCode() != 0 {
			refused++
		}
	}
	if refused == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d books were refused", refused, len(r.GetItems()))
}
