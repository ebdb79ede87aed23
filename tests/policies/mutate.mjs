// Copies of the policies, each weakened or tightened in one place: a condition gone, a value of a
// list gone, a whole Deny gone. Each is a mistake that the table has to notice.

// Every policy of the documents: its name, and the keys that lead to it.
export function policies(documents) {
  const found = [];
  for (const kind of ["buckets", "buses", "queues", "topics"]) {
    for (const name of Object.keys(documents[kind])) found.push({ name: `${kind}/${name}`, path: [kind, name] });
  }
  for (const [name, role] of Object.entries(documents.roles)) {
    found.push({ name: `roles/${name}/trust`, path: ["roles", name, "trust"] });
    for (const index of role.policies.keys()) {
      found.push({ name: `roles/${name}/policies/${index}`, path: ["roles", name, "policies", index] });
    }
  }
  found.push({ name: "scp", path: ["scp"] });
  return found;
}

const at = (documents, path) => path.reduce((value, key) => value[key], documents);
const list = (value) => (Array.isArray(value) ? value : []);

function withoutKey(statement, operator, key) {
  delete statement.Condition[operator][key];
  if (Object.keys(statement.Condition[operator]).length === 0) delete statement.Condition[operator];
  if (Object.keys(statement.Condition).length === 0) delete statement.Condition;
}

// What can be taken out of a statement: in words, and how.
function cuts(statement) {
  const found = [];
  for (const [operator, keys] of Object.entries(statement.Condition ?? {})) {
    for (const [key, value] of Object.entries(keys)) {
      found.push({ what: `${operator} ${key}`, cut: (copy) => withoutKey(copy, operator, key) });
      for (const [index, one] of list(value).entries()) {
        found.push({ what: `${one} of ${operator} ${key}`, cut: (copy) => copy.Condition[operator][key].splice(index, 1) });
      }
    }
  }
  if (statement.Effect !== "Deny") return found;
  for (const part of ["Action", "Resource"]) {
    for (const [index, one] of list(statement[part]).entries()) {
      found.push({ what: `${part} ${one}`, cut: (copy) => copy[part].splice(index, 1) });
    }
  }
  return found;
}

// Every mutation: the policy, what is gone from it, and all documents with that change.
export function* mutations(documents) {
  for (const { name, path } of policies(documents)) {
    for (const [index, statement] of at(documents, path).Statement.entries()) {
      const where = `${name}, ${statement.Sid ?? `statement ${index}`}`;
      const changed = (cut) => {
        const copy = structuredClone(documents);
        cut(at(copy, path).Statement);
        return copy;
      };
      for (const { what, cut } of cuts(statement)) {
        yield { policy: name, says: `${where}: without ${what}`, documents: changed((statements) => cut(statements[index])) };
      }
      if (statement.Effect === "Deny") {
        yield { policy: name, says: `${where}: gone`, documents: changed((statements) => statements.splice(index, 1)) };
      }
    }
  }
}
