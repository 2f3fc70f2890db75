// SPDX-License-Identifier: Apache-2.0

// Package embed makes vectors of texts, so that texts that have something in common
// are near each other.
//
//	e := embed.NewLexical(1024)
//	e.Observe(text)                                   // counts its words as a document's
//	vs, err := e.Embed(ctx, embed.Document, []string{text})
//	q, err := e.Embed(ctx, embed.Query, []string{"what was it"})
//
// [Lexical] needs no model: it is made of words and parts of words, and finds texts
// that have these in common, in whatever order, spelled or inflected slightly
// differently. It knows nothing of meaning: "car" and "vehicle" are strangers to it.
//
// [Remote] asks a model behind an endpoint, of OpenAI's kind or of Ollama's, which
// finds what means the same.
//
// # How the lexical vectors are made
//
// Words are runs of letters and digits, in lower case; where a lower-case letter or a
// digit is followed by an upper-case letter a word ends too, so that paths and names
// in programs fall apart. Features are words, pairs of words that follow each other,
// and the runs of three and four characters of each word, its ends marked. A feature's
// FNV-1a hash says which element it is added to, and with which sign (Weinberger et
// al., 2009), so that what collides cancels out on the average.
//
// The weight of a feature is BM25's (Robertson and Zaragoza, 2009), k1 1.2 and b 0.75,
// whose two factors are in two vectors: a document has the saturated frequency, a
// query the inverse document frequency. So what is learned of frequencies later
// changes queries, and no document. Runs of characters weigh a quarter, pairs a half.
// Both vectors have length 1.
package embed
