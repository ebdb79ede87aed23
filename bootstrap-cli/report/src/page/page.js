"use strict";
// The table of all decisions: search, order, pages, print. Text goes in as text, never as markup.
(() => {
  const PAGE = 100;
  const PRINTED = 2000;
  const $ = (id) => document.getElementById(id);
  // Every column is a list of its distinct values, and per row the place of its value there.
  const data = JSON.parse($("data").textContent);
  const columns = new Map(data.columns.map((column) => [column.name, column]));
  const value = (name, row) => {
    const column = columns.get(name);
    return column ? column.values[column.at ? column.at[row] : row] : null;
  };
  const text = (name, row) => value(name, row) ?? "";

  // Which columns of the table show which values: the first one above, the others below it.
  const VIEW = [
    { label: "Time (UTC)", names: ["event_time"], css: "nowrap" },
    { label: "Decision", names: ["decision"], css: "verdict" },
    { label: "Account", names: ["account_id", "region"], css: "nowrap" },
    { label: "Pipeline", names: ["pipeline", "gate"] },
    { label: "Approver", names: ["approver", "principal_kind"], css: "approver" },
    { label: "MFA", names: ["mfa"], css: "nowrap" },
    { label: "From", names: ["source_ip"], css: "from" },
    { label: "Waited", names: ["waited"], order: "waited_seconds", css: "nowrap" },
    { label: "Comment", names: ["summary"], css: "summary" },
  ];
  const LONGEST = 240;
  const decisions = `${data.rows} ${data.rows === 1 ? "decision" : "decisions"}`;

  const element = (name, css, content) => {
    const made = document.createElement(name);
    if (css) made.className = css;
    if (content !== undefined) made.textContent = content;
    return made;
  };

  // Distinct values are few beside rows: they are what is searched and put in order, once.
  const lower = (column) => (column.lower ??= column.values.map((one) => (one === null ? "" : String(one).toLowerCase())));
  const ranks = (column) => {
    if (column.ranks) return column.ranks;
    const collator = new Intl.Collator("en");
    const order = column.values.map((_, at) => at).sort((a, b) => {
      const [x, y] = [column.values[a], column.values[b]];
      return typeof x === "number" && typeof y === "number" ? x - y : collator.compare(x ?? "", y ?? "");
    });
    column.ranks = new Int32Array(order.length);
    order.forEach((at, rank) => (column.ranks[at] = column.values[at] === null ? -1 : rank));
    return column.ranks;
  };

  let rows = [];
  let page = 0;
  let sorted = { by: "event_time", descending: true };
  const open = new Set();

  const matching = () => {
    const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = [["decision", $("decision").value], ["mfa", $("mfa").value]].filter(([, one]) => one);
    const keep = new Uint8Array(data.rows).fill(1);
    for (const [name, one] of wanted) {
      for (let row = 0; row < data.rows; row++) if (text(name, row) !== one) keep[row] = 0;
    }
    for (const word of words) {
      const found = new Uint8Array(data.rows);
      for (const column of columns.values()) {
        if (column.unsearched) continue;
        const hits = Uint8Array.from(lower(column), (one) => (one.includes(word) ? 1 : 0));
        if (!hits.includes(1)) continue;
        for (let row = 0; row < data.rows; row++) if (hits[column.at ? column.at[row] : row]) found[row] = 1;
      }
      for (let row = 0; row < data.rows; row++) keep[row] &= found[row];
    }
    const left = [];
    for (let row = 0; row < data.rows; row++) if (keep[row]) left.push(row);
    return left;
  };

  const ordered = (left) => {
    const column = columns.get(sorted.by);
    const rank = ranks(column);
    const sign = sorted.descending ? -1 : 1;
    const place = (row) => rank[column.at ? column.at[row] : row];
    // What has no value comes last either way; equals stay in the order of the audit.
    return left.sort((a, b) => {
      const [x, y] = [place(a), place(b)];
      if (x === y) return a - b;
      if (x < 0 || y < 0) return x < 0 ? 1 : -1;
      return sign * (x - y);
    });
  };

  const shown = (name, row) => {
    const all = String(text(name, row));
    if (name === "decision") return { Approved: "✓ Approved", Rejected: "✕ Rejected" }[all] ?? all;
    return all.length > LONGEST ? `${all.slice(0, LONGEST)}…` : all;
  };

  const detail = (row) => {
    const line = element("tr", "detail");
    const cell = element("td");
    cell.colSpan = VIEW.length + 1;
    const list = element("dl");
    for (const column of data.columns) {
      if (column.derived || value(column.name, row) === null) continue;
      list.append(element("dt", "", column.label), element("dd", "", String(text(column.name, row))));
    }
    cell.append(list);
    line.append(cell);
    return line;
  };

  const line = (row) => {
    const made = element("tr");
    for (const { names, css } of VIEW) {
      const cell = element("td", css);
      names.forEach((name, at) => {
        const content = shown(name, row);
        if (at > 0) cell.append(element("span", "below", content));
        else if (name === "decision" && content !== text(name, row)) cell.append(element("span", text(name, row), content));
        else cell.append(content);
      });
      made.append(cell);
    }
    const cell = element("td");
    const button = element("button", "more", open.has(row) ? "Less" : "More");
    button.type = "button";
    button.setAttribute("aria-expanded", String(open.has(row)));
    button.addEventListener("click", () => {
      if (open.delete(row)) made.nextSibling.remove();
      else {
        open.add(row);
        made.after(detail(row));
      }
      button.textContent = open.has(row) ? "Less" : "More";
      button.setAttribute("aria-expanded", String(open.has(row)));
    });
    cell.append(button);
    made.append(cell);
    return made;
  };

  const body = $("table").tBodies[0];
  const fill = (from, to) => {
    const part = document.createDocumentFragment();
    for (const row of rows.slice(from, to)) {
      part.append(line(row));
      if (open.has(row)) part.append(detail(row));
    }
    body.replaceChildren(part);
  };

  const pages = () => Math.max(1, Math.ceil(rows.length / PAGE));
  const show = () => {
    page = Math.min(Math.max(page, 0), pages() - 1);
    fill(page * PAGE, (page + 1) * PAGE);
    $("page").textContent = `Page ${page + 1} of ${pages()}`;
    $("first").disabled = $("previous").disabled = page === 0;
    $("next").disabled = $("last").disabled = page === pages() - 1;
    const by = VIEW.find((one) => (one.order ?? one.names[0]) === sorted.by).label;
    const way = sorted.descending ? "descending" : "ascending";
    $("count").textContent =
      (rows.length === data.rows ? decisions : `${rows.length} of ${decisions}`) +
      `, by ${by}, ${way}, page ${page + 1} of ${pages()}`;
  };

  const refresh = () => {
    rows = ordered(matching());
    page = 0;
    show();
  };

  const head = $("table").tHead.rows[0];
  const mark = () => {
    for (const cell of head.cells) {
      if (cell.dataset.by === sorted.by) cell.setAttribute("aria-sort", sorted.descending ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    }
  };
  for (const { label, names, order } of VIEW) {
    const cell = element("th");
    cell.scope = "col";
    cell.dataset.by = order ?? names[0];
    const button = element("button", "sort", label);
    button.type = "button";
    button.addEventListener("click", () => {
      const by = cell.dataset.by;
      sorted = { by, descending: sorted.by === by ? !sorted.descending : by === "event_time" || by === "waited_seconds" };
      mark();
      rows = ordered(rows);
      page = 0;
      show();
    });
    cell.append(button);
    head.append(cell);
  }
  const last = element("th");
  last.scope = "col";
  last.append(element("span", "", "Fields"));
  head.append(last);

  let pending;
  $("search").addEventListener("input", () => {
    clearTimeout(pending);
    pending = setTimeout(refresh, 80);
  });
  $("decision").addEventListener("change", refresh);
  $("mfa").addEventListener("change", refresh);
  $("filters").addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(pending);
    refresh();
  });
  const turn = (id, to) =>
    $(id).addEventListener("click", () => {
      page = to();
      show();
      // A button that is switched off loses the focus; its neighbour takes it.
      if ($(id).disabled) $(page === 0 ? "next" : "previous").focus();
    });
  turn("first", () => 0);
  turn("previous", () => page - 1);
  turn("next", () => page + 1);
  turn("last", () => pages() - 1);

  addEventListener("beforeprint", () => {
    fill(0, PRINTED);
    $("print-note").textContent =
      rows.length > PRINTED
        ? `The first ${PRINTED} of ${rows.length} decisions are printed; search for fewer to print all of them.`
        : `Printed: ${rows.length} of ${decisions}.`;
  });
  addEventListener("afterprint", show);

  $("explorer").hidden = false;
  mark();
  refresh();
})();
