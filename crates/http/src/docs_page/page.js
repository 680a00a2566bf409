"use strict";

/** An element with attributes and children. Strings become text, never HTML. */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const at = (id) => document.getElementById(id);

/** Text with `code`. */
const inline = (text) => text.split(/`([^`]*)`/).map((part, n) => (n % 2 ? make("code", {}, part) : part));

/** The Markdown that descriptions use: paragraphs, lists and code. */
function prose(text = "") {
  return text.split(/\n{2,}/).filter(Boolean).map((block) => {
    const lines = block.trim().split("\n");
    if (!lines.every((line) => line.startsWith("- "))) return make("p", {}, inline(lines.join(" ")));
    return make("ul", {}, lines.map((line) => make("li", {}, inline(line.slice(2)))));
  });
}

let api;

/** A schema with its reference resolved. Properties beside the reference take precedence. */
function resolve(schema = {}) {
  if (!schema.$ref) return schema;
  const { $ref, ...beside } = schema;
  const found = $ref.split("/").slice(1).reduce((node, name) => node[name], api);
  return { ...resolve(found), ...beside };
}

/** The schema that applies if a value is not null. */
function present(schema) {
  const whole = resolve(schema);
  const options = (whole.oneOf ?? whole.anyOf ?? []).filter((option) => option.type !== "null");
  if (options.length !== 1) return whole;
  const { oneOf, anyOf, ...beside } = whole;
  return { ...resolve(options[0]), ...beside };
}

function typeOf(schema) {
  const types = [schema.type].flat().filter((type) => type && type !== "null");
  const numbers = (schema.enum ?? []).filter((value) => value !== null && value !== "");
  const bounds = [
    schema.format,
    numbers.length ? `one of ${numbers.join(", ")}` : null,
    schema.minimum !== undefined ? `at least ${schema.minimum}` : null,
    schema.maximum !== undefined ? `at most ${schema.maximum}` : null,
    schema.minItems ? `at least ${schema.minItems} entries` : null,
    schema.maxLength ? `at most ${schema.maxLength} characters` : null,
    schema["x-unit"] ?? null,
  ];
  const of = schema.items ? ` of ${typeOf(present(schema.items)) || "objects"}` : "";
  return [types.join(" or ") + of, ...bounds].filter(Boolean).join(", ");
}

/** A row for each field of an object and of its nested objects. */
function rows(schema, prefix = "") {
  const object = present(schema);
  return Object.entries(object.properties ?? {}).flatMap(([name, property]) => {
    const field = present(property);
    const path = prefix + name;
    const required = (object.required ?? []).includes(name) && prefix !== "data.";
    const row = make("tr", {},
      make("td", {}, make("code", {}, path), required ? make("span", { class: "required" }, " required") : null,
        make("span", { class: "type" }, typeOf(field))),
      make("td", {}, prose(field.description)));
    const inside = present(field.items ?? field);
    return [row, ...(inside.properties ? rows(inside, path + (field.items ? "[]." : ".")) : [])];
  });
}

const table = (title, lines) => (lines.length ? [make("h3", {}, title), make("table", {}, make("tbody", {}, lines))] : []);

/** Sends a request and shows the response. */
async function send(method, path, body, shown) {
  const headers = {};
  if (method === "POST") {
    headers["content-type"] = "application/json";
    headers.operationID = at("operation").value || `docs-${Date.now()}`;
    if (at("token").value) headers.token = at("token").value;
  }
  shown.replaceChildren();
  try {
    const response = await fetch(path.slice(1), { method, headers, body });
    const text = await response.text();
    let envelope = null;
    try { envelope = JSON.parse(text); } catch { /* Not every response is JSON. */ }
    const succeeded = response.ok && (envelope?.errCode ?? 0) === 0;
    const result = envelope?.errCode ? `${envelope.errCode} ${envelope.errMsg}` : "success";
    shown.append(
      make("h3", {}, "Response"),
      make("p", { class: succeeded ? "good" : "bad" }, `HTTP ${response.status}, ${result}`),
      make("pre", { class: "response" }, envelope?.openapi ? "the document that this page is built from" : pretty(text)));
  } catch (error) {
    shown.append(make("h3", {}, "Response"), make("p", { class: "bad" }, `No response: ${error.message}`));
  }
}

/** Indents JSON without parsing its numbers: some exceed JavaScript's precision. */
function pretty(text) {
  let depth = 0, quoted = false, escaped = false, out = "";
  const line = () => "\n" + "  ".repeat(depth);
  if (!/^[[{]/.test(text)) return text;
  for (let n = 0; n < text.length; n++) {
    const c = text[n];
    if (quoted) {
      out += c;
      if (escaped) escaped = false;
      else if (c === "\\") escaped = true;
      else if (c === '"') quoted = false;
    } else if (c === '"') { quoted = true; out += c; }
    else if (c === "{" || c === "[") {
      if (text[n + 1] === "}" || text[n + 1] === "]") { out += c + text[++n]; }
      else { depth++; out += c + line(); }
    } else if (c === "}" || c === "]") { depth--; out += line() + c; }
    else if (c === ",") out += c + line();
    else if (c === ":") out += ": ";
    else out += c;
  }
  return out;
}

function route(method, path, operation) {
  const body = operation.requestBody?.content["application/json"];
  const response = operation.responses["200"];
  const success = resolve(response?.content?.["application/json"]?.schema).oneOf?.[0];
  const data = success?.properties?.data;
  const field = body ? make("textarea", { spellcheck: "false", "aria-label": "Body" }) : null;
  if (field) field.value = JSON.stringify(body.example ?? {}, null, 2);
  const shown = make("div", { "aria-live": "polite" });
  const button = make("button", { type: "button" }, "Send");
  button.addEventListener("click", async () => {
    button.disabled = true;
    await send(method, path, field?.value, shown);
    button.disabled = false;
  });
  const others = Object.entries(operation.responses).filter(([status]) => status !== "200");
  const element = make("details", { id: operation.operationId },
    make("summary", {}, make("span", { class: "method" }, method), make("span", { class: "path" }, path),
      make("span", { class: "what" }, operation.summary)),
    make("div", { class: "inside" },
      prose(operation.description),
      make("h3", {}, "Try it"), field, button, shown,
      table("Arguments", body ? rows(body.schema) : []),
      table("Response data", data ? rows(present(data)) : []),
      make("h3", {}, "Responses"), prose(response?.description),
      others.map(([status, other]) => make("p", {}, `HTTP ${status}: ${other.description}`))));
  element.dataset.text = element.textContent.toLowerCase();
  return element;
}

function show() {
  at("title").textContent = api.info.title;
  at("about").replaceChildren(...prose(api.info.description));
  const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })));
  at("routes").replaceChildren(...api.tags.map((tag) => {
    const of = operations.filter(({ operation }) => operation.tags.includes(tag.name));
    return make("section", {}, make("h2", {}, tag.description),
      of.map(({ method, path, operation }) => route(method, path, operation)));
  }));
  const linked = location.hash && at(location.hash.slice(1));
  if (linked) { linked.open = true; linked.scrollIntoView(); }
}

at("caller").addEventListener("submit", (event) => event.preventDefault());
at("find").addEventListener("input", () => {
  const text = at("find").value.toLowerCase();
  for (const element of document.querySelectorAll("details")) element.hidden = !element.dataset.text.includes(text);
  for (const section of document.querySelectorAll("section")) section.hidden = !section.querySelector("details:not([hidden])");
});

fetch("openapi.json")
  .then((response) => response.json())
  .then((document) => { api = document; show(); })
  .catch((error) => { at("state").textContent = `openapi.json cannot be loaded: ${error.message}`; });
