// The panel of traffic and faults, and what the bot did wrong.

import { $, call, guildNow, h, toast, view, world } from "./store.js";

const number = (label, id, value, props = {}) =>
  h("label", {}, label, h("input", { id, type: "number", value, min: 0, ...props }));

export function drawTools() {
  const box = $("tools");
  if (box.hidden) return;
  if (box.dataset.drawn) return drawFigures();
  box.dataset.drawn = "yes";
  box.replaceChildren(
    h("h2", {}, "Traffic"),
    h("p", {}, "Members talk, reply, react and sit in voice, in every server with the bot."),
    traffic(),
    h("p", { id: "traffic-now", class: "num", role: "status" }),
    h("h2", {}, "Gateway"),
    h("p", {}, "What happens to the bot’s connection."),
    gateway(),
    h("h2", {}, "REST"),
    h("p", {}, "The next calls of the bot fail."),
    rest(),
    h("h2", {}, "This server"),
    servers(),
    h("h2", {}, "Sessions"),
    h("ul", { class: "list num", id: "sessions" }),
    h("h2", {}, "Against Discord’s document"),
    h("ul", { class: "list", id: "violations" }),
    h("h2", {}, "Start over"),
    h("p", {}, "Messages, members, commands and sessions go back to the first day."),
    h(
      "button",
      {
        class: "plain danger",
        onclick: async () => {
          if (confirm("Reset the whole local Discord?")) {
            await call("POST", "reset");
            location.hash = "";
            location.reload();
          }
        },
      },
      "Reset everything",
    ),
  );
  drawFigures();
}

function traffic() {
  const start = async (event) => {
    event.preventDefault();
    const value = (id) => Number($(id).value);
    const guilds = $("t-guild").value ? [$("t-guild").value] : [];
    await call("POST", "traffic", {
      rate: value("t-rate"),
      seconds: value("t-seconds"),
      members: value("t-members"),
      guilds,
      mixed: $("t-mixed").checked,
    });
    drawFigures();
  };
  return h(
    "form",
    { class: "form", onsubmit: start },
    number("Messages a second", "t-rate", 5, { min: 0.1, step: 0.1 }),
    number("Seconds", "t-seconds", 60, { min: 1 }),
    number("Members (0: all)", "t-members", 0),
    h(
      "label",
      {},
      "Where",
      h(
        "select",
        { id: "t-guild" },
        h("option", { value: "" }, "Everywhere"),
        [...world.guilds.values()].map((guild) => h("option", { value: guild.id }, guild.name)),
      ),
    ),
    h(
      "label",
      { class: "check wide" },
      h("input", { id: "t-mixed", type: "checkbox", checked: true }),
      "With replies, reactions and voice",
    ),
    h("button", { class: "go" }, "Start"),
    h(
      "button",
      {
        type: "button",
        class: "plain",
        onclick: async () => {
          await call("DELETE", "traffic");
          drawFigures();
        },
      },
      "Stop",
    ),
  );
}

function gateway() {
  const fault = (body) => async () => {
    const left = await call("POST", "faults", body);
    if (left) {
      toast("Done.");
      drawFigures();
    }
  };
  const button = (text, body) => h("button", { type: "button", class: "plain", onclick: fault(body) }, text);
  const share = (label, name, props) => {
    const value = h("output", { class: "num" }, "0");
    return h(
      "label",
      { class: "wide" },
      label,
      " ",
      value,
      h("input", {
        type: "range",
        value: 0,
        "data-fault": name,
        oninput: (event) => {
          value.textContent = event.target.value;
        },
        onchange: (event) => call("POST", "faults", { gateway: { [name]: Number(event.target.value) } }),
        ...props,
      }),
    );
  };
  return h(
    "form",
    { class: "form", onsubmit: (event) => event.preventDefault() },
    button("Drop socket", { drop: true }),
    button("Op 7 reconnect", { reconnect: true }),
    button("Op 9 resumable", { invalidate: "resumable" }),
    button("Op 9 afresh", { invalidate: true }),
    button("Expire sessions", { expire: true }),
    button("Away for 60 s", { outage: 60 }),
    share("Sent twice, share", "duplicate", { min: 0, max: 1, step: 0.05 }),
    share("Garbled, share", "garble", { min: 0, max: 1, step: 0.05 }),
    share("Shuffled within", "shuffle", { min: 0, max: 50, step: 1 }),
    share("Seconds of delay", "delay", { min: 0, max: 5, step: 0.1 }),
    h(
      "button",
      {
        type: "button",
        class: "plain wide",
        onclick: async () => {
          await call("DELETE", "faults");
          $("tools").removeAttribute("data-drawn");
          drawTools();
          toast("All faults are cleared.");
        },
      },
      "Clear all faults",
    ),
  );
}

function rest() {
  const add = async (event) => {
    event.preventDefault();
    await call("POST", "faults", {
      rest: {
        status: Number($("r-status").value),
        count: Number($("r-count").value),
        match: $("r-match").value,
        delay: Number($("r-delay").value),
        retry_after: 1,
      },
    });
    drawFigures();
  };
  const kinds = [
    [429, "429 rate limited"],
    [500, "500 server error"],
    [502, "502 bad gateway"],
    [503, "503 unavailable"],
    [403, "403 forbidden"],
    [404, "404 not found"],
    [0, "only slow"],
    [-1, "connection cut"],
  ];
  return h(
    "form",
    { class: "form", onsubmit: add },
    h(
      "label",
      { class: "wide" },
      "Answer",
      h(
        "select",
        { id: "r-status" },
        kinds.map(([value, text]) => h("option", { value }, text)),
      ),
    ),
    number("Calls", "r-count", 1, { min: 1 }),
    number("Wait first (s)", "r-delay", 0, { step: 0.1 }),
    h("label", { class: "wide" }, "Route contains", h("input", { id: "r-match", placeholder: "/messages" })),
    h("button", { class: "plain wide" }, "Add"),
    h("ul", { class: "list wide", id: "rest-now" }),
  );
}

function servers() {
  const button = (text, action) =>
    h(
      "button",
      {
        type: "button",
        class: "plain",
        onclick: async () => {
          if (!guildNow()) return toast("Choose a server first.");
          await call("POST", "bot", { guild: view.guild, action });
        },
      },
      text,
    );
  return h(
    "div",
    { class: "form" },
    button("Outage", "unavailable"),
    button("Outage over", "available"),
    button("Remove bot", "remove"),
    button("Add bot", "install"),
    h(
      "button",
      {
        type: "button",
        class: "plain",
        onclick: async () => {
          if (!guildNow()) return toast("Choose a server first.");
          await call("PATCH", `guilds/${view.guild}`, { owner: view.user });
        },
      },
      "Make me the owner",
    ),
  );
}

/** The figures that change by themselves. */
export async function drawFigures() {
  if ($("tools").hidden) return;
  const [now, faults, sessions, violations] = await Promise.all(
    ["traffic", "faults", "sessions", "violations"].map((path) => call("GET", path)),
  );
  if (!now || !$("traffic-now")) return;
  $("traffic-now").textContent = now.running
    ? `${now.posted.toLocaleString()} posted · ${Math.round(now.seconds_left)} s left`
    : now.posted
      ? `${now.posted.toLocaleString()} posted`
      : "";
  $("rest-now").replaceChildren(
    ...faults.rest.map((rule) =>
      h(
        "li",
        {},
        `${rule.status > 0 ? rule.status : rule.status ? "cut" : `${rule.delay} s`} · ${rule.count - rule.used} left · ${rule.match || "any route"}`,
      ),
    ),
  );
  for (const input of $("tools").querySelectorAll("[data-fault]"))
    if (document.activeElement !== input) {
      input.value = faults.gateway[input.dataset.fault];
      input.previousElementSibling.textContent = input.value;
    }
  $("sessions").replaceChildren(
    ...(sessions.length
      ? sessions.map((s) =>
          h(
            "li",
            {},
            h("span", { class: `dot${s.connected ? " on" : ""}` }),
            `shard ${s.shard.join(" of ")} · ${s.connected ? "connected" : "away"} · sequence ${s.sequence.toLocaleString()}`,
          ),
        )
      : [h("li", {}, "No bot has connected yet.")]),
  );
  $("violations").replaceChildren(
    ...(violations.length
      ? violations.slice(-20).map((v) => h("li", { class: "bad" }, `${v.method} ${v.path}: ${v.problem}`))
      : [h("li", {}, "Every call fitted.")]),
  );
}

setInterval(drawFigures, 1500);
