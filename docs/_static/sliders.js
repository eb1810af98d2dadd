/* Sliders and buttons of Plotly's figures as those of the page, which work by keys and are read out: Plotly draws its
   own as pictures. */
(function () {
  "use strict";
  function controls(figure) {
    const { sliders: [slider], updatemenus: [menu] = [] } = figure.layout;
    const { steps, active = 0, currentvalue = {} } = slider, bar = document.createElement("div"), label = document.createElement("label");
    const range = document.createElement("input"), value = document.createElement("output");
    bar.className = "controls";
    Object.assign(range, { type: "range", min: 0, max: steps.length - 1, step: 1 });
    range.value = active;
    label.append(currentvalue.prefix ?? "", value);
    range.id = `${figure.id}-slider`;
    label.htmlFor = range.id; // the output in it could be labelled, too
    const say = () => {
      value.textContent = steps[range.value].label;
      range.setAttribute("aria-valuetext", label.textContent);
    };
    label.append(range);
    range.addEventListener("input", () => {
      say();
      Plotly[steps[range.value].method](figure, ...steps[range.value].args);
    });
    for (const { label: name, method, args } of menu?.buttons ?? []) {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", textContent: name, onclick: () => Plotly[method](figure, ...args) });
      bar.append(button);
    }
    figure.on("plotly_animatingframe", ({ name }) => {
      range.value = steps.findIndex((step) => step.label === name);
      say();
    });
    say();
    bar.append(label);
    figure.before(bar);
    Plotly.relayout(figure, { "sliders[0].visible": false, ...(menu ? { "updatemenus[0].visible": false } : {}) });
  }

  window.addEventListener("load", () => {
    document.querySelectorAll(".js-plotly-plot").forEach((figure) => {
      if (figure.layout?.sliders?.length) controls(figure);
    });
  });
})();
