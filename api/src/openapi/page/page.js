// Shows openapi.json. Everything becomes text, never markup, so that no text of the document can do anything.
"use strict";

const METHODS = ["get", "put", "post", "patch", "delete"];

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const code = (text) => element("code", {}, text);
const block = (text) => element("pre", {}, code(text));
const pretty = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));

let spec;

function resolve(value) {
  if (!value || !value.$ref) return value;
  return value.$ref.slice(2).split("/").reduce((found, part) => found && found[part], spec);
}

// A schema in a few words; a named one links to its place below.
function words(schema) {
  if (!schema) return element("span", {}, "anything");
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    return element("a", { href: "#schema-" + name }, name);
  }
  const parts = element("span", {});
  if (schema.oneOf || schema.allOf) {
    (schema.oneOf || schema.allOf).forEach((one, at) => parts.append(at ? (schema.oneOf ? " or " : " and ") : "", words(one)));
    return parts;
  }
  if (schema.type === "array") {
    parts.append("array of ", words(schema.items));
    return parts;
  }
  parts.append([].concat(schema.type || "anything").join(" or "));
  if (schema.format) parts.append(" (" + schema.format + ")");
  if (schema.enum) parts.append(": " + schema.enum.join(", "));
  const bounds = ["minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern", "const"];
  for (const bound of bounds) if (schema[bound] !== undefined) parts.append(", " + bound + " " + schema[bound]);
  return parts;
}

function fields(schema) {
  const table = element("table", {});
  const required = schema.required || [];
  for (const [name, field] of Object.entries(schema.properties || {})) {
    table.append(element("tr", {},
      element("td", {}, code(name), required.includes(name) ? "" : element("span", { class: "soft" }, " optional")),
      element("td", {}, words(field)),
      element("td", {}, field.description || "")));
  }
  for (const part of schema.allOf || []) table.append(...fields(resolve(part)).children);
  return table;
}

function parameters(list) {
  const table = element("table", {});
  for (const one of list) {
    table.append(element("tr", {},
      element("td", {}, code(one.name), element("span", { class: "soft" }, " " + one.in + (one.required ? ", required" : ""))),
      element("td", {}, words(one.schema)),
      element("td", {}, one.description || "")));
  }
  return table;
}

function contents(content) {
  const all = element("div", {});
  for (const [type, media] of Object.entries(content || {})) {
    all.append(element("p", {}, code(type), " ", words(media.schema)));
    if (media.example !== undefined) all.append(block(pretty(media.example)));
    for (const [name, example] of Object.entries(media.examples || {})) {
      all.append(element("details", {}, element("summary", {}, code(name), " " + (example.summary || "")), block(pretty(example.value))));
    }
  }
  return all;
}

function curl(path, method, operation) {
  const filled = operation.parameters.filter((one) => one.in === "path")
    .reduce((done, one) => done.replace("{" + one.name + "}", one.example || one.name), path);
  const lines = ["curl -X " + method.toUpperCase() + " " + location.origin + filled];
  if (operation.security.length) lines.push("-H 'Authorization: Bearer $TOKEN'");
  for (const one of operation.parameters) {
    if (one.in === "header" && one.required) lines.push("-H '" + one.name + ": ...'");
  }
  const [type, media] = Object.entries((operation.requestBody || {}).content || {})[0] || [];
  if (type) {
    lines.push("-H 'Content-Type: " + type + "'");
    const body = typeof media.example === "string" ? media.example : JSON.stringify(media.example);
    lines.push("--data-binary '" + (body || "").replaceAll("'", "'\\''") + "'");
  }
  return lines.join(" \\\n  ");
}

function section(path, method, operation) {
  const made = element("section", { id: operation.operationId },
    element("h3", {}, element("span", { class: "method " + method }, method), " ", code(path)),
    element("p", {}, operation.summary),
    operation.description ? element("p", {}, operation.description) : null,
    element("h4", {}, "Parameters"), parameters(operation.parameters));
  if (operation.requestBody) made.append(element("h4", {}, "Body"), contents(operation.requestBody.content));
  made.append(element("h4", {}, "Answers"));
  for (const [status, reference] of Object.entries(operation.responses)) {
    const answer = resolve(reference);
    const headers = Object.entries(answer.headers || {}).map(([name, one]) => name + ": " + one.description);
    made.append(element("details", {},
      element("summary", {}, code(status), " " + answer.description),
      headers.length ? element("p", { class: "soft" }, headers.join(" ")) : null,
      contents(answer.content)));
  }
  made.append(element("h4", {}, "curl"), block(curl(path, method, operation)));
  return made;
}

function show() {
  const main = document.getElementById("main");
  const list = document.getElementById("list");
  document.title = spec.info.title;
  main.replaceChildren(element("h1", {}, spec.info.title + " " + spec.info.version));
  for (const text of spec.info.description.split("\n\n")) main.append(element("p", {}, text));
  main.append(element("p", {}, element("a", { href: "openapi.json" }, "openapi.json")));
  const groups = new Map(spec.tags.map((tag) => [tag.name, []]));
  for (const [path, item] of Object.entries(spec.paths)) {
    for (const method of METHODS.filter((method) => item[method])) {
      groups.get(item[method].tags[0]).push([path, method, item[method]]);
    }
  }
  for (const tag of spec.tags) {
    list.append(element("h2", {}, tag.name));
    main.append(element("h2", {}, tag.name), element("p", {}, tag.description));
    for (const [path, method, operation] of groups.get(tag.name)) {
      list.append(element("a", { href: "#" + operation.operationId, "data-text": (path + " " + operation.summary).toLowerCase() },
        element("span", { class: "method " + method }, method), " " + operation.summary));
      main.append(section(path, method, operation));
    }
  }
  main.append(element("h2", {}, "Schemas"));
  for (const [name, schema] of Object.entries(spec.components.schemas)) {
    main.append(element("section", { id: "schema-" + name }, element("h3", {}, name),
      element("p", {}, schema.description || ""), schema.properties || schema.allOf ? fields(schema) : element("p", {}, words(schema))));
  }
  if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}

document.getElementById("find").addEventListener("input", (event) => {
  const wanted = event.target.value.toLowerCase();
  for (const link of document.querySelectorAll("#list a")) link.hidden = !link.dataset.text.includes(wanted);
});

fetch("openapi.json")
  .then((answer) => answer.json())
  .then((found) => { spec = found; show(); })
  .catch((error) => document.getElementById("main").replaceChildren("Cannot read openapi.json: " + error));
