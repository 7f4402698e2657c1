// What goes wrong on purpose.

import { get, post, put, remove } from "./api.js";
import { count, doing, el, field, show } from "./dom.js";

export async function open(main) {
  const plan = el("div", { "data-plan": "" });
  const about = el("p", { class: "soft small", "aria-live": "polite" });
  const name = el("select", { name: "fault" });
  const step = el("select", { name: "step" });
  const value = el("input", { name: "value", type: "number", min: 0 });
  const valueField = field("Value", value, "narrow");
  const times = el("input", { name: "times", type: "number", min: 1, placeholder: "always" });
  const { faults } = await get("faults");
  show(name, faults.map((fault) => el("option", { value: fault.name }, fault.name)));

  const chosen = () => faults.find((fault) => fault.name === name.value);
  const choose = () => {
    const fault = chosen();
    about.textContent = fault.about;
    show(step, el("option", { value: "" }, "every step"), fault.steps.map((one) => el("option", { value: one }, one)));
    valueField.hidden = !fault.value;
    value.value = "";
    value.placeholder = fault.value ? `${fault.value.default} (${fault.value.meaning})` : "";
    value.title = fault.value?.meaning ?? "";
  };
  name.addEventListener("change", choose);
  choose();

  const refresh = async () => {
    const { plan: list } = await get("faults");
    const without = (gone) => list.filter((_, index) => index !== gone).map((one) => one.fault).join(" ");
    show(plan, list.length
      ? el("table", { class: "cards" },
        el("thead", {}, el("tr", {}, ["Fault", "What it does", "Struck", ""].map((text) => el("th", { scope: "col" }, text)))),
        el("tbody", {}, list.map((one, index) => el("tr", {},
          el("th", { scope: "row", class: "mono" }, one.fault), el("td", { "data-label": "" }, one.about),
          el("td", { "data-label": "struck" }, one.struck ? count(one.struck, "time") : "not yet"),
          el("td", {}, el("button", { type: "button", class: "small", "aria-label": `Take out ${one.fault}`, onclick: async (event) => {
            await doing(event.target, () => put("faults", { plan: without(index) }));
            await refresh();
          } }, "Take out"))))))
      : el("p", { class: "empty" }, "Nothing goes wrong on purpose."));
  };
  const add = el("button", { class: "primary" }, "Inject");
  const form = el("form", { class: "line", onsubmit: async (event) => {
    event.preventDefault();
    const text = `${name.value}${chosen().value && value.value ? `=${value.value}` : ""}${step.value ? `@${step.value}` : ""}${times.value ? `*${times.value}` : ""}`;
    await doing(add, () => post("faults", { fault: text }), `Injected ${text}.`);
    await refresh();
  } }, field("Fault", name, "grow"), field("At", step, "narrow"), valueField, field("Times", times, "narrow"), add);
  const clear = el("button", { type: "button", class: "small", onclick: async () => {
    await doing(clear, () => remove("faults"), "Cleared.");
    await refresh();
  } }, "Clear");
  await refresh();
  show(main, el("h1", {}, "Faults"),
    el("section", { class: "card" }, el("header", {}, el("h2", {}, "In the plan"), clear), plan),
    el("section", { class: "card" }, el("header", {}, el("h2", {}, "Inject a fault")), about, form),
    el("section", { class: "card" }, el("details", {}, el("summary", {}, `All ${faults.length} faults`),
      el("div", { class: "scroll" }, el("table", { class: "cards" },
        el("thead", {}, el("tr", {}, ["Name", "What it does", "Steps"].map((text) => el("th", { scope: "col" }, text)))),
        el("tbody", {}, faults.map((fault) => el("tr", {}, el("th", { scope: "row", class: "mono" }, fault.name), el("td", { "data-label": "" }, fault.about), el("td", { class: "small soft", "data-label": "" }, fault.steps.join(", "))))))))));
  return { refresh };
}
