// SPDX-License-Identifier: Apache-2.0

package check

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"

	"vexj/export/folder"
	"vexj/export/parquet"
)

// ask returns what DuckDB answers, a line for each row with | between the columns.
func ask(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for rows.Next() {
		values := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		var words []string
		for _, v := range values {
			if v == nil {
				v = "NULL"
			}
			words = append(words, fmt.Sprint(v))
		}
		lines = append(lines, strings.Join(words, "|"))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

func TestDuckDBReadsTypes(t *testing.T) {
	set := write(t)
	dir := filepath.Join(t.TempDir(), "it's")
	sink, err := folder.Open(set, dir, "", parquet.Format())
	if err != nil {
		t.Fatal(err)
	}
	give(t, set, sink)
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("SET TimeZone = 'UTC'; CREATE VIEW r AS SELECT * FROM '" + strings.ReplaceAll(filepath.Join(dir, "*.parquet"), "'", "''") + "'"); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ query, want string }{
		{`SELECT column_name, column_type FROM (DESCRIBE r) WHERE column_name IN
			('ordinal', 'id', 'time', 'type', 'pid', 'flags', 'failed', 'visibility', 'task', 'file', 'io', 'lost', 'path', 'path_bytes', 'argv', 'session', 'rest')`,
			`ordinal|UBIGINT
id|UBIGINT
time|TIMESTAMP WITH TIME ZONE
type|VARCHAR
pid|UINTEGER
flags|VARCHAR[]
failed|BOOLEAN
visibility|UBIGINT
task|STRUCT(tid UINTEGER, ppid UINTEGER, uid UINTEGER, gid UINTEGER, start_time UBIGINT, cgroup UBIGINT, mnt_ns UINTEGER, pid_ns UINTEGER, comm VARCHAR)
file|STRUCT(dev VARCHAR, inode UBIGINT, generation UINTEGER, "mode" UINTEGER, kind VARCHAR, size UBIGINT, nlink UINTEGER)
io|STRUCT("offset" BIGINT, length UBIGINT, result BIGINT, "error" VARCHAR, duration UBIGINT)
lost|STRUCT(count UBIGINT, "first" UBIGINT, "last" UBIGINT, cause VARCHAR, cpu UINTEGER)
path|VARCHAR
path_bytes|BLOB
argv|VARCHAR[]
session|UBIGINT
rest|VARCHAR`},
		{`SELECT count(*), count(DISTINCT ordinal), min(ordinal), max(ordinal), sum(io.length), count(DISTINCT path) FROM r`, "3000|3000|1|3000|29970|52"},
		{`SELECT time::VARCHAR, epoch_us(max(time) OVER ()) - epoch_us(time) FROM r ORDER BY ordinal LIMIT 1`, "2026-03-01 12:00:00.000001+00|2999"},
		{`SELECT type, hex(path_bytes), path, path2, io."offset", io.result, io.error, argv, rest FROM r WHERE ordinal = 2`,
			`rename|2F7372762FFFFE|/srv/\xff\xfe|/srv/x` + "\n" + `y|NULL|0|NULL|NULL|{"path_bytes":"L3Nydi///g=="}`},
		{`SELECT type, failed, flags::VARCHAR, io.error, io.result FROM r WHERE ordinal = 3`, `open|true|[failed, object-unknown]|EACCES|-13`},
		{`SELECT type, argv::VARCHAR, agent_id, session, rest::JSON->>'system_load', from_base64(rest::JSON->>'payload')::VARCHAR FROM r WHERE ordinal = 4`,
			`exec|[git, commit]|builder|9223372036854775813|3|hello`},
		{`SELECT type, lost.count, lost.cause, lost.cpu, task, io, path, visibility, parent = root_cause FROM r WHERE ordinal = 5`,
			`lost|9223372036854775808|full|NULL|NULL|NULL|NULL|9223372036854775808|true`},
		{`SELECT printf('%x', id::UBIGINT), file.inode, file.mode & 511, task.cgroup, root_cause, path_bytes IS NULL FROM r WHERE ordinal = 6`,
			`800010000000006|9223372036854775814|420|9223372036854775808|NULL|true`},
		{`SELECT count(path_bytes), count(path2), count(rest), count(subtype), count(parent), count(io.error), count(argv), count(agent_id) FROM r`,
			"1|1|2|0|1|1|1|1"},
		{`SELECT path, count(*) FROM r WHERE type = 'write' AND io.result > 0 GROUP BY path ORDER BY path LIMIT 2`, "/srv/file-0|60\n/srv/file-1|60"},
	} {
		if got := ask(t, db, tc.query); got != tc.want {
			t.Errorf("%s\ngot  %s\nwant %s", tc.query, got, tc.want)
		}
	}
}
