// trino-go-client: each line of standard input is a cell as JSON, whose steps are done on a connection of its own; each
// line of standard output says what came of them.
package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/trinodb/trino-go-client/trino"
)

type asked struct {
	Cell       string `json:"cell"`
	Way        string `json:"way"`
	Connection told   `json:"connection"`
	Steps      []step `json:"steps"`
}

type told struct {
	Host        string            `json:"host"`
	Port        int               `json:"port"`
	User        string            `json:"user"`
	Password    string            `json:"password"`
	Token       string            `json:"token"`
	CA          string            `json:"ca"`
	Certificate string            `json:"certificate"`
	Key         string            `json:"key"`
	Browser     string            `json:"browser"`
	Catalog     string            `json:"catalog"`
	Schema      string            `json:"schema"`
	Source      string            `json:"source"`
	Tags        []string          `json:"tags"`
	Properties  map[string]string `json:"properties"`
	Transaction bool              `json:"transaction"`
	Otherwise   bool              `json:"otherwise"`
}

type step struct {
	Op     string `json:"op"`
	SQL    string `json:"sql"`
	Values []any  `json:"values"`
}

type outcome map[string]any

// A connection, and the transaction that is open on it.
type session struct {
	conn *sql.Conn
	tx   *sql.Tx
	told told
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for lines.Scan() {
		var line asked
		must(json.Unmarshal(lines.Bytes(), &line))
		// The order of fields is what the reader looks for.
		must(out.Encode(struct {
			Cell     string    `json:"cell"`
			Way      string    `json:"way"`
			Outcomes []outcome `json:"outcomes"`
		}{line.Cell, line.Way, converse(line)}))
	}
	must(lines.Err())
}

func converse(line asked) (outcomes []outcome) {
	db, err := connect(line.Connection)
	if err == nil {
		defer db.Close()
	}
	s := session{told: line.Connection}
	if err == nil {
		s.conn, err = db.Conn(context.Background())
	}
	for _, step := range line.Steps {
		came := outcome(nil)
		if err == nil {
			came, err = s.do(step)
		}
		if err != nil {
			came = failure(err)
			if s.conn != nil {
				err = nil
			}
		}
		outcomes = append(outcomes, came)
	}
	if s.tx != nil {
		_ = s.tx.Rollback()
	}
	if s.conn != nil {
		_ = s.conn.Close()
	}
	return outcomes
}

func connect(t told) (*sql.DB, error) {
	scheme, user := "http", t.User
	if t.CA != "" {
		scheme = "https"
	}
	if t.Password != "" {
		user += ":" + strings.ReplaceAll(t.Password, " ", "%20")
	}
	config := trino.Config{
		ServerURI: fmt.Sprintf("%s://%s@%s:%d", scheme, user, t.Host, t.Port), Source: t.Source, Catalog: t.Catalog, Schema: t.Schema,
		SessionProperties: t.Properties, ClientTags: t.Tags, AccessToken: t.Token, SSLCertPath: t.CA, DisableExplicitPrepare: t.Otherwise,
		SSLClientCertPath: t.Certificate, SSLClientKeyPath: t.Key,
	}
	if t.Browser != "" {
		config.ExternalAuthentication = true
		config.RedirectHandler = func(_ context.Context, address *url.URL) error { return opened(t.Browser, address.String()) }
		connector, err := trino.NewConnector(&config)
		if err != nil {
			return nil, err
		}
		return sql.OpenDB(connector), nil
	}
	dsn, err := config.FormatDSN()
	if err != nil {
		return nil, err
	}
	return sql.Open("trino", dsn)
}

// Has somebody log in by a browser at an address.
func opened(browser, address string) error {
	answer, err := http.Get(browser + "?to=" + url.QueryEscape(address))
	if err == nil {
		err = answer.Body.Close()
	}
	return err
}

func (s *session) do(step step) (outcome, error) {
	switch step.Op {
	case "query", "parameters":
		return s.query(step.SQL, step.Values)
	case "hash":
		return s.hash(step.SQL)
	case "cancel":
		return s.cancel(step.SQL)
	case "progress":
		return s.progress(step.SQL)
	case "commit":
		err := s.tx.Commit()
		s.tx = nil
		return outcome{}, err
	case "rollback":
		err := s.tx.Rollback()
		s.tx = nil
		return outcome{}, err
	}
	return nil, errors.New("no such step: " + step.Op)
}

func (s *session) rows(ctx context.Context, text string, arguments []any) (*sql.Rows, error) {
	if s.told.Transaction && s.tx == nil {
		var err error
		if s.tx, err = s.conn.BeginTx(ctx, nil); err != nil {
			return nil, err
		}
	}
	if s.tx != nil {
		return s.tx.QueryContext(ctx, text, arguments...)
	}
	return s.conn.QueryContext(ctx, text, arguments...)
}

func (s *session) query(text string, arguments []any) (outcome, error) {
	for i, value := range arguments {
		if number, ok := value.(float64); ok {
			arguments[i] = int64(number)
		}
	}
	rows, err := s.rows(context.Background(), text, arguments)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, found := []string{}, [][]string{}
	kinds, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	for _, c := range kinds {
		precision, scale, _ := c.DecimalSize()
		length, _ := c.Length()
		columns = append(columns, fmt.Sprint(c.Name(), " ", c.DatabaseTypeName(), " ", precision, " ", scale, " ", length, " ", c.ScanType()))
	}
	err = each(rows, len(kinds), func(cells []any) bool {
		row := []string{}
		for _, cell := range cells {
			row = append(row, shown(cell))
		}
		found = append(found, row)
		return true
	})
	return outcome{"columns": columns, "rows": found}, err
}

func (s *session) hash(text string) (outcome, error) {
	rows, err := s.rows(context.Background(), text, nil)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	total, count := sha256.New(), 0
	err = each(rows, len(columns), func(cells []any) bool {
		fmt.Fprintln(total, cells...)
		count++
		return true
	})
	return outcome{"count": count, "sha256": hex.EncodeToString(total.Sum(nil))}, err
}

// Cancels by closing after the first row.
func (s *session) cancel(text string) (outcome, error) {
	rows, err := s.rows(context.Background(), text, nil)
	if err != nil {
		return nil, err
	}
	rows.Next()
	return outcome{}, rows.Close()
}

type watcher struct{ done []int }

func (w *watcher) Update(info trino.QueryProgressInfo) {
	w.done = append(w.done, info.QueryStats.CompletedSplits)
}

// Splits that are done, while a statement runs.
func (s *session) progress(text string) (outcome, error) {
	w := &watcher{}
	rows, err := s.rows(context.Background(), text, []any{
		sql.Named("X-Trino-Progress-Callback", w), sql.Named("X-Trino-Progress-Callback-Period", 10*time.Millisecond)})
	if err != nil {
		return nil, err
	}
	for rows.Next() {
	}
	err = rows.Err()
	_ = rows.Close()
	return outcome{"progress": w.done}, err
}

func each(rows *sql.Rows, columns int, take func([]any) bool) error {
	for rows.Next() {
		places, cells := make([]any, columns), make([]any, columns)
		for i := range places {
			places[i] = &cells[i]
		}
		if err := rows.Scan(places...); err != nil {
			return err
		}
		if !take(cells) {
			return nil
		}
	}
	return rows.Err()
}

// A value with its type; not a number is no value of JSON.
func shown(value any) string {
	if number, ok := value.(float64); ok && math.IsNaN(number) {
		return "float64 NaN"
	}
	if value == nil {
		return "nil"
	}
	return fmt.Sprintf("%v %+v", reflect.TypeOf(value), value)
}

func failure(err error) outcome {
	said := outcome{"error": err.Error()}
	var of *trino.ErrTrino
	if errors.As(err, &of) {
		said["name"], said["line"], said["column"] = of.ErrorName, of.ErrorLocation.LineNumber, of.ErrorLocation.ColumnNumber
	}
	return said
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
