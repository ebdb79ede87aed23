// Opens a report in Chromium as a reader would, and says on standard output, as one JSON document,
// what was seen. Decides nothing: tests/it/answers/report.rs does.
//
// node check.mjs <chromium> <folder with node_modules> <report.html> <folder for screenshots> <word to search>
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [chromium, modules, report, screens, word] = process.argv.slice(2);
const require = createRequire(join(modules, "package.json"));
const puppeteer = require("puppeteer-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const profile = mkdtempSync(join(tmpdir(), "pipetrail-browser-"));
const browser = await puppeteer.launch({
  executablePath: chromium,
  headless: true,
  protocolTimeout: 600_000,
  userDataDir: profile,
  // CI runs as root, where Chromium has no sandbox.
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

// Where it hangs, if it does.
const step = (name) => process.stderr.write(`${name} ${Math.round(performance.now())} ms\n`);
const seen = { console: [], requests: [], violations: {}, measured: {} };
try {
  const page = await browser.newPage();
  const address = pathToFileURL(report).href;
  page.on("console", (message) => seen.console.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => seen.console.push(`exception: ${error.message}`));
  page.on("dialog", (dialog) => {
    seen.console.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  await page.setRequestInterception(true);
  page.on("request", (request) => {
    if (request.url() === address) return request.continue();
    seen.requests.push(request.url());
    return request.abort();
  });
  await page.evaluateOnNewDocument(() => {
    addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  await page.setViewport({ width: 1280, height: 900 });

  const began = performance.now();
  await page.goto(address, { waitUntil: "load" });
  await page.waitForSelector("#table tbody tr");
  seen.measured.interactive_ms = performance.now() - began;

  const text = (selector) => page.$eval(selector, (node) => node.textContent.trim());
  const cells = (column) =>
    page.$$eval("#table tbody tr:not(.detail)", (rows, at) => rows.map((row) => row.cells[at].textContent), column);
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());
  // Presses Tab until the focus is where it should be, as somebody without a pointer does.
  const reach = async (wanted, most = 400) => {
    for (let n = 0; n < most && (await focused()) !== wanted; n++) await page.keyboard.press("Tab");
    return (await focused()) === wanted;
  };

  seen.title = await page.title();
  seen.cards = await page.$$eval(".cards > div", (all) =>
    Object.fromEntries(all.map((one) => [one.querySelector("dt").textContent, one.querySelector(".figure").textContent])));
  seen.count = await text("#count");
  seen.rows_shown = (await cells(0)).length;
  await page.screenshot({ path: join(screens, "light.png") });

  await page.keyboard.press("Tab");
  seen.first_focus = await focused();

  step("search");
  // Search, by keyboard alone.
  seen.reached_search = await reach("search");
  const searched = await page.evaluate(() => performance.now());
  await page.keyboard.type(word);
  await page.waitForFunction(() => document.getElementById("count").textContent.match(/^\d+ of \d+ decision/), { timeout: 20000 });
  seen.measured.search_ms = (await page.evaluate(() => performance.now())) - searched;
  seen.found = await text("#count");
  seen.found_rows = await page.$$eval("#table tbody tr:not(.detail)", (rows) => rows.map((row) => row.textContent));
  // The script's own part of it: without the pause between key strokes.
  seen.measured.search_script_ms = await page.evaluate(() => {
    const began = performance.now();
    document.getElementById("filters").requestSubmit();
    return performance.now() - began;
  });
  await page.keyboard.down("Control");
  await page.keyboard.press("a");
  await page.keyboard.up("Control");
  await page.keyboard.press("Backspace");
  await page.keyboard.press("Enter");

  step("sort");
  // Sort, by keyboard alone.
  seen.sorted = {};
  for (const [label, column] of [["Time (UTC)", 0], ["Account", 2], ["Approver", 4]]) {
    const reached = await reach(label);
    const sort = async (key) => {
      const began = await page.evaluate(() => performance.now());
      await page.keyboard.press(key);
      const took = (await page.evaluate(() => performance.now())) - began;
      const way = await page.evaluate(() => document.activeElement.closest("th").getAttribute("aria-sort"));
      return { way, took, cells: await cells(column) };
    };
    seen.sorted[label] = { reached, once: await sort("Enter"), twice: await sort("Space") };
  }

  step("fields");
  // The fields of a decision, and the next page.
  seen.reached_more = await reach("More");
  await page.keyboard.press("Enter");
  seen.detail = await page.$$eval("#table .detail dt", (all) => all.map((one) => one.textContent));
  seen.expanded = await page.evaluate(() => document.activeElement.getAttribute("aria-expanded"));
  const first = (await cells(0))[0];
  if (!(await page.$eval("#next", (button) => button.disabled))) {
    seen.reached_next = await reach("next");
    await page.keyboard.press("Enter");
    seen.next_page = await text("#page");
    seen.next_differs = (await cells(0))[0] !== first || (await text("#page")).startsWith("Page 2");
  }

  step("axe");
  // Every part stands open while it is looked at.
  await page.$$eval("details", (all) => all.forEach((one) => (one.open = true)));
  for (const scheme of ["light", "dark"]) {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.evaluate(axe);
    const result = await page.evaluate(() => axe.run({ resultTypes: ["violations"] }));
    seen.violations[scheme] = result.violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" | ")}`);
    seen.rules_passed = result.passes.length;
  }
  await page.$$eval("details", (all) => all.forEach((one) => (one.open = false)));

  step("screens");
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: join(screens, "dark.png") });
  const parts = ["time", "accounts", "approvers", "waiting", "decisions", "open", "coverage", "method"];
  for (const scheme of ["dark", "light"]) {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    for (const part of parts) {
      await page.$eval(`#${part}`, (node) => node.scrollIntoView({ behavior: "instant" }));
      await page.screenshot({ path: join(screens, `${scheme}-${part}.png`) });
    }
  }
  await page.setViewport({ width: 390, height: 844, isMobile: true, hasTouch: true });
  await page.evaluate(() => scrollTo({ top: 0, behavior: "instant" }));
  await page.screenshot({ path: join(screens, "narrow.png") });
  seen.narrow_overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  await page.$eval("#decisions", (node) => node.scrollIntoView({ behavior: "instant" }));
  await page.screenshot({ path: join(screens, "narrow-decisions.png") });
  await page.setViewport({ width: 1280, height: 900 });

  step("print");
  // What is printed is what was searched for.
  await page.evaluate(() => addEventListener("beforeprint", () => {
    window.printed = { folded: document.querySelectorAll("details.data:not([open])").length, rows: document.querySelectorAll("#table tbody tr").length, note: document.getElementById("print-note").textContent };
  }));
  await page.pdf({ path: join(screens, "print.pdf"), format: "A4", printBackground: false });
  seen.printed = await page.evaluate(() => window.printed);
  seen.printed.left_open = await page.$$eval("details.data[open]", (all) => all.length);
  seen.printed.data = await page.$$eval("details.data", (all) => all.length);
  seen.rows_after_print = (await cells(0)).length;
  await page.emulateMediaType("print");
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  await page.setViewport({ width: 718, height: 1040 });
  await page.evaluate(() => scrollTo({ top: 0, behavior: "instant" }));
  await page.screenshot({ path: join(screens, "print.png") });
  if (await page.$("details.data")) {
    await page.$eval("details.data", (node) => node.scrollIntoView({ behavior: "instant" }));
    seen.printed.height = await page.$eval("details.data .scroll", (node) => node.getBoundingClientRect().height);
    await page.screenshot({ path: join(screens, "print-data.png") });
  }
  await page.$eval("#decisions", (node) => node.scrollIntoView({ behavior: "instant" }));
  await page.screenshot({ path: join(screens, "print-decisions.png") });
  await page.evaluate(() => dispatchEvent(new Event("afterprint")));
  await page.emulateMediaType(null);

  step("plain");
  // Without scripts everything but the table is there.
  const plain = await browser.newPage();
  await plain.setJavaScriptEnabled(false);
  await plain.goto(address);
  seen.without_script = {
    notice: await plain.$eval("noscript", (node) => node.textContent),
    charts: (await plain.$$("svg[role=img]")).length,
    hidden: await plain.$eval("#explorer", (node) => node.hidden),
  };
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
process.stdout.write(JSON.stringify(seen));
