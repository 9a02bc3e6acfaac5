/* "Try it" on the API's reference: a form for each operation, made from the OpenAPI document when it is opened for the first time. The key
   stays in the field: it is kept nowhere else, sent with nothing but these requests, and gone with the page. Cookies are not sent. */
(function () {
  "use strict";
  var box = document.getElementById("try");
  if (!box || !window.fetch || !window.AbortController) return;
  var key = document.getElementById("try-key");
  var LONGEST = 100000; // characters of an answer that are shown
  var SECONDS = 30;
  var loading = null;
  var forgotten = new AbortController();

  function make(tag, attributes, text) {
    var element = document.createElement(tag);
    Object.keys(attributes || {}).forEach(function (name) { element.setAttribute(name, attributes[name]); });
    if (text) element.textContent = text;
    return element;
  }

  function load() {
    if (!loading) {
      loading = fetch(box.dataset.document, { credentials: "omit" }).then(function (answer) {
        if (!answer.ok) throw new Error("status " + answer.status);
        return answer.json();
      });
      loading.catch(function () { loading = null; });
    }
    return loading;
  }

  function find(document_, id) {
    var found = null;
    Object.keys(document_.paths).forEach(function (path) {
      Object.keys(document_.paths[path]).forEach(function (method) {
        var operation = document_.paths[path][method];
        if (operation.operationId === id) found = { path: path, method: method.toUpperCase(), operation: operation };
      });
    });
    return found;
  }

  function resolve(document_, schema) {
    while (schema && schema.$ref) schema = document_.components.schemas[schema.$ref.split("/").pop()];
    return schema || {};
  }

  function example(content) {
    var names = Object.keys((content && content.examples) || {});
    return names.length ? JSON.stringify(content.examples[names[0]].value, null, 2) : "";
  }

  /* --- the form --- */
  function field(id, name, needed, input) {
    var whole = make("div", { "class": "field" });
    var label = make("label", { "for": id });
    label.appendChild(make("code", {}, name));
    var words = [needed ? "" : "optional", input.dataset.many ? "several with commas" : ""].filter(Boolean).join(", ");
    if (words) label.appendChild(make("span", { "class": "optional" }, " (" + words + ")"));
    input.id = id;
    if (needed) input.required = true;
    whole.appendChild(label);
    whole.appendChild(input);
    return whole;
  }

  function input_for(document_, line) {
    var schema = resolve(document_, line.schema);
    var input;
    if (schema.enum && line.schema.type !== "array") {
      input = make("select");
      if (!line.required) input.appendChild(make("option", { value: "" }, "–"));
      schema.enum.forEach(function (value) {
        if (value !== null && value !== "") input.appendChild(make("option", { value: value }, String(value)));
      });
    } else {
      input = make("input", { type: "text", autocomplete: "off", spellcheck: "false", autocapitalize: "none" });
      if (schema.type === "integer") input.inputMode = "numeric";
      if (line.name === "Idempotency-Key") input.value = fresh();
    }
    if (schema.type === "array") input.dataset.many = "yes";
    input.dataset.place = line.in;
    input.dataset.name = line.name;
    return input;
  }

  function fresh() {
    var bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.prototype.map.call(bytes, function (byte) { return ("0" + byte.toString(16)).slice(-2); }).join("");
  }

  function body_fields(document_, id, content) {
    if (content["application/json"]) {
      var text = make("textarea", { rows: "8", spellcheck: "false", "data-place": "json" });
      text.value = example(content["application/json"]);
      text.rows = Math.max(3, Math.min(16, text.value.split("\n").length));
      return [field(id + "-body", "Body, as JSON", true, text)];
    }
    var form = content["multipart/form-data"];
    var schema = form ? resolve(document_, form.schema) : {};
    return Object.keys(schema.properties || {}).map(function (name) {
      var inner = resolve(document_, schema.properties[name]);
      var input = make("input", { type: inner.format === "binary" ? "file" : "text", "data-place": "form", "data-name": name });
      return field(id + "-form-" + name, name, (schema.required || []).indexOf(name) >= 0, input);
    });
  }

  function build(place, id, document_) {
    var found = find(document_, id);
    if (!found) throw new Error("The document does not know this operation.");
    var prefix = "try-" + id;
    var form = make("form", { "class": "try-form", "aria-label": "Try: " + found.operation.summary });
    (found.operation.parameters || []).forEach(function (line) {
      form.appendChild(field(prefix + "-" + line.name, line.name, line.required, input_for(document_, line)));
    });
    var content = (found.operation.requestBody || {}).content || {};
    body_fields(document_, prefix, content).forEach(function (one) { form.appendChild(one); });
    if (found.method !== "GET") {
      form.appendChild(make("p", { "class": "field-help" }, "This is no rehearsal: what you send is done in this community."));
    }
    form.appendChild(make("button", { type: "submit", "class": "btn btn-primary" }, "Send"));
    form.appendChild(make("p", { "class": "try-status", role: "status" }));
    var answer = make("div", { "class": "try-answer", hidden: "" });
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      send(form, answer, found, id);
    });
    place.textContent = "";
    place.appendChild(form);
    place.appendChild(answer);
  }

  /* --- the request --- */
  function prepare(form, found) {
    var address = found.path, query = new URLSearchParams(), headers = { Accept: "application/json" }, body = null;
    form.querySelectorAll("[data-place]").forEach(function (input) {
      var value = input.value, name = input.dataset.name;
      if (input.dataset.place === "path") address = address.replace("{" + name + "}", encodeURIComponent(value));
      else if (input.dataset.place === "query" && value !== "") {
        (input.dataset.many ? value.split(",") : [value]).forEach(function (one) { query.append(name, one.trim()); });
      }
      else if (input.dataset.place === "header" && value !== "") headers[name] = value;
      else if (input.dataset.place === "json") { headers["Content-Type"] = "application/json"; body = value; }
      else if (input.dataset.place === "form") {
        body = body || new FormData();
        if (input.type === "file") { if (input.files[0]) body.append(name, input.files[0]); }
        else if (value !== "") body.append(name, value);
      }
    });
    if (key.value.trim()) headers.Authorization = "Bearer " + key.value.trim();
    var asked = query.toString();
    return { address: address + (asked ? "?" + asked : ""), options: { method: found.method, headers: headers, body: body } };
  }

  function send(form, answer, found, id) {
    var button = form.querySelector("[type=submit]"), status = form.querySelector("[role=status]");
    var request = prepare(form, found), stop = new AbortController(), began = performance.now();
    var timer = setTimeout(function () { stop.abort(); }, SECONDS * 1000);
    forgotten.signal.addEventListener("abort", function () { stop.abort(); });
    button.disabled = true;
    status.textContent = "Sending…";
    answer.hidden = true;
    Promise.resolve().then(function () {
      return fetch(request.address, Object.assign({ credentials: "omit", cache: "no-store", redirect: "manual", signal: stop.signal }, request.options));
    }).then(function (response) {
      return response.text().then(function (text) { show(answer, response, text, id); return response; });
    }).then(function (response) {
      var seconds = Math.round(performance.now() - began);
      status.textContent = (response.type === "opaqueredirect" ? "Leads elsewhere" : response.status + " " + response.statusText) + " · " + seconds + " ms · " + request.options.method + " " + request.address;
    }).catch(function (error) {
      status.textContent = error.name === "AbortError"
        ? "No answer within " + SECONDS + " seconds. It may have been done all the same: send it again under the same Idempotency-Key."
        : "It could not be sent: " + error.message + ". Look at the key and at your connection, then send it again.";
    }).then(function () {
      clearTimeout(timer);
      button.disabled = false;
    });
  }

  function show(answer, response, text, id) {
    var headers = [];
    response.headers.forEach(function (value, name) { headers.push(name + ": " + value); });
    if ((response.headers.get("content-type") || "").indexOf("json") >= 0) {
      try { text = JSON.stringify(JSON.parse(text), null, 2); } catch (error) { /* shown as it came */ }
    }
    if (text.length > LONGEST) text = text.slice(0, LONGEST) + "\n… and " + (text.length - LONGEST).toLocaleString("en") + " characters more";
    answer.textContent = "";
    [["Body", text || "(empty)"], ["Headers", headers.sort().join("\n") || "(none)"]].forEach(function (part) {
      var pre = make("pre", { tabindex: "0", role: "region", "aria-label": part[0] + " of the answer of " + id });
      pre.appendChild(make("code", {}, part[1]));
      answer.appendChild(make("h4", {}, part[0]));
      answer.appendChild(pre);
    });
    answer.hidden = false;
  }

  function report(article, text) {
    var line = article.querySelector(".try-problem") || article.appendChild(make("p", { "class": "try-problem", role: "alert" }));
    line.textContent = text;
  }

  /* --- the page --- */
  box.hidden = false;
  document.querySelectorAll(".operation").forEach(function (article) {
    var details = make("details", { "class": "try" });
    var place = make("div", { "class": "try-place" });
    details.appendChild(make("summary", {}, "Try it"));
    details.appendChild(place);
    details.addEventListener("toggle", function () {
      if (!details.open || place.firstChild) return;
      place.appendChild(make("p", { role: "status" }, "Loading…"));
      load().then(function (document_) { build(place, article.id, document_); }).catch(function () {
        place.textContent = "";
        details.open = false; // opened again, it is tried again
        report(article, "The form could not be loaded. Open “Try it” again.");
      });
    });
    article.appendChild(details);
  });
  // A page that comes back from the browser's memory comes back without the key.
  window.addEventListener("pagehide", function () { key.value = ""; forgotten.abort(); forgotten = new AbortController(); });
  key.value = "";
})();
