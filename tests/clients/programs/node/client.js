// trino-client for Node.js: each line of standard input is a cell as JSON, whose steps are done by a client of its own;
// each line of standard output says what came of them.
const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { createInterface } = require('node:readline');
const { BasicAuth, Trino } = require('trino-client');

async function main() {
  for await (const line of createInterface({ input: process.stdin })) {
    const asked = JSON.parse(line);
    const trino = connect(asked.connection);
    const outcomes = [];
    for (const step of asked.steps) {
      outcomes.push(await OPERATIONS[step.op](trino, step.sql).catch(failure));
    }
    console.log(JSON.stringify({ cell: asked.cell, way: asked.way, outcomes }));
  }
}

function connect(told) {
  const extra = { 'X-Trino-Time-Zone': 'UTC' };
  if (told.tags.length) extra['X-Trino-Client-Tags'] = told.tags.join(',');
  if (told.token) extra.Authorization = `Bearer ${told.token}`;
  return Trino.create({
    server: `${told.ca ? 'https' : 'http'}://${told.host}:${told.port}`,
    auth: told.password || !(told.token || told.certificate) ? new BasicAuth(told.user, told.password ?? undefined) : undefined,
    ssl: told.ca ? { ca: readFileSync(told.ca), ...own(told) } : undefined,
    catalog: told.catalog,
    schema: told.schema,
    source: told.source,
    session: told.properties,
    extraHeaders: told.token || told.certificate ? { 'X-Trino-User': told.user, ...extra } : extra,
  });
}

// Its certificate, and the key of it.
function own(told) {
  return told.certificate ? { cert: readFileSync(told.certificate), key: readFileSync(told.key) } : {};
}

const OPERATIONS = {
  async query(trino, sql) {
    let columns = [];
    const rows = [];
    for await (const page of await trino.query(sql)) {
      if (page.error) throw page.error;
      columns = page.columns ?? columns;
      rows.push(...(page.data ?? []).map((row) => row.map((cell) => JSON.stringify(cell))));
    }
    return { columns: columns.map((column) => `${column.name} ${column.type}`), rows };
  },

  async hash(trino, sql) {
    const total = createHash('sha256');
    let count = 0;
    for await (const page of await trino.query(sql)) {
      if (page.error) throw page.error;
      for (const row of page.data ?? []) {
        total.update(JSON.stringify(row));
        count += 1;
      }
    }
    return { count, sha256: total.digest('hex') };
  },

  // Cancels after the first rows.
  async cancel(trino, sql) {
    for await (const page of await trino.query(sql)) {
      if (page.error) throw page.error;
      return await trino.cancel(page.id);
    }
    return {};
  },

  // Splits that are done, while a statement runs.
  async progress(trino, sql) {
    const progress = [0];
    for await (const page of await trino.query(sql)) {
      if (page.error) throw page.error;
      progress.push(page.stats.completedSplits);
    }
    return { progress };
  },
};

function failure(error) {
  return { error: error.errorName ? `${error.errorName}: ${error.message}` : String(error), place: error.errorLocation };
}

main();
