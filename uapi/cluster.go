// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"encoding/binary"
	"math"
)

// Cluster is struct vexj_attr_cluster: vectors were parted around centres.
type Cluster struct {
	Clusters   uint32
	Iterations uint32
	Seed       uint64
	Vectors    uint64
	Inertia    float32 // mean distance to the centre
}

const clusterSize = 28

func (c *Cluster) get(b []byte) {
	_ = b[clusterSize-1]
	c.Clusters = binary.LittleEndian.Uint32(b[0:])
	c.Iterations = binary.LittleEndian.Uint32(b[4:])
	c.Seed = binary.LittleEndian.Uint64(b[8:])
	c.Vectors = binary.LittleEndian.Uint64(b[16:])
	c.Inertia = math.Float32frombits(binary.LittleEndian.Uint32(b[24:]))
}

func (c *Cluster) put(b []byte) {
	_ = b[clusterSize-1]
	binary.LittleEndian.PutUint32(b[0:], c.Clusters)
	binary.LittleEndian.PutUint32(b[4:], c.Iterations)
	binary.LittleEndian.PutUint64(b[8:], c.Seed)
	binary.LittleEndian.PutUint64(b[16:], c.Vectors)
	binary.LittleEndian.PutUint32(b[24:], math.Float32bits(c.Inertia))
}

// Cluster returns how vectors were parted.
func (r Record) Cluster() (c Cluster, ok bool) {
	b := r.fixed(AttrCluster, clusterSize)
	if b == nil {
		return c, false
	}
	c.get(b)
	return c, true
}

// AddCluster appends how vectors were parted.
func (b *Builder) AddCluster(c Cluster) {
	if dst := b.add(AttrCluster, clusterSize); dst != nil {
		c.put(dst)
	}
}
