import { button, element } from "../shared/elements.js";
import { AROUND, SPEEDS, readSettings, writeSettings } from "../shared/player.js";

/** @import { SoundSettings } from "../shared/player.js" */

const SPEED_TITLES = new Map([
  [1, ["1×", "As it was recorded"]],
  [2, ["½×", "Half the speed, an octave lower"]],
  [10, ["⅒×", "A tenth of the speed, ten times lower: for bats"]],
]);

/** The buttons that play a clip, and say how: slower, over and over, with what is around it. */
export class SoundControls {
  highest = 0; // frequency of the images in Hz

  /**
   * @param {Node} parent
   * @param {() => void} toggle Plays, or ends it.
   * @param {() => void} restart Plays anew if something is heard: the settings have changed.
   */
  constructor(parent, toggle, restart) {
    this.host = element(parent, "div", "controls");
    this.restart = restart;
    this.play = button(this.host, "▶ Play", "▶ Play (P)", toggle);
    this.play.classList.add("wide");
    this.speeds = SPEEDS.map((slow) => {
      const [text, title] = SPEED_TITLES.get(slow) ?? ["", ""];
      return button(this.host, text, title, () => this.change({ slow }));
    });
    this.loop = button(this.host, "Loop", "Over and over (L)", () => this.toggleLoop());
    const around = `With ${AROUND} s of the recording before and after the clip (A)`;
    this.around = button(this.host, `± ${AROUND} s`, around, () => this.toggleAround());
    this.mark();
  }

  /** @returns {SoundSettings} */
  get settings() {
    return readSettings(this.highest);
  }

  toggleLoop() {
    this.change({ loop: !this.settings.loop });
  }

  toggleAround() {
    this.change({ around: this.settings.around ? 0 : AROUND });
  }

  /** @param {Partial<SoundSettings>} changes */
  change(changes) {
    writeSettings(changes);
    this.mark();
    this.restart();
  }

  mark() {
    const { slow, loop, around } = this.settings;
    this.speeds.forEach((control, index) => (control.ariaPressed = String(SPEEDS[index] === slow)));
    this.loop.ariaPressed = String(loop);
    this.around.ariaPressed = String(around > 0);
  }

  /** @param {boolean} isHeard */
  show(isHeard) {
    this.play.textContent = isHeard ? "■ Stop" : "▶ Play";
    this.play.title = isHeard ? "Stop (P)" : "Play (P)";
    this.play.ariaLabel = `${this.play.textContent} (P)`;
  }
}
