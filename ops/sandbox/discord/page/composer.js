// The box at the bottom: writing, replying, and slash commands with options and suggestions.

import { answered, askText } from "./dialogs.js";
import { icon } from "./icons.js";
import { $, call, channelNow, colourOf, guildNow, h, nameOf, toast, view, world } from "./store.js";
import { plainText } from "./text.js";

let commands = [];
let chosen = null;
let marked = 0;

export async function readCommands() {
  const guild = guildNow();
  commands =
    view.user && view.channel
      ? (await call("GET", `commands?member=${view.user}${guild ? `&guild=${guild.id}` : ""}`)) || []
      : [];
}

/** Draws the box afresh for the channel and person in view. */
export function drawComposer() {
  chosen = null;
  const box = $("composer"),
    channel = channelNow();
  if (!channel || !view.user) return box.replaceChildren();
  const where = channel.type === 1 ? world.application.name : `#${channel.name}`;
  const input = h("textarea", {
    id: "write",
    rows: 1,
    placeholder: `Message ${where} as ${nameOf(view.user)}`,
    "aria-label": `Message ${where} as ${nameOf(view.user)}`,
    autocomplete: "off",
    oninput: () => typed(input),
    onkeydown: (event) => keyed(event, input),
  });
  box.replaceChildren(
    ...replying(),
    h(
      "form",
      {
        class: "bar",
        onsubmit: (event) => {
          event.preventDefault();
          send(input);
        },
      },
      input,
      h("button", { class: "send" }, "Send"),
    ),
  );
}

function replying() {
  if (!view.replyTo) return [];
  return [
    h(
      "div",
      { class: "replying" },
      h(
        "span",
        {},
        "Replying to ",
        h("b", { style: { color: colourOf(view.replyTo.author.id) } }, nameOf(view.replyTo.author.id)),
        ` · ${plainText(view.replyTo.content).slice(0, 60)}`,
      ),
      h(
        "button",
        {
          "aria-label": "Stop replying",
          onclick: () => {
            view.replyTo = null;
            drawComposer();
          },
        },
        icon("close", 16),
      ),
    ),
  ];
}

/** `@milo` and `#general` as a client sends them: by id. */
function withIds(text) {
  const people = new Map([...world.users.values()].map((user) => [user.username, user.id]));
  const channels = new Map((guildNow()?.channels || []).map((channel) => [channel.name, channel.id]));
  return text.replace(/(^|\s)([@#])([\w.-]+)/g, (whole, before, sign, name) => {
    const id = sign === "@" ? people.get(name) : channels.get(name);
    return id ? `${before}<${sign}${id}>` : whole;
  });
}

async function send(input) {
  const text = input.value.trim();
  if (!text) return;
  if (text.startsWith("/")) return pick(matching(text)[marked]);
  input.value = "";
  size(input);
  const reply = view.replyTo;
  view.replyTo = null;
  const body = { channel: view.channel, member: view.user, text: withIds(text), reply_to: reply?.id };
  if (guildNow()) body.guild = view.guild;
  const posted = await call("POST", "messages", body);
  if (!posted) input.value = text;
  if (reply) {
    drawComposer();
    $("write")?.focus();
  }
}

const size = (input) => {
  input.style.height = "auto";
  input.style.height = `${Math.min(input.scrollHeight, 160)}px`;
};

function keyed(event, input) {
  const open = $("composer").querySelector(".suggest");
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    send(input);
  } else if (event.key === "Escape") {
    open?.remove();
    if (view.replyTo) {
      view.replyTo = null;
      drawComposer();
      $("write").focus();
    }
  } else if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    mark(open, event.key === "ArrowDown" ? 1 : -1);
  } else if (open && event.key === "Tab") {
    event.preventDefault();
    pick(matching(input.value)[marked]);
  }
}

// --- slash commands ---

/** Every command that can be run, subcommands as their own: { name: "points give", options, description }. */
function runnable() {
  const rows = [];
  const walk = (name, node) => {
    const nested = (node.options || []).filter((option) => option.type <= 2);
    if (nested.length) nested.forEach((option) => walk(`${name} ${option.name}`, option));
    else rows.push({ name, description: node.description, options: node.options || [] });
  };
  commands.filter((command) => command.type === 1).forEach((command) => walk(command.name, command));
  return rows;
}

const matching = (text) =>
  runnable().filter((row) => row.name.startsWith(text.replace(/^\//, "").trimEnd().toLowerCase()));

function typed(input) {
  size(input);
  $("composer").querySelector(".suggest")?.remove();
  if (!input.value.startsWith("/") || input.value.includes("\n")) return;
  const rows = matching(input.value);
  marked = 0;
  const list = h(
    "div",
    { class: "suggest", role: "listbox", "aria-label": "Commands" },
    rows.map((row, index) =>
      h(
        "button",
        { type: "button", role: "option", class: index ? "" : "on", onclick: () => pick(row) },
        h("b", {}, `/${row.name}`),
        h("small", {}, row.description),
      ),
    ),
  );
  if (!rows.length)
    list.append(
      h(
        "p",
        {},
        commands.length ? "No command begins like this." : "The bot has registered no commands that this member sees.",
      ),
    );
  $("composer").append(list);
}

function mark(list, step) {
  const items = [...list.querySelectorAll("button")];
  if (!items.length) return;
  items[marked]?.classList.remove("on");
  marked = (marked + step + items.length) % items.length;
  items[marked].classList.add("on");
  items[marked].scrollIntoView({ block: "nearest" });
}

function pick(row) {
  if (!row) return toast("There is no such command for this member here.");
  chosen = row;
  const fields = row.options.map((option) => [option, field(row, option)]);
  const run = async (event) => {
    event.preventDefault();
    const values = await Promise.all(fields.map(async ([option, input]) => [option.name, await valueOf(input)]));
    const options = Object.fromEntries(values.filter(([, value]) => value !== ""));
    const button = event.target.querySelector(".send");
    button.disabled = true;
    const where = { channel: view.channel, member: view.user, name: row.name, options };
    if (guildNow()) where.guild = view.guild;
    if (channelNow().type === 1) delete where.guild;
    // A deferred answer takes its time; the box is free again meanwhile.
    setTimeout(() => {
      if (chosen === row) {
        drawComposer();
        $("write")?.focus();
      }
    }, 500);
    const settled = await call("POST", "commands", where);
    if (settled && chosen === row) {
      drawComposer();
      $("write")?.focus();
    }
    button.disabled = false;
    answered(settled);
  };
  const labels = fields.map(([option, input]) =>
    h("label", { class: "option", title: option.description }, `${option.name}${option.required ? " *" : ""}`, input),
  );
  const cancel = h(
    "button",
    {
      type: "button",
      class: "icon",
      "aria-label": "Leave the command",
      onclick: () => {
        drawComposer();
        $("write").focus();
      },
    },
    icon("close", 16),
  );
  $("composer").replaceChildren(
    h(
      "form",
      {
        class: "bar",
        onsubmit: run,
        onkeydown: (event) => {
          if (event.key === "Escape") cancel.click();
        },
      },
      h("div", { class: "options" }, h("b", {}, `/${row.name}`), labels),
      cancel,
      h("button", { class: "send" }, "Run"),
    ),
  );
  ($("composer").querySelector("input, select") || $("composer").querySelector(".send")).focus();
}

const valueOf = (input) => {
  if (input.type === "file") return input.files.length ? upload(input.files[0]) : "";
  return input.chosen && input.chosen.name === input.value ? input.chosen.value : input.value;
};

/** A file as the control API takes it: its name and its bytes in Base64. */
function upload(file) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done({ filename: file.name, data: String(reader.result).split(",")[1] || "" });
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(file);
  });
}

function field(row, option) {
  const required = Boolean(option.required),
    guild = guildNow();
  const list = (choices) =>
    h(
      "select",
      { required },
      h("option", { value: "" }, required ? "choose" : "—"),
      choices.map(([value, label]) => h("option", { value }, label)),
    );
  if (option.choices?.length) return list(option.choices.map((choice) => [String(choice.value), choice.name]));
  if (option.type === 5)
    return list([
      ["true", "true"],
      ["false", "false"],
    ]);
  if (option.type === 6) return list([...(guild ? guild.memberOf.keys() : [view.user])].map((id) => [id, nameOf(id)]));
  if (option.type === 7 && guild)
    return list(
      guild.channels
        .filter((c) => !option.channel_types?.length || option.channel_types.includes(c.type))
        .map((c) => [c.id, `#${c.name}`]),
    );
  if (option.type === 8 && guild) return list(guild.roles.map((role) => [role.id, role.name]));
  if (option.type === 4 || option.type === 10)
    return option.autocomplete
      ? completed(row, option)
      : h("input", {
          type: "number",
          required,
          min: option.min_value,
          max: option.max_value,
          step: option.type === 10 ? "any" : 1,
        });
  if (option.autocomplete) return completed(row, option);
  if (option.type === 11) return h("input", { type: "file", required });
  return h("input", {
    required,
    minLength: option.min_length ?? 0,
    maxLength: option.max_length || 6000,
    placeholder: option.description,
  });
}

/** A field whose choices the bot is asked for while it is typed. */
function completed(row, option) {
  let timer = 0;
  const lists = h("datalist", { id: `list-${option.name}` });
  const input = h("input", {
    required: Boolean(option.required),
    placeholder: option.description,
    list: `list-${option.name}`,
  });
  const fetchChoices = async () => {
    const body = {
      channel: view.channel,
      member: view.user,
      name: row.name,
      focused: option.name,
      options: { [option.name]: input.value },
    };
    if (guildNow()) body.guild = view.guild;
    const record = await call("POST", "autocomplete", body);
    const choices = record?.choices || [];
    lists.replaceChildren(...choices.map((choice) => h("option", { value: choice.name })));
    input.known = choices;
    input.chosen = choices.find((choice) => choice.name === input.value);
  };
  input.addEventListener("focus", fetchChoices);
  input.addEventListener("input", () => {
    input.chosen = (input.known || []).find((choice) => choice.name === input.value);
    clearTimeout(timer);
    if (!input.chosen) timer = setTimeout(fetchChoices, 250);
  });
  document.getElementById(lists.id)?.remove();
  document.body.append(lists);
  return input;
}

document.addEventListener("compose", () => {
  drawComposer();
  $("write")?.focus();
});
document.addEventListener("thread", ({ detail }) =>
  askText("Start a thread", "Thread name", "Start", plainText(detail.content).slice(0, 40) || "New thread", (name) =>
    call("POST", "threads", { guild: view.guild, channel: view.channel, member: view.user, name, message: detail.id }),
  ),
);
document.addEventListener("edit", ({ detail }) =>
  askText("Edit message", "Text", "Save", detail.content, (text) => call("PATCH", `messages/${detail.id}`, { text })),
);
