// SPDX-License-Identifier: Apache-2.0

package gen

//go:generate go tool bpf2go -cc clang-19 -target bpfel -tags linux -no-global-types -type args -type cpu_state -type path_template -type actor gen gen.bpf.c -- -O2 -mcpu=v3 -Wall -Wextra -Werror -I../../uapi -I/usr/include/x86_64-linux-gnu -I/usr/include/aarch64-linux-gnu
