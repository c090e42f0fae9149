package postgres

import "slices"

// PersonColumns are the columns in which an erasure looks for a person, as table.column.
func PersonColumns() map[string]bool {
	all := make(map[string]bool)
	for _, c := range slices.Concat(personColumnsOfBooks, personColumnsBeside) {
		all[c.table+"."+c.column] = true
	}
	return all
}
