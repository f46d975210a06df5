// Runs statements by trino-go-client.
//
// In: arguments MODE HOST:PORT USER CA CATALOG SCHEMA, the password in CLIENT_PASSWORD (without one the connection is
// plain), statements on standard input, each ended by a NUL. Modes: run; prepared (the statement's one parameter is 1);
// cancel (after the first row). Out: one JSON object a statement.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/trinodb/trino-go-client/trino"
)

type answer struct {
	Names []string    `json:"names"`
	Types []string    `json:"types"`
	Rows  [][]*string `json:"rows"`
	Error string      `json:"error,omitempty"`
}

func main() {
	mode, address, user, ca, catalog, schema := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5], os.Args[6]
	parameters := url.Values{"catalog": {catalog}, "schema": {schema}}
	at := url.URL{Scheme: "http", User: url.User(user), Host: address}
	if password, secure := os.LookupEnv("CLIENT_PASSWORD"); secure {
		at.Scheme, at.User = "https", url.UserPassword(user, password)
		must(trino.RegisterCustomClient("sluice", trusting(ca)))
		parameters.Set("custom_client", "sluice")
	}
	at.RawQuery = parameters.Encode()
	db, err := sql.Open("trino", at.String())
	must(err)
	defer db.Close()
	input, err := io.ReadAll(os.Stdin)
	must(err)
	out := json.NewEncoder(os.Stdout)
	for _, statement := range strings.Split(strings.TrimSuffix(string(input), "\x00"), "\x00") {
		a, err := run(db, mode, statement)
		if err != nil {
			a.Error = err.Error()
		}
		must(out.Encode(a))
	}
}

func run(db *sql.DB, mode, statement string) (a answer, err error) {
	var arguments []any
	if mode == "prepared" {
		arguments = append(arguments, int64(1))
	}
	rows, err := db.Query(statement, arguments...)
	if err != nil {
		return a, err
	}
	defer rows.Close()
	columns, err := rows.ColumnTypes()
	if err != nil {
		return a, err
	}
	for _, c := range columns {
		kind := c.DatabaseTypeName()
		if precision, scale, ok := c.DecimalSize(); ok {
			kind += fmt.Sprintf("(%d,%d)", precision, scale)
		}
		a.Names, a.Types = append(a.Names, c.Name()), append(a.Types, kind)
	}
	for rows.Next() {
		cells, row := make([]any, len(columns)), make([]*string, len(columns))
		for i := range cells {
			cells[i] = new(any)
		}
		if err := rows.Scan(cells...); err != nil {
			return a, err
		}
		for i, cell := range cells {
			if value := *cell.(*any); value != nil {
				text := fmt.Sprint(value)
				row[i] = &text
			}
		}
		if a.Rows = append(a.Rows, row); mode == "cancel" {
			return a, rows.Close()
		}
	}
	return a, rows.Err()
}

func trusting(ca string) *http.Client {
	pem, err := os.ReadFile(ca)
	must(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
