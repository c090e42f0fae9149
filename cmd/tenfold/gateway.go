package main

import "github.com/spf13/cobra"

func newGateway() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "gateway",
		Short: "Work with the payout gateway, which a payment service implements",
	}
	cmd.AddCommand(newGatewayCheck())
	return cmd
}
