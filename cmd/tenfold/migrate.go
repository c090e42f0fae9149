package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/postgres"
)

func newMigrate() *cobra.Command {
	var databaseURL string
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Migrate the schema of a database to the version of this binary",
		Long: "Migrate the schema of a database to the version of this binary, and store the seeded policies.\n" +
			"The URL must be that of the role that owns the tables; the role tenfold_app must exist.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if databaseURL == "" {
				return usageError{errors.New("TENFOLD_OWNER_URL or --owner-url is missing; it names the database to migrate")}
			}
			from, to, err := postgres.Migrate(cmd.Context(), databaseURL, logger(cmd.ErrOrStderr()))
			if err != nil {
				return err
			}
			if from == to {
				fmt.Fprintf(cmd.OutOrStdout(), "the schema is already at version %d\n", to)
				return nil
			}
			fmt.Fprintf(cmd.OutOrStdout(), "the schema was migrated from version %d to version %d\n", from, to)
			return nil
		},
	}
	cmd.Flags().StringVar(&databaseURL, "owner-url", "", "connection URL of the role that owns the tables")
	return cmd
}
