"use strict";
// Shows what the stream says. Text is always set as text: a sample's name is no markup.

const byId = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 560, HEIGHT = 280, LEFT = 58, RIGHT = 12, TOP = 10, BOTTOM = 40;
const STATE_KIND = {
  running: "good", finished: "good", failed: "bad", aborted: "bad", interrupted: "bad", aborting: "bad",
  paused: "warning", pausing: "warning", "waiting for operator": "warning",
};
const SAFETY_KIND = { safe: "good", dark: "good", "not safe": "bad", "in use": "warning" };
const ENDED_BADLY = ["failed", "aborted", "interrupted"];
const OLD_S = 10, SILENT_S = 25;
const SYMBOL = { good: "✓", warning: "!", bad: "✕" };

function words(text) { return String(text).replaceAll("_", " "); }
function setText(id, text) { byId(id).textContent = text; }
function show(id, text, kind) {
  const element = byId(id);
  element.hidden = !text;
  element.textContent = text;
  element.className = `banner ${kind}`;
}
function pill(id, text, kind) {
  const element = byId(id);
  element.textContent = `${SYMBOL[kind] ? SYMBOL[kind] + " " : ""}${text}`;
  element.className = `pill ${kind || ""}`;
}
function clock(seconds) { return seconds === null ? "" : new Date(seconds * 1000).toLocaleTimeString([], { hour12: false }); }
function duration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
function empty(id, text) {
  const line = document.createElement("p");
  line.className = "empty";
  line.textContent = text;
  byId(id).replaceChildren(line);
}
function table(id, rows) {
  const made = document.createElement("table");
  for (const cells of rows) {
    const row = made.insertRow();
    for (const [text, kind] of cells) {
      const cell = row.insertCell();
      cell.textContent = text;
      if (kind) cell.className = kind;
    }
  }
  byId(id).replaceChildren(made);
}

function lines(id, texts) {
  byId(id).replaceChildren(...texts.filter((text) => text).map((text) => {
    const made = document.createElement("p");
    made.textContent = text;
    return made;
  }));
  byId(id).hidden = !byId(id).childElementCount;
}

function node(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}
function ticks(low, high) {
  const rough = (high - low) / 5, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= rough);
  const found = [];
  for (let value = Math.ceil(low / step) * step; value <= high + step * 1e-9; value += step) {
    found.push(Number(value.toPrecision(12)));
  }
  return found;
}
function chart(id, label, xLabel, yLabel, [xLow, xHigh], [yLow, yHigh], draw) {
  const svg = node("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label });
  const x = (value) => LEFT + ((value - xLow) / (xHigh - xLow)) * (WIDTH - LEFT - RIGHT);
  const y = (value) => HEIGHT - BOTTOM - ((value - yLow) / (yHigh - yLow)) * (HEIGHT - TOP - BOTTOM);
  for (const value of ticks(xLow, xHigh)) {
    svg.append(node("line", { class: "grid", x1: x(value), x2: x(value), y1: TOP, y2: HEIGHT - BOTTOM }));
    svg.append(node("text", { x: x(value), y: HEIGHT - BOTTOM + 16, "text-anchor": "middle" }, value));
  }
  for (const value of ticks(yLow, yHigh)) {
    svg.append(node("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) }));
    svg.append(node("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, value.toLocaleString("en")));
  }
  svg.append(node("path", { class: "axis", d: `M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}` }));
  const middle = (TOP + HEIGHT - BOTTOM) / 2;
  svg.append(node("text", { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, xLabel));
  svg.append(node("text", { x: 12, y: middle, "text-anchor": "middle", transform: `rotate(-90 12 ${middle})` }, yLabel));
  draw(svg, x, y);
  byId(id).replaceChildren(svg);
}

function showSpectrum(spectrum) {
  if (!spectrum) {
    setText("spectrum-title", "Latest spectrum");
    empty("spectrum", "The first exposure's spectrum comes here.");
    return;
  }
  setText("spectrum-title", `Latest spectrum: ${words(spectrum.role)}, step ${spectrum.step + 1}`);
  const xs = spectrum.wavelength_nm, ys = spectrum.counts;
  const high = Math.max(...ys) * 1.05 || 1;
  chart("spectrum", "latest spectrum", "wavelength / nm", "counts", [xs[0], xs[xs.length - 1]], [0, high], (svg, x, y) => {
    const points = xs.map((value, i) => `${x(value).toFixed(1)} ${y(Math.max(ys[i], 0)).toFixed(1)}`);
    svg.append(node("path", { class: "curve", d: `M${points.join("L")}` }));
  });
}
function showPlqy(plqy) {
  const steps = plqy ? plqy.steps.filter((step) => step.plqy !== null && step.power_density !== null) : [];
  setText("plqy-title", plqy ? `PLQY so far: window ${plqy.window}` : "PLQY so far");
  if (!steps.length) {
    setText("mean", "");
    empty("plqy", "Comes as soon as a power step has all its spectra.");
    return;
  }
  const percent = (value) => (100 * value).toFixed(2);
  setText("mean", plqy.mean === null ? "" : `${percent(plqy.mean)} ± ${percent(plqy.u_mean)} %`);
  const ends = steps.flatMap((step) => [-1, 1].map((sign) => 100 * (step.plqy + sign * (step.u_plqy || 0))));
  const room = Math.max(Math.max(...ends) - Math.min(...ends), 1);
  const bottom = Math.max(Math.min(...ends) - room, Math.min(...ends, 0)), top = Math.max(...ends) + room;
  const right = Math.max(...steps.map((step) => step.power_density)) * 1.05;
  chart("plqy", "PLQY against power density", "power density / mW cm⁻²", "PLQY / %", [0, right], [bottom, top], (svg, x, y) => {
    for (const step of steps) {
      const at = x(step.power_density), spread = 100 * (step.u_plqy || 0), value = 100 * step.plqy;
      svg.append(node("line", { class: "error", x1: at, x2: at, y1: y(value - spread), y2: y(value + spread) }));
      const flags = step.flags.length ? `: ${step.flags.join(", ")}` : "";
      const point = node("circle", { class: step.flags.length ? "point flagged" : "point", cx: at, cy: y(value), r: 3.5 });
      point.append(node("title", {}, `${value.toFixed(2)} ± ${spread.toFixed(2)} %${flags}`));
      svg.append(point);
    }
  });
}
function showProgress(engine, activity, progress) {
  const wanted = engine.exposures_wanted, done = engine.exposures;
  byId("whole").max = wanted || 1;
  byId("whole").value = done;
  setText("count", wanted ? `${done} of ${wanted} exposures` : "no run yet");
  setText("doing", activity ? `${words(activity.role)}, step ${activity.step + 1}: ${activity.activity}` : "");
  byId("passes").replaceChildren(...progress.passes.map((pass) => {
    const made = document.createElement("div"), bar = document.createElement("progress");
    bar.max = pass.steps || 1;
    bar.value = pass.steps_done;
    made.append(`${words(pass.role)} ${pass.steps_done}/${pass.steps}`, bar);
    return made;
  }));
  const left = progress.remaining_s;
  const finish = progress.finish_s === null ? "" : `, done at ${clock(progress.finish_s)}`;
  setText("left", left === null ? "" : `${duration(left)} of measuring left${finish}`);
}
function amount(value, unit) {
  const prefixes = { A: ["", "m", "µ"], W: ["", "m", "µ", "n", "p"] }[unit];
  if (!prefixes) return `${Number(value.toPrecision(4))} ${unit}`;
  const thousands = value ? Math.max(0, Math.ceil(-Math.log10(Math.abs(value)) / 3 - 1e-9)) : 0;
  const power = Math.min(thousands, prefixes.length - 1);
  return `${Number((value * 1000 ** power).toPrecision(3))} ${prefixes[power]}${unit}`;
}
function reading(one) {
  if (one.value === null) return `${words(one.name)} –`;
  if (typeof one.value === "boolean") return `${words(one.name)}: ${one.value ? "yes" : "no"}`;
  return `${words(one.name)} ${typeof one.value === "number" ? amount(one.value, one.unit) : one.value}`;
}
function showInstruments(instruments, now) {
  const rows = Object.entries(instruments).map(([name, one]) => {
    const known = one.readings.filter((row) => row.value !== "");
    const age = now - Math.min(...known.map((row) => row.time_s));
    const texts = known.map(reading);
    if (age > OLD_S) texts.push(`${duration(age)} ago`);
    const kind = known.some((row) => row.state === "bad") ? "bad" : age > OLD_S ? "muted" : "";
    const trouble = one.problem || (one.connected ? "" : "not connected");
    return [[name, "name"], trouble ? [trouble, "bad"] : [texts.join(" · "), kind]];
  });
  if (rows.length) table("instruments", rows); else empty("instruments", "Being looked at.");
}
function showQueue(queue) {
  setText("queue-state", queue.entries.length ? [queue.state, queue.reason].filter((text) => text).join(": ") : "");
  if (!queue.entries.length) { empty("queue", "Nothing is queued."); return; }
  table("queue", queue.entries.map((entry) => [
    [entry.name || entry.sample], [entry.held ? "held" : entry.status, "name"],
    [entry.predicted_finish_s ? `done at ${clock(entry.predicted_finish_s)}` : "", "number"], [entry.message || ""],
  ]));
}
function showLog(log) {
  byId("log").replaceChildren(...[...log].reverse().map((line) => {
    const made = document.createElement("li"), time = document.createElement("time"), text = document.createElement("span");
    time.textContent = clock(line.time_s);
    text.textContent = line.sentence;
    if (line.kind) text.className = line.kind;
    made.append(time, text);
    return made;
  }));
}
function showState(status) {
  const engine = status.engine;
  setText("rig", status.rig.name + (status.rig.simulated ? " (simulated)" : ""));
  const run = status.run;
  setText("sample", run ? `${run.sample} · ${run.folder}${run.exit_status ? ` · ${run.exit_status}` : ""}` : "No run yet");
  document.title = `${engine.state} · ${status.rig.name}`;
  pill("state", engine.state, STATE_KIND[engine.state]);
  pill("safety", engine.safety, SAFETY_KIND[engine.safety]);
  byId("safety").title = engine.verdict;
  const notes = [...engine.holds], unsafe = engine.safety === "not safe", ended = ENDED_BADLY.includes(engine.state);
  if (engine.question) notes.unshift(`The operator is needed: ${engine.question}`);
  if (ended) notes.unshift(`The run ${engine.state === "failed" ? "failed" : `was ${engine.state}`} at ${clock(engine.since_s)}: ${engine.reason}`);
  if (unsafe) notes.unshift(engine.verdict);
  if (!engine.guardian_watching) notes.push("No guardian watches just now.");
  if (engine.unsaved) notes.push(`${engine.unsaved} documents couldn't be saved yet and are kept in memory.`);
  byId("attention").className = `banner ${unsafe || ended ? "bad" : "warning"}`;
  lines("attention", notes);
}

function showAll(status) {
  showState(status);
  showProgress(status.engine, status.activity, status.progress);
  showPlqy(status.plqy);
  showSpectrum(status.spectrum);
  showInstruments(status.instruments, status.now_s);
  showQueue(status.queue);
  showLog(status.log);
  setText("updated", `Updated ${clock(Date.now() / 1000)}.`);
}

let heard = Date.now();
function hear() {
  heard = Date.now();
  show("connection", "", "");
}
const stream = new EventSource("/status");
stream.onopen = hear;
stream.addEventListener("alive", hear);
stream.onmessage = (event) => { hear(); showAll(JSON.parse(event.data)); };
stream.onerror = () => {
  const over = stream.readyState === EventSource.CLOSED;
  const what = over ? " Open the address that was printed when the host began." : "";
  show("connection", `No connection to the rig's computer: what is shown here is old.${what}`, "bad");
};
// A program that hangs keeps its connection.
setInterval(() => {
  const silent = (Date.now() - heard) / 1000;
  if (silent > SILENT_S) show("connection", `Nothing heard for ${duration(silent)}: what is shown here is old.`, "bad");
}, 1000);
