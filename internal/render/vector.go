// SPDX-License-Identifier: Apache-2.0

package render

import (
	"math"
	"strconv"

	"vexj/internal/quote"
	"vexj/uapi"
)

// float adds a number, or null for what JSON has no number for.
func (j *fields) float(name string, v float32) {
	j.key(name)
	if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
		j.dst = append(j.dst, "null"...)
		return
	}
	j.dst = strconv.AppendFloat(j.dst, float64(v), 'g', -1, 32)
}

func (j *fields) search(s uapi.Search) {
	j.uint("k", uint64(s.K))
	j.uint("ef", uint64(s.Ef))
	j.uint("found", uint64(s.Found))
	j.array("flags", func() {
		for bit, word := range searchFlags {
			if s.Flags>>bit&1 != 0 {
				j.element()
				j.dst = quote.AppendJSON(j.dst, []byte(word))
			}
		}
	})
	j.uint("visited", s.Visited)
	j.uint("duration", s.Duration)
	if s.Flags&uapi.SearchRange != 0 {
		j.float("radius", s.Radius)
	}
	j.uint("hops", uint64(s.Hops))
}

// searchFlags are the words of [uapi.Search].Flags, by bit.
var searchFlags = [...]string{"exact", "filtered", "range", "quantised"}

func (j *fields) results(r uapi.Record) {
	j.array("results", func() {
		for res := range r.Results() {
			j.element()
			j.object(func() {
				j.uint("id", res.ID)
				j.float("distance", res.Distance)
			})
		}
	})
}

func (j *fields) cluster(c uapi.Cluster) {
	j.uint("clusters", uint64(c.Clusters))
	j.uint("iterations", uint64(c.Iterations))
	j.uint("seed", c.Seed)
	j.uint("vectors", c.Vectors)
	j.float("inertia", c.Inertia)
}

// appendVector appends what is asked first of a record of the vector store.
func appendVector(dst []byte, r uapi.Record) []byte {
	if name, ok := r.Attr(uapi.AttrCollection); ok {
		dst = append(append(dst, " in="...), quote.AppendText(nil, name)...)
	}
	if id, ok := r.U64(uapi.AttrVectorID); ok {
		dst = appendFact(dst, " vector=", id)
	}
	if s, ok := r.Similarity(); ok {
		dst = appendFact(dst, " other=", s.Other)
		dst = strconv.AppendFloat(append(dst, " distance="...), float64(s.Distance), 'g', -1, 32)
	}
	if n, ok := r.U32(uapi.AttrVectorDims); ok {
		dst = appendFact(dst, " dims=", uint64(n))
	}
	if e, ok := r.U32(uapi.AttrVectorElem); ok {
		dst = append(append(dst, " of="...), uapi.Elem(e).String()...)
	}
	if p, ok := r.Part(); ok {
		dst = appendFact(appendFact(dst, " part=", uint64(p.Offset)), "/", uint64(p.Size))
	}
	if s, ok := r.Search(); ok {
		dst = appendFact(appendFact(dst, " k=", uint64(s.K)), " ef=", uint64(s.Ef))
		dst = appendFact(dst, " found=", uint64(s.Found))
	}
	if c, ok := r.Cluster(); ok {
		dst = appendFact(appendFact(dst, " clusters=", uint64(c.Clusters)), " vectors=", c.Vectors)
	}
	return dst
}
