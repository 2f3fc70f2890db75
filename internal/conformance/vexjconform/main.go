// SPDX-License-Identifier: Apache-2.0

// Vexjconform tries the conformance table itself, without a producer, on the
// running kernel and the filesystem of a directory: which rows' operations go as
// the table says, which the machine lacks something for, and which differ.
package main

import (
	"flag"
	"fmt"
	"os"

	"vexj/internal/conformance"
)

func main() {
	conformance.Hook()
	dir := flag.String("dir", os.TempDir(), "run the rows under this `directory`")
	filter := flag.String("run", "", "run rows whose name has this `part`, or that have this kind")
	verbose := flag.Bool("v", false, "print the rows that went well too")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	os.Exit(try(*dir, *filter, *verbose))
}

func try(dir, filter string, verbose bool) int {
	var went, lacking, broken int
	for _, r := range conformance.Run(conformance.Discard{}, dir, filter) {
		switch {
		case r.Status == conformance.Broken:
			broken++
			fmt.Printf("BROKEN  %s: %v\n", r.Scenario.Name, r.Err)
		case r.Lacks():
			lacking++
			fmt.Printf("LACKS   %s: %v\n", r.Scenario.Name, r.Err)
		default:
			went++
			if verbose {
				fmt.Printf("OK      %s\n", r.Scenario.Name)
			}
		}
	}
	fmt.Printf("%d rows went as the table says, %d lack something here, %d did not\n", went, lacking, broken)
	if broken > 0 || went == 0 {
		return 1
	}
	return 0
}
