package postgres

// ExaminedMax is how many rows a page may look at.
const ExaminedMax = examinedMax

// ExaminedFarMax is how many, where each costs a look-up in another table.
const ExaminedFarMax = examinedFarMax

// Recorded reads like r and adds every statement that it runs to ran.
func Recorded(r Reader, ran *[]Statement) Reader {
	return Reader{from: recorder{r.from, ran}}
}
