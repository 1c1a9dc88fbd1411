// Which classes a typed text may mean: those that exist come first, so that a prefix or a slip of case makes no new one.
// And which class a key gives.

/** @typedef {{ name: string, isNew: boolean }} ClassOption */

export const MOST_KEYS = 9;
const WORDS = /[^\p{L}\p{N}]+/u;

/** @param {string} text */
const fold = (text) => text.trim().normalize("NFC").toLowerCase();

/**
 * Returns how well a class matches a folded text: 0 if it is the same, more the worse; undefined if no word of it
 * begins so.
 *
 * @param {string} name
 * @param {string} text
 * @returns {number | undefined}
 */
function rankMatch(name, text) {
  const folded = fold(name);
  if (folded === text) return 0;
  if (folded.startsWith(text)) return 1;
  return folded.split(WORDS).some((word) => word.startsWith(text)) ? 2 : undefined;
}

/**
 * Returns what a person can choose after typing a text: the classes that match, the best first, and last a new class,
 * unless one of that name exists in upper or lower case.
 *
 * @param {string[]} classNames
 * @param {string} text
 * @returns {ClassOption[]}
 */
export function listOptions(classNames, text) {
  const folded = fold(text);
  const ranked = classNames.flatMap((name) => {
    const rank = rankMatch(name, folded);
    return rank === undefined ? [] : [{ name, isNew: false, rank }];
  });
  const options = ranked.sort((first, second) => first.rank - second.rank).map(({ name }) => ({ name, isNew: false }));
  const isNew = Boolean(folded) && !classNames.some((name) => fold(name) === folded);
  return isNew ? [...options, { name: text.trim(), isNew }] : options;
}

/**
 * Returns the class that a key gives, which 1 to 9 do to the first nine; undefined for other keys and for shortcuts.
 *
 * @template Entry
 * @param {Entry[]} classes
 * @param {Pick<KeyboardEvent, "key" | "repeat" | "ctrlKey" | "metaKey" | "altKey">} event
 * @returns {Entry | undefined}
 */
export function classOfKey(classes, { key, repeat, ctrlKey, metaKey, altKey }) {
  const isPlain = !repeat && !ctrlKey && !metaKey && !altKey;
  return isPlain && /^[1-9]$/.test(key) ? classes[Number(key) - 1] : undefined;
}
