// Forms: those that the bot opens (modals), and the page's own small questions.

import { $, call, guildNow, h, nameOf, toast } from "./store.js";

/** What follows an interaction: a form to fill in, or the failure to tell. Messages arrive by themselves. */
export function answered(record) {
  if (!record) return;
  if (record.failure) toast(`${record.failure}.`);
  if (record.modal && record.callback === 9) openModal(record);
}

function openModal(record) {
  const fields = record.modal.components.flatMap((row) =>
    row.type === 18 ? [{ ...row.component, label: row.label, description: row.description }] : row.components || [row],
  );
  const inputs = new Map();
  const rows = fields.map((field) => {
    if (field.type === 10) return h("p", {}, field.content);
    const input = control(field);
    inputs.set(field.custom_id, input);
    return h(
      "label",
      {},
      field.label,
      field.required === false ? h("small", {}, " · optional") : null,
      field.description ? h("small", {}, ` ${field.description}`) : null,
      input,
    );
  });
  ask(record.modal.title, rows, "Submit", async () => {
    const values = Object.fromEntries(
      [...inputs].map(([id, input]) => [
        id,
        input.multiple ? [...input.selectedOptions].map((o) => o.value) : input.value,
      ]),
    );
    const answer = await call("POST", "modals", { interaction: record.id, values });
    answered(answer);
    return Boolean(answer);
  });
}

function control(field) {
  const guild = guildNow();
  const limits = {
    maxLength: field.max_length || 4000,
    placeholder: field.placeholder || "",
    value: field.value || "",
    required: field.required !== false,
  };
  if (field.type === 4) return field.style === 2 ? h("textarea", { rows: 4, ...limits }) : h("input", limits);
  const choices =
    field.type === 3
      ? field.options.map((o) => [o.value, o.label])
      : field.type === 5
        ? guild.members.map((m) => [m.user_id, nameOf(m.user_id)])
        : field.type === 6
          ? guild.roles.map((r) => [r.id, r.name])
          : guild.channels.map((c) => [c.id, `#${c.name}`]);
  return h(
    "select",
    { multiple: (field.max_values || 1) > 1 },
    choices.map(([value, label]) => h("option", { value }, label)),
  );
}

/** A dialog with rows and one verb; `act` returns false to keep it open. */
export function ask(title, rows, verb, act) {
  const dialog = $("dialog");
  const form = h(
    "form",
    {
      method: "dialog",
      onsubmit: async (event) => {
        event.preventDefault();
        if ((await act()) !== false) dialog.close();
      },
    },
    h("h2", {}, title),
    ...rows,
    h(
      "div",
      { class: "row" },
      h("button", { type: "button", class: "plain", onclick: () => dialog.close() }, "Cancel"),
      h("button", { class: "go" }, verb),
    ),
  );
  dialog.replaceChildren(form);
  dialog.showModal();
  form.querySelector("input, textarea, select")?.focus();
}

/** One line of text. */
export function askText(title, label, verb, value, act) {
  const input = h("input", { value, required: true, maxLength: 2000 });
  ask(title, [h("label", {}, label, input)], verb, () => act(input.value));
}
