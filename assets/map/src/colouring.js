// What the points on the screen are coloured by. The legend of a new colouring comes before its points do: until they
// are loaded, the old points are neutral, because their numbers of categories mean other things. Pure: no DOM here.

export const NEUTRAL = "#7b8aa1";

export class Colouring {
  constructor() {
    this.categories = [];
    this.shown = [];
    this.isNeutral = true;
  }

  /** Other points are on their way. */
  wait() {
    this.isNeutral = true;
  }

  /** The points of these categories are loaded. What was hidden stays hidden if the categories are still the same. */
  take(categories) {
    const titles = (list) => JSON.stringify(list.map(({ title }) => title));
    if (titles(categories) !== titles(this.categories)) this.shown = categories.map(() => true);
    this.categories = categories;
    this.isNeutral = false;
  }

  get colors() {
    return this.categories.map(({ color }) => (this.isNeutral ? NEUTRAL : color));
  }

  get sizes() {
    return this.categories.map(({ n }) => n);
  }

  /** Of each category, whether its points are on the screen: neutral ones all are. */
  get visible() {
    return this.isNeutral ? this.categories.map(() => true) : this.shown;
  }

  toggle(category) {
    this.shown[category] = !this.shown[category];
  }

  /** The title of a category; "" while the points are neutral. */
  title(category) {
    return this.isNeutral ? "" : (this.categories[category]?.title ?? "");
  }
}
