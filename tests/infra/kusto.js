// Microsoft's own grammar of KQL: names, types and syntax, without a cluster.
// In: JSON on stdin, {tables: {name: schema}, queries: {name: text}}.
// Out: JSON, {name: {faults: [text], columns: {name: type}}}.
"use strict";
const home = "@kusto/language-service-next";
require(`${home}/bridge.min.js`);
require(`${home}/Kusto.Language.Bridge.min.js`);

const { GlobalState, KustoCode, Symbols } = Kusto.Language;

function list(them) {
  return them ? Bridge.toArray(them) : [];
}

function checked(text, globals) {
  const code = KustoCode.ParseAndAnalyze(text, globals);
  const faults = list(code.GetDiagnostics()).map((each) => `${each.Code} at ${each.Start}: ${each.Message}`);
  const columns = list(code.ResultType && code.ResultType.Columns).map((each) => [each.Name, each.Type.Name]);
  return { faults, columns: Object.fromEntries(columns) };
}

const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
const tables = Object.entries(asked.tables).map(([name, schema]) => Symbols.TableSymbol.From(schema).WithName(name));
const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor("logs", tables));
const told = Object.entries(asked.queries).map(([name, text]) => [name, checked(text, globals)]);
process.stdout.write(JSON.stringify(Object.fromEntries(told)));
